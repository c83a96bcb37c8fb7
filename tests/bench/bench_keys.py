"""From a key to its paint: idle, under events, on a slow line. `python tests/bench/bench_keys.py [N …]`"""

import time
from collections import Counter

import report
import subjects
from ptyharness import Emulator, PtyApp

KEYS = 120
SLOW_KEYS = 60
PAUSE_SECONDS = 0.06
STORM = 1_000.0
SLOW_LINE = 50_000.0


class Cursor:
    """Finds the row of the table under the cursor by its ground, which no other row has."""

    def __init__(self, app: PtyApp) -> None:
        screen = app.look()
        lines = screen.display
        head = next(y for y, line in enumerate(lines) if line.startswith("  NAME"))
        end = next((y for y in range(head, app.lines) if lines[y].startswith(" images ")), app.lines - 1)
        self.rows = range(head + 1, end)
        grounds = Counter(screen.background(y, 4) for y in self.rows)
        self.ground = next(ground for ground, count in grounds.items() if count == 1)

    def row(self, screen: Emulator) -> int | None:
        """The line of the screen that the cursor is on."""
        return next((y for y in self.rows if screen.background(y, 4) == self.ground), None)


def taken(app: PtyApp, keys: int) -> list[float | None]:
    """The seconds from each of so many keys to the chunk that shows the cursor on another row."""
    cursor = Cursor(app)
    times: list[float | None] = []
    key = "j"
    for _ in range(keys):
        before = cursor.row(app.look())
        if before is None or before - cursor.rows.start < 2:
            key = "j"
        elif before - cursor.rows.start > 7:
            key = "k"
        sent = app.send(key)
        painted = app.wait(lambda screen, before=before: cursor.row(screen) not in (before, None), 10)
        times.append(None if painted is None else painted - sent)
        time.sleep(PAUSE_SECONDS)
    return times


def ready(app: PtyApp) -> None:
    """Wait until the dashboard is there and has stopped changing for good."""
    app.wait_text("live", 60)
    app.wait_quiet(0.5, 5)


def main() -> None:
    counts = report.counts((10, 1_000, 10_000))
    for count in counts:
        with subjects.demo(count) as daemon, daemon.hythe() as app:
            report.progress(f"keys, idle, {count} containers")
            ready(app)
            report.p50_p99(f"key → paint, idle, N = {count:,}", taken(app, KEYS), (5, 25))
    with subjects.demo(counts[-1], STORM) as daemon, daemon.hythe() as app:
        report.progress("keys, under events")
        ready(app)
        report.p50_p99(f"key → paint, {STORM:,.0f} events a second, N = {counts[-1]:,}", taken(app, KEYS), (8, 40))
    with subjects.demo(counts[-1]) as daemon, daemon.hythe(line=SLOW_LINE) as app:
        report.progress("keys, on a slow line")
        ready(app)
        report.p50_p99(f"key → paint, a line of 50 kB/s, N = {counts[-1]:,}", taken(app, SLOW_KEYS), (10, 60))


if __name__ == "__main__":
    main()
