"""The last resort: an unexpected error becomes one line for the user and a traceback in a file."""

import platform
import re
import sys
import traceback
from datetime import UTC, datetime

from tui import __version__, paths

LINE_LIMIT = 300
_SECRETS = (
    (re.compile(r"(://)[^/\s@]+@"), r"\1***@"),
    (re.compile(r"(?i)(\bauthorization\b\W{1,4}(?:basic|bearer)\s+)[^\s'\",}]+"), r"\1***"),
    (
        re.compile(
            r"(?i)((?:\b|_)(?:x-registry-auth|x-registry-config|pass(?:word|wd)?|secret|token|api[_-]?key)\b['\"]?\s*[:=]\s*)"
            r"(?:'[^']*'|\"[^\"]*\"|[^\s'\",}&]+)"
        ),
        r"\1***",
    ),
)


def redact(text: str) -> str:
    """*text* without what looks like a credential: passwords in URLs, authorisation headers, `password=…`."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def one_line(error: BaseException) -> str:
    """The error's type and first words, without secrets and control characters, for one line on a terminal."""
    words = redact(" ".join(str(error).split()))
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in words[:LINE_LIMIT])
    shown += "…" if len(words) > LINE_LIMIT else ""
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


def write_report(error: BaseException) -> str:
    """Add the traceback of *error* to the log; returns words that say where it is, or why not. Never raises."""
    where = f"hythe {__version__}, Python {platform.python_version()}, {platform.platform()}"
    trace = "".join(traceback.format_exception(error))
    report = f"--- {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, {where}\n{redact(trace)}\n"
    try:
        file, path = paths.open_log()
        with file:
            file.write(report.encode("utf-8", "backslashreplace"))
    except OSError as problem:
        return f"the traceback could not be written: {problem.strerror or problem}"
    return f"the traceback is in {path}"


def report(error: BaseException) -> None:
    """Tell the user of *error* in one line on stderr that names the file with its traceback. Never raises."""
    line = f"hythe: unexpected error: {one_line(error)}; {write_report(error)}\n"
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # stderr is closed: nobody is left to tell
