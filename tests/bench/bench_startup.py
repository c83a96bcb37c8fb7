"""Start-up: the first name on the screen, the whole dashboard, memory. `python tests/bench/bench_startup.py [N …]`"""

import re
import time

import processes
import report
import subjects
from ptyharness import PtyApp

FIRST_NAME = {10: 2.0, 1_000: 1.3, 10_000: 0.6}
WHOLE = {10: 1.5, 1_000: 1.6, 10_000: 2.5}
MEMORY_MB = {10: 12.0, 10_000: 40.0}
SETTLE_SECONDS = 3.0


def measure(daemon: subjects.Daemon) -> None:
    names = [row["Names"][0][1:] for row in daemon.ask("GET", "/containers/json?all=1")]
    any_name = re.compile("|".join(re.escape(name) + r"\b" for name in names))
    cli = subjects.docker()
    listing, imports, first, whole = [], [], [], []
    for _ in range(report.ROUNDS):
        report.progress(f"start-up with {daemon.count} containers")
        if cli:
            listing.append(processes.timed([cli, "ps", "-a"], daemon.env))
        imports.append(processes.timed(subjects.IMPORTS))
        with daemon.hythe() as app:
            first.append(app.wait_text(any_name))
            whole.append(_drawn_and_taking_keys(app, daemon.count))
    if listing:
        report.ratio(f"first name, N = {daemon.count:,}, to docker ps -a", first, listing, FIRST_NAME[daemon.count])
    report.ratio(f"whole dashboard, N = {daemon.count:,}, to the imports", whole, imports, WHOLE[daemon.count])
    for name, command in subjects.peers().items():
        _peer(name, command, daemon, any_name, listing)


def _drawn_and_taking_keys(app: PtyApp, count: int) -> float | None:
    """Seconds until the list is whole, the feed live, and a key typed then was answered."""
    if app.wait_text(re.compile(rf"containers {count:,}\b|containers {count}\b")) is None:
        return None
    if (live := app.wait(lambda screen: screen.has("live"))) is None:
        return None
    before = app.look().display[:]
    app.send("j")
    answered = app.wait(lambda screen: screen.display != before, 5)
    # what the key itself takes is another row of the table: here it only has to be taken
    return None if answered is None else live - app.started


def _peer(
    name: str, command: tuple[str, ...], daemon: subjects.Daemon, any_name: re.Pattern[str], listing: list[float]
) -> None:
    seen = []
    for _ in range(report.ROUNDS):
        with PtyApp(command, env=daemon.env) as app:
            seen.append(app.wait_text(any_name, 20))
    report.note(
        f"  {name}: first name, N = {daemon.count:,}",
        f"{report.median(seen) * 1000:.0f} ms"
        + (f", {report.median(seen) / report.median(listing):.1f}x" if listing else ""),
    )


def memory(daemon: subjects.Daemon, reference: int) -> None:
    with daemon.hythe() as app:
        app.wait_text("live")
        time.sleep(SETTLE_SECONDS)
        for key in "jjjGg":
            app.send(key)
            app.wait_quiet(0.1)
        taken = app.memory()
    report.at_most(
        f"resident memory above the imports, N = {daemon.count:,}",
        (taken - reference) / 1e6,
        MEMORY_MB[daemon.count],
        " MB",
        f"+{(taken - reference) / 1e6:.1f} MB ({taken / 1e6:.0f} : {reference / 1e6:.0f})",
    )


def main() -> None:
    reference = processes.peak_memory(subjects.IMPORTS)
    for count in report.counts((10, 1_000, 10_000)):
        with subjects.demo(count) as daemon:
            measure(daemon)
            if count in MEMORY_MB:
                memory(daemon, reference)


if __name__ == "__main__":
    main()
