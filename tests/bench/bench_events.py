"""From an event at the daemon to the change on the screen. `python tests/bench/bench_events.py [N …]`

The moment of an event is the daemon's own (timeNano), on the clock that both share.
"""

import json
import threading
import time

import report
import subjects
from ptyharness import PtyApp

CHANGES = 60
PAUSE_SECONDS = 0.11


class Moments(threading.Thread):
    """The daemon's time of each rename, by the new name, in seconds of time.monotonic()."""

    def __init__(self, daemon: subjects.Daemon) -> None:
        super().__init__(daemon=True)
        self._daemon = daemon
        self._offset = time.time() - time.monotonic()
        self._changed = threading.Condition()
        self._at: dict[str, float] = {}
        self.opened = threading.Event()

    def run(self) -> None:
        filters = json.dumps({"event": ["rename"]}).replace('"', "%22").replace(" ", "")
        for line in self._daemon.lines(f"/events?since=1&filters={filters}", self.opened.set):
            event = json.loads(line)
            with self._changed:
                name = event["Actor"]["Attributes"]["name"]
                self._at[name] = event["timeNano"] / 1e9 - self._offset
                self._changed.notify_all()

    def of(self, name: str) -> float:
        with self._changed:
            self._changed.wait_for(lambda: name in self._at, 10)
            return self._at[name]


def renames(daemon: subjects.Daemon, app: PtyApp) -> list[float | None]:
    """The seconds from each rename of the first row, as the daemon dates it, to its new name on the screen."""
    moments = Moments(daemon)
    moments.start()
    moments.opened.wait(10)
    # of those that run: the table has them first, so that the row is in view at any number of containers
    first = min(daemon.ask("GET", "/containers/json"), key=lambda row: row["Names"][0])["Id"]
    times: list[float | None] = []
    for count in range(CHANGES):
        name = f"0-{count:04}"
        daemon.ask("POST", f"/containers/{first}/rename?name={name}")
        seen = app.wait(lambda screen, name=name: screen.has(name), 10)
        times.append(None if seen is None else seen - moments.of(name))
        if seen is None:
            break
        time.sleep(PAUSE_SECONDS)
    return times


def main() -> None:
    counts = report.counts((10, 1_000, 10_000))
    for count in counts:
        with subjects.demo(count) as daemon, daemon.hythe() as app:
            report.progress(f"events to the screen, {count} containers")
            app.wait_text("live", 60)
            app.wait_quiet(0.5, 5)
            report.p50_p99(f"event → screen, N = {count:,}", renames(daemon, app), (20, 60))


if __name__ == "__main__":
    main()
