"""Sort, filter and jump in 10,000 containers, from key or click to the paint. `python tests/bench/bench_rows.py [N]`"""

import time

import report
import subjects
from ptyharness import Emulator, PtyApp

PAUSE_SECONDS = 0.3


def click(column: int, line: int) -> str:
    """A click of the left button, as a terminal tells it (SGR mouse mode)."""
    return f"\x1b[<0;{column + 1};{line + 1}M\x1b[<0;{column + 1};{line + 1}m"


def head(screen: Emulator) -> int:
    """The line of the titles of the containers' columns."""
    return next(y for y, line in enumerate(screen.display) if line.startswith("  NAME"))


def timed(app: PtyApp, keys: str, text: str, *, there: bool = True) -> float | None:
    """The seconds from some keys to a text in the containers' table, or, with `there` False, to its going."""
    app.wait_quiet(0.2, 5)
    time.sleep(PAUSE_SECONDS)
    sent = app.send(keys)
    seen = app.wait(lambda screen: screen.has(text) is there, 10)
    return None if seen is None else seen - sent


def sorted_times(app: PtyApp) -> list[float | None]:
    """Sort by the image and by the name, in turn, by clicks on the titles; until the arrow is at the other."""
    times: list[float | None] = []
    for _ in range(report.ROUNDS):
        for title in ("IMAGE", "NAME"):
            screen = app.look()
            line = head(screen)
            times.append(timed(app, click(screen.display[line].index(title), line), f"{title}▲"))
    return times


def filtered(app: PtyApp) -> tuple[list[float | None], list[float | None]]:
    """Type a letter into the open filter, and take it out again."""
    narrowed: list[float | None] = []
    widened: list[float | None] = []
    app.send("/")
    for _ in range(report.ROUNDS):
        narrowed.append(timed(app, "9", "filter: 9"))
        widened.append(timed(app, "\x7f", "filter: 9", there=False))
    app.send("\x1b")
    return narrowed, widened


def jumps(app: PtyApp) -> list[float | None]:
    """Go to the last row and back to the first."""
    line = head(app.look()) + 1
    first = app.look().display[line]
    times: list[float | None] = []
    for key in "Gg" * report.ROUNDS:
        app.wait_quiet(0.2, 5)
        time.sleep(PAUSE_SECONDS)
        sent = app.send(key)
        seen = app.wait(lambda screen, key=key: (screen.display[line][:24] == first[:24]) is (key == "g"), 10)
        times.append(None if seen is None else seen - sent)
    return times


def row(what: str, times: list[float | None], most: float) -> None:
    report.at_most(what, report.median(times) * 1000, most, " ms")


def main() -> None:
    count = report.counts((10_000,))[-1]
    with subjects.demo(count, images=5_000) as daemon, daemon.hythe() as app:
        report.progress(f"{count} rows")
        app.wait_text("live", 60)
        app.wait_quiet(1, 20)
        row(f"jump to the last row and back, {count:,} rows", jumps(app), 30)
        row(f"sort {count:,} rows", sorted_times(app), 30)
        narrowed, widened = filtered(app)
        row(f"filter {count:,} rows", narrowed, 30)
        row(f"unfilter {count:,} rows", widened, 30)


if __name__ == "__main__":
    main()
