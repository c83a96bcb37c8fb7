"""Exit codes in words."""

from __future__ import annotations

SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    18: "SIGCONT", 19: "SIGSTOP", 24: "SIGXCPU", 25: "SIGXFSZ", 28: "SIGWINCH", 31: "SIGSYS",
}  # fmt: skip
"""Linux's numbers, on most machines: containers run on Linux wherever this runs."""

_SHORT = {
    125: "docker failed to run it", 126: "not executable", 127: "not found", 129: "hung up", 130: "interrupted",
    134: "aborted", 135: "bus error", 137: "killed", 139: "segmentation fault", 141: "broken pipe", 143: "terminated",
}  # fmt: skip

_LONG = {
    0: "it ended by itself, without an error",
    125: "docker itself could not run it",
    126: "the command was found but is not executable",
    127: "the command was not found",
    134: "it ended itself by SIGABRT: an assertion, or a runtime that gave up",
    139: "SIGSEGV: it touched memory that is not its own, a bug in the program or a library",
    143: "it ended on SIGTERM, as it was asked to",
}


def signal_name(number: int) -> str:
    """Return a signal's name, or its number where it has none here."""
    return SIGNALS.get(number, f"signal {number}")


def exit_short(code: int) -> str:
    """Return a few words on an exit code; an empty string where only the program knows what it means."""
    if code in _SHORT:
        return _SHORT[code]
    return SIGNALS.get(code - 128, "") if code > 128 else ""


def exit_long(code: int) -> str:
    """Return what an exit code says."""
    if code in _LONG:
        return _LONG[code]
    if code - 128 in SIGNALS:
        return f"it was ended by {SIGNALS[code - 128]}"
    return "an error of the program's own: its log and documentation tell which"
