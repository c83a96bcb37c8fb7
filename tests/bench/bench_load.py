"""What running costs: CPU and bytes with every row on stats; requests and connections while idle; bytes of actions.

`python tests/bench/bench_load.py [N …]`
"""

import re
import subprocess
import time
from collections import Counter

import processes
import report
import subjects
from counting import Counting
from ptyharness import PtyApp

ROWS = 50
ONE_TABLE = {"columns": 119, "lines": ROWS + 5}
"""Below 120 columns there is one table: header, tabs, title, head and footer leave the rest to rows."""

STORM = 1_000.0
WINDOW_SECONDS = 8.0
IDLE_SECONDS = 20.0
LOG_SECONDS = 15.0


def running_in_view(daemon: subjects.Daemon, app: PtyApp) -> int:
    """Filter for what runs, so that each row in view has stats; returns how many rows that are."""
    app.wait_text("live", 60)
    app.send("A")  # only running
    app.send("/!paused !restarting\r")
    app.wait_quiet(1, 10)
    time.sleep(5)  # what left the view lingers, and the first samples say nothing yet
    return Counter("● running" in line for line in app.look().display)[True]


def docker_stats(daemon: subjects.Daemon, names: list[str]) -> float | None:
    """The share of a core that one docker stats of the same containers takes; None without a docker CLI."""
    if (cli := subjects.docker()) is None:
        return None
    process = subprocess.Popen([cli, "-H", f"unix://{daemon.socket}", "stats", *names], stdout=subprocess.DEVNULL)
    try:
        time.sleep(4)
        before, began = processes.cpu_seconds(process.pid), time.monotonic()
        time.sleep(WINDOW_SECONDS)
        return (processes.cpu_seconds(process.pid) - before) / (time.monotonic() - began)
    finally:
        processes.kill(processes.tree(process.pid))
        process.wait(10)


def stats(count: int) -> None:
    with subjects.demo(count) as daemon:
        names = [row["Id"] for row in daemon.ask("GET", "/containers/json")][:ROWS]
        reference = docker_stats(daemon, names)
        with daemon.hythe(**ONE_TABLE) as app:
            report.progress(f"stats, {count} containers")
            rows = running_in_view(daemon, app)
            share, speed = app.window(WINDOW_SECONDS)
            report.at_most(f"CPU, {rows} rows on stats, N = {count:,}", 100 * share, 3, " %")
            if reference is not None:
                report.at_most(
                    f"  to docker stats of {len(names)} ({100 * reference:.1f} %)", share / reference, 2, "x"
                )
            report.at_most(f"bytes a second, {rows} rows on stats, true colour, N = {count:,}", speed, 1500, " B/s")
        with daemon.hythe(**ONE_TABLE, colours="16") as app:
            rows = running_in_view(daemon, app)
            _, speed = app.window(WINDOW_SECONDS)
            report.at_most(f"bytes a second, {rows} rows on stats, 16 colours, N = {count:,}", speed, 1000, " B/s")


def under_events(count: int) -> None:
    with subjects.demo(count, STORM) as daemon, daemon.hythe(**ONE_TABLE) as app:
        report.progress(f"stats and events, {count} containers")
        rows = running_in_view(daemon, app)
        share, _ = app.window(WINDOW_SECONDS)
        report.at_most(f"CPU, {rows} rows on stats and {STORM:,.0f} events/s, N = {count:,}", 100 * share, 8, " %")


def idle(count: int) -> None:
    """A daemon on which nothing runs: nothing changes, and nothing is to be written."""
    with subjects.demo(count) as daemon:
        for row in daemon.ask("GET", "/containers/json"):
            daemon.ask("DELETE", f"/containers/{row['Id']}?force=1")
        with Counting(daemon) as counted, counted.daemon.hythe() as app:
            report.progress("idle")
            app.wait_text("live", 60)
            app.wait_quiet(3, 20)
            before = counted.requests
            _, speed = app.window(IDLE_SECONDS)
            report.at_most("bytes a second, idle", speed, 50, " B/s")
            report.at_most("requests a second, idle", (counted.requests - before) / IDLE_SECONDS, 0.5, "/s")
            report.at_most("connections held, idle", counted.open, 4)


WHOLE_FRAMES = (
    *(subjects.PYTHON, "-c"),
    "import sys\nimport widgets.cell_diff\nwidgets.cell_diff._kinds_of_update = lambda: None\n"
    "from tui.__main__ import main\nsys.exit(main())",
)
"""hythe with Textual's own writer, which writes every cell of what is painted."""


def actions() -> None:
    """The bytes of what a user does, against Textual's own writer."""
    with subjects.demo(600) as daemon:  # more pages than are turned
        report.progress("bytes of what is done")
        with daemon.hythe(**ONE_TABLE) as app:
            ours = acted(app)
        with PtyApp(WHOLE_FRAMES, env=daemon.env, folder=subjects.ROOT, **ONE_TABLE) as app:
            theirs = acted(app)
    for what, most in (("cursor down", 0.8), ("page down", 0.25), ("a modal opens", 0.25), ("log lines", 0.05)):
        mine, other = ours[what], theirs[what]
        figure = f"{mine / other:.3f}x ({mine:.0f} : {other:.0f} B)"
        report.add(f"bytes, {what}, to Textual's writer", figure, f"≤ {most:g}x", mine / other <= most)


def acted(app: PtyApp) -> dict[str, float]:
    """The bytes of a few actions, the median of several; "log lines" are those of a followed log in a span of time.

    Nothing stands beside the table that would follow the cursor, and the log is followed on the screen of its own:
    what changes there besides would be most of the bytes.
    """
    app.wait_text("live", 60)
    app.send("/shop-web-1\r")
    app.wait_quiet(2, 5)
    app.send("l")
    app.wait_quiet(2, 5)
    _, speed = app.window(LOG_SECONDS)
    found = {"log lines": speed * LOG_SECONDS}
    app.send("\x1b")
    app.wait_text(re.compile("running nginx"), 10)
    app.send("\x1b")
    app.wait_quiet(1, 10)
    found["cursor down"] = report.median(app.bytes_for("j", 0.09) for _ in range(report.ROUNDS))
    found["page down"] = report.median(app.bytes_for("\x1b[6~", 0.09) for _ in range(report.ROUNDS))
    app.send("g")
    app.wait_quiet(1, 10)
    opened: list[float] = []
    for _ in range(report.ROUNDS):
        opened.append(app.bytes_for("?"))
        app.bytes_for("\x1b")
    found["a modal opens"] = report.median(opened)
    return found


def main() -> None:
    counts = report.counts((100, 10_000))
    for count in counts:
        stats(count)
    under_events(counts[-1])
    idle(20)
    actions()


if __name__ == "__main__":
    main()
