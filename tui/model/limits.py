"""The limits of a container that can be changed while it runs, as texts and as `docker update` takes them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tui.model.run_limits import (
    NANO,
    parse_cpus,
    parse_cpuset,
    parse_memory,
    parse_size,
    parse_swap,
    size_text,
    whole,
)
from tui.model.run_options import InvalidOption, RestartPolicy, parse_restart, problem_of
from tui.model.run_wire import WireHostConfig

Texts = Mapping[str, str]
"""What each limit is, by the name of its option; an empty text is no limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: its `docker update` option, its field in the API's HostConfig, and its grammar.

    `none` is what is written for no limit; a limit without one stays as it is once it is set: the daemon takes the
    zero that says so for a limit that is not named.
    """

    option: str
    field: str
    parse: Callable[[str], Any]
    none: str = ""


LIMITS: Sequence[Limit] = (
    Limit("memory", "Memory", parse_memory),
    Limit("memory-swap", "MemorySwap", parse_swap, "-1"),
    Limit("memory-reservation", "MemoryReservation", parse_size),
    Limit("cpus", "NanoCpus", parse_cpus),
    Limit("cpu-shares", "CpuShares", whole(2, 262_144)),
    Limit("cpuset-cpus", "CpusetCpus", parse_cpuset),
    Limit("pids-limit", "PidsLimit", whole(-1), "-1"),
    Limit("restart", "RestartPolicy", parse_restart, "no"),
)
BY_OPTION: Mapping[str, Limit] = {limit.option: limit for limit in LIMITS}


def texts_of(host: WireHostConfig) -> dict[str, str]:
    """Return the limits that an inspect answer tells."""
    policy = host.restart_policy
    nano = Fraction(host.nano_cpus, NANO)
    if not nano and host.cpu_quota > 0:
        nano = Fraction(host.cpu_quota, host.cpu_period or 100_000)
    retries = f":{policy.maximum_retry_count}" if policy is not None and policy.maximum_retry_count else ""
    name = policy.name if policy is not None else ""
    return {
        "memory": _size(host.memory),
        "memory-swap": "-1" if host.memory_swap == -1 else _size(host.memory_swap),
        "memory-reservation": _size(host.memory_reservation),
        "cpus": f"{float(nano):.9f}".rstrip("0").rstrip(".") if nano else "",
        "cpu-shares": str(host.cpu_shares or ""),
        "cpuset-cpus": host.cpuset_cpus,
        "pids-limit": str(host.pids_limit) if host.pids_limit and host.pids_limit > 0 else "",
        "restart": "" if name in ("", "no") else name + retries,
    }


def _size(size: int) -> str:
    return size_text(size) if size > 0 else ""


def common(all_texts: Iterable[Texts]) -> dict[str, str]:
    """Return what is the same for all; an empty text where they differ."""
    known = list(all_texts)
    return {
        limit.option: known[0][limit.option] if len({texts[limit.option] for texts in known}) == 1 else ""
        for limit in LIMITS
    }


def changed(before: Texts, after: Texts) -> dict[str, str]:
    """Return what is another limit than before. A text that was emptied changes nothing: see `problem`.

    Swap without a limit is said again where memory changes: the daemon takes it for less than any memory.
    """
    found = {
        limit.option: after[limit.option]
        for limit in LIMITS
        if after[limit.option] and not same(limit.option, before[limit.option], after[limit.option])
    }
    if "memory" in found and "memory-swap" not in found and before["memory-swap"] == "-1":
        found["memory-swap"] = "-1"
    return found


def same(option: str, one: str, other: str) -> bool:
    """Whether two texts are the same limit, written in two ways."""
    limit = BY_OPTION[option]
    return _value(limit, one) == _value(limit, other)


def _value(limit: Limit, text: str) -> object:
    """What a text comes to; None for no limit. A text that is wrong is equal to itself alone."""
    if not text or text == limit.none:
        # no limit of swap is a choice, and another than what the daemon gives by itself
        return text if limit.option == "memory-swap" else None
    try:
        value = limit.parse(text)
    except InvalidOption:
        return text
    return None if limit.option == "pids-limit" and value <= 0 else value


def problem(option: str, before: str, text: str) -> str | None:
    """Return what is wrong with a text by itself, or None."""
    limit = BY_OPTION[option]
    if text:
        wrong = problem_of(limit.parse, text)
        return wrong or ("the daemon takes 0 for no change" if _is_nothing(limit, text) else None)
    if not before:
        return None
    if limit.none:
        return f"write {limit.none} for no limit" if option != "restart" else "write no for no policy"
    return "a limit that is set can be changed in place, not taken away: recreate the container without it"


def _is_nothing(limit: Limit, text: str) -> bool:
    return limit.option != "pids-limit" and limit.parse(text) == 0


def conflicts(texts: Texts) -> dict[str, str]:
    """Return what is wrong with limits beside each other, by option; texts that are wrong by themselves are no part."""

    def number(option: str) -> int:
        value = _value(BY_OPTION[option], texts[option])
        return value if isinstance(value, int) else 0

    if problem_of(BY_OPTION["memory"].parse, texts["memory"] or "0"):
        return {}
    memory, swap, reservation = number("memory"), number("memory-swap"), number("memory-reservation")
    found: dict[str, str] = {}
    if swap > 0 and not memory:
        found["memory-swap"] = "it counts the memory too, which has no limit"
    elif swap > 0 and swap < memory:
        found["memory-swap"] = f"it counts the memory too, which is {texts['memory']}: give both"
    if memory and reservation > memory:
        found["memory-reservation"] = f"more than the limit, {texts['memory']}"
    return found


def body_of(change: Texts) -> dict[str, Any]:
    """Return the body of `POST /containers/{id}/update`. Raises InvalidOption."""
    body: dict[str, Any] = {}
    for option, text in change.items():
        limit = BY_OPTION[option]
        value = limit.parse(text)
        if isinstance(value, RestartPolicy):
            value = {"Name": value.name, "MaximumRetryCount": value.max_retries}
        body[limit.field] = value
    return body


def update_line(change: Texts, names: Sequence[str]) -> str:
    """Return the equal `docker update` line; an empty text while nothing changes."""
    if not change:
        return ""
    options = [word for option, text in change.items() for word in (f"--{option}", text)]
    return shlex.join(["docker", "update", *options, *names])


def place_of(words: str, change: Texts) -> str | None:
    """Return the option that the daemon's words are about, of those that were changed; None where that is not clear."""
    text = words.lower()
    clues = (
        ("memoryswap", "memory-swap"), ("memory+swap", "memory-swap"), ("reservation", "memory-reservation"),
        ("memory", "memory"), ("cpuset", "cpuset-cpus"), ("requested cpus", "cpuset-cpus"), ("shares", "cpu-shares"),
        ("cpu", "cpus"), ("pids", "pids-limit"), ("restart", "restart"),
    )  # fmt: skip
    found = next((option for clue, option in clues if clue in text and option in change), None)
    return found or (next(iter(change)) if len(change) == 1 else None)
