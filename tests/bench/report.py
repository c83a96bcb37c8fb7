"""The rows of the table of speeds: what was to be reached, what was measured, and whether it holds."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = "HYTHE_BENCH_RESULTS"
"""The variable that names the file which the rows are also appended to, one JSON object a line."""

ROUNDS = int(os.environ.get("HYTHE_BENCH_ROUNDS", "5"))
"""How often each figure is taken; the median counts."""


@dataclass(frozen=True)
class Row:
    """One figure. `reached` is None where nothing is to be reached: a reference, or a peer."""

    what: str
    figure: str
    target: str = ""
    reached: bool | None = None


def add(what: str, figure: str, target: str = "", reached: bool | None = None) -> None:
    """Print a row, and keep it for the table at the end."""
    row = Row(what, figure, target, reached)
    print(line_of(row), flush=True)
    if path := os.environ.get(RESULTS):
        with Path(path).open("a") as file:
            file.write(json.dumps(asdict(row)) + "\n")


def at_most(what: str, value: float, most: float, unit: str = "", figure: str = "") -> None:
    """A row for a number that must not be greater than `most`."""
    shown = figure or f"{value:.3g}{unit}"
    add(what, shown, f"≤ {most:g}{unit}", value <= most)


def note(what: str, figure: str) -> None:
    """A row that judges nothing."""
    add(what, figure)


def line_of(row: Row) -> str:
    """A row as one line of text."""
    mark = {True: "reached", False: "MISSED", None: ""}[row.reached]
    return f"  {row.what:<62} {row.figure:>34}  {row.target:<12} {mark}".rstrip()


def read(path: Path) -> list[Row]:
    """The rows that were kept."""
    return [Row(**json.loads(line)) for line in path.read_text().splitlines()]


def median(values: Iterable[float | None]) -> float:
    """The median; a value that was never seen counts as endless, so that a majority of them shows."""
    return statistics.median(float("inf") if value is None else value for value in values)


def percentile(values: Sequence[float | None], share: float) -> float:
    """The nearest-rank percentile, `share` from 0 to 1; a value that was never seen counts as endless."""
    found = sorted(float("inf") if value is None else value for value in values)
    return found[min(len(found) - 1, round(share * (len(found) - 1)))]


def milliseconds(values: Sequence[float | None]) -> str:
    """p50 and p99 in words."""
    return f"{percentile(values, 0.5) * 1000:.1f} / {percentile(values, 0.99) * 1000:.1f} ms"


def p50_p99(what: str, values: Sequence[float | None], most: tuple[float, float]) -> None:
    """A row for times in seconds against the most for p50 and p99 in milliseconds."""
    middle, high = percentile(values, 0.5) * 1000, percentile(values, 0.99) * 1000
    add(
        f"{what} (of {len(values)})",
        f"{middle:.1f} / {high:.1f} ms",
        f"≤ {most[0]:g} / {most[1]:g}",
        middle <= most[0] and high <= most[1],
    )


def ratio(what: str, ours: Sequence[float | None], theirs: Sequence[float | None], most: float) -> None:
    """A row for times in seconds as a ratio of medians."""
    mine, reference = median(ours), median(theirs)
    figure = f"{mine / reference:.2f}x ({mine * 1000:.0f} : {reference * 1000:.0f} ms)"
    add(what, figure, f"≤ {most:g}x", mine / reference <= most)


def counts(default: Sequence[int]) -> Sequence[int]:
    """The numbers of containers to measure at: those named on the command line, or the default."""
    return [int(text) for text in sys.argv[1:] if text.isdigit()] or default


def progress(text: str) -> None:
    """Say what is being done, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K  … {text}", end="\r", file=sys.stderr, flush=True)


def repeat(what: Callable[[], float | None], rounds: int = ROUNDS) -> list[float | None]:
    """The results of so many calls."""
    return [what() for _ in range(rounds)]
