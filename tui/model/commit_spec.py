"""What `docker commit` takes: the instructions it knows, and the equal command line."""

import re
import shlex
from collections.abc import Callable
from typing import Final

import msgspec

CHANGES: Final = (
    "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
"""The instructions that an engine applies in a commit; STOPSIGNAL since Engine 23."""

_PORT: Final = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+))?(?:/(?P<protocol>\w+))?")
_PROTOCOLS: Final = ("tcp", "udp", "sctp")


class CommitSpec(msgspec.Struct, frozen=True):
    """An image to make of a container, in the words of the `docker commit` options; a change is one instruction."""

    container: str
    reference: str = ""
    author: str = ""
    message: str = ""
    pause: bool = True
    changes: tuple[str, ...] = ()


def commit_line(spec: CommitSpec, *, hide: Callable[[str], bool] | None = None) -> str:
    """Returns the equal `docker commit` line; `hide` tells the variables whose ENV values are masked."""
    words = ["docker", "commit"]
    for flag, value in (("-a", spec.author), ("-m", spec.message)):
        if value:
            words += [flag, value]
    if not spec.pause:
        words.append("--pause=false")
    for change in spec.changes:
        words += ["-c", _masked(change, hide)]
    words.append(spec.container)
    return shlex.join([*words, spec.reference] if spec.reference else words)


def env_of(changes: tuple[str, ...]) -> list[str]:
    """Returns the variables that the ENV instructions set, now or on a build, each as `KEY=VALUE`."""
    return [f"{name}={value}" for change in changes for name, value in _env_pairs(change)]


def _masked(change: str, hide: Callable[[str], bool] | None) -> str:
    pairs = _env_pairs(change)
    if hide is None or not any(hide(name) for name, _ in pairs):
        return change
    keyword = "ONBUILD ENV " if _split(change)[0] == "ONBUILD" else "ENV "
    return keyword + " ".join(f"{name}={'***' if hide(name) else shlex.quote(value)}" for name, value in pairs)


def _env_pairs(change: str) -> list[tuple[str, str]]:
    keyword, rest = _split(change)
    if keyword == "ONBUILD":
        keyword, rest = _split(rest)
    if keyword != "ENV" or not rest:
        return []
    first = rest.split(None, 1)
    if "=" not in first[0]:
        return [(first[0], first[1] if len(first) > 1 else "")]
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    return [(name, value) for name, _, value in (word.partition("=") for word in words)]


def _split(change: str) -> tuple[str, str]:
    keyword, rest = [*change.split(None, 1), "", ""][:2]  # by any blank, as the daemon does
    return keyword.upper(), rest.strip()


def check_change(text: str) -> str | None:
    """Returns what is wrong with one instruction of a commit, or None. Variables (`$X`) are left to the daemon."""
    keyword, rest = _split(text)
    if keyword not in CHANGES:
        return f"{keyword or 'nothing'} is not an instruction that a commit takes: {' '.join(CHANGES)}"
    if text.rstrip().endswith("\\"):
        return "an instruction is one line here, without a backslash at its end"
    if keyword in ("ENV", "LABEL"):
        return _check_pairs(keyword, rest)
    if keyword == "EXPOSE":
        return _check_ports(rest)
    if keyword == "ONBUILD":
        return _check_trigger(rest)
    if keyword not in ("CMD", "ENTRYPOINT") and not rest:
        return f"{keyword} needs a value"
    return None


def _check_pairs(keyword: str, rest: str) -> str | None:
    first, more = [*rest.split(None, 1), "", ""][:2]
    if "=" not in first:
        return None if first and more else f"write {keyword} KEY=VALUE"
    try:
        words = shlex.split(rest)
    except ValueError:
        return "a quote is left open"
    for word in words:
        name, equals, _ = word.partition("=")
        if not equals:
            return f"{word!r} is not KEY=VALUE: quote a value that has blanks"
        if not name.strip():
            return f"the name before = is missing in {word!r}"
    return None


def _check_ports(rest: str) -> str | None:
    if not rest:
        return "EXPOSE needs a port: EXPOSE 80/tcp"
    for word in rest.split():
        if "$" in word:
            continue
        found = _PORT.fullmatch(word)
        if found is None:
            return f"{word!r} is not a port: write 80, 80/udp or 8000-8010"
        if int(found["last"] or found["first"]) > 65535 or int(found["first"]) > int(found["last"] or found["first"]):
            return f"{word!r} is not a port from 0 to 65535, or a range upwards"
        if found["protocol"] and found["protocol"].lower() not in _PROTOCOLS:
            return f"the protocol {found['protocol']!r} is unknown: tcp, udp and sctp are known"
    return None


def _check_trigger(rest: str) -> str | None:
    trigger = rest.split(None, 1)[0].upper() if rest else ""
    if not trigger:
        return "ONBUILD needs an instruction"
    return f"{trigger} can't be triggered by ONBUILD" if trigger in ("ONBUILD", "FROM", "MAINTAINER") else None
