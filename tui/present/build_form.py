"""What the build form says: what the context holds, which way the build goes and why, what the Dockerfile offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tui.model.build_way import Way
from tui.present.units import plural, size

Span = tuple[str, str]


class Summary(Protocol):
    """What a context holds; see tui.engine.build_context.ContextSummary."""

    @property
    def files(self) -> int: ...
    @property
    def folders(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def biggest(self) -> Sequence[tuple[str, int]]: ...
    @property
    def unreadable(self) -> Sequence[str]: ...
    @property
    def skipped(self) -> Sequence[str]: ...


def context_lines(summary: Summary, ignore_file: object, *, on_demand: bool = False) -> list[Span]:
    """Return what a context would send: its size, its biggest files with their shares, what cannot be read.

    `on_demand`: only what the build copies and the builder has not got of it.
    """
    folders = f", {plural(summary.folders, 'folder')}" if summary.folders else ""
    counts = f"{plural(summary.files, 'file')}{folders}{'' if on_demand else ' to send'}"
    lines: list[Span] = [(f"{size(summary.size)} in {counts}", "head")]
    lines += [(f"cannot be read: {text}", "bad") for text in summary.unreadable]
    lines.append((f"after {ignore_file}" if ignore_file else "no .dockerignore: nothing is left out", "dim"))
    total = max(summary.size, 1)
    lines += [(f"{size(count):>7} {name} ({count / total:.0%})", "") for name, count in summary.biggest]
    lines += [(f"left out, as neither a file nor a folder: {name}", "warn") for name in summary.skipped]
    return [*lines, (_ON_DEMAND, "dim")] if on_demand else lines


_ON_DEMAND = "of this BuildKit fetches what the build copies and it has not got"


def way_words(way: Way | str, builder: str, default: str) -> str:
    """Return the line that explains the choice of a builder."""
    if isinstance(way, str):
        return way
    mark = "" if builder == "x" else "the daemon's default; " if builder == default else "not the daemon's default; "
    return f"{mark}{way.why}"


def remote_lines(kind: str, dockerfile: str) -> list[Span]:
    """Return what is said of a context that the daemon fetches, `git` or `http`."""
    if kind == "git":
        what = "the daemon clones this repository; #BRANCH, #TAG or #COMMIT may follow it, and :FOLDER after that"
    else:
        what = "the daemon fetches this address: a tar archive that is the context, or a Dockerfile alone"
    return [
        (what, "head"),
        (f"{dockerfile or 'Dockerfile'} is looked for in it; nothing of this machine is sent", "dim"),
    ]


def offered_arguments(arguments: Mapping[str, str]) -> str:
    """Return the arguments that a Dockerfile declares, with their defaults."""
    shown = ", ".join(f"{name}={default}" if default else name for name, default in arguments.items())
    return f"declared: {shown}" if shown else ""
