"""1,000 volumes, 500 networks and 200 Compose projects of 10,000 containers: opened, moved in, sorted, changed.

`python tests/bench/bench_resources.py [CONTAINERS]`; volumes, networks and projects are as many in proportion.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import report
import subjects
from bench_rows import PAUSE_SECONDS, click, timed
from ptyharness import Emulator, PtyApp

KEYS = 60
KEY_SECONDS = 0.06
CHANGES = 30
CHANGE_SECONDS = 0.11
OF_A_PROJECT = 50


@dataclass(frozen=True)
class Resource:
    """A table: its key, its name, the titles that it is sorted by in turn, and what changes it.

    `change` takes the daemon, the number of the change and how many rows there were before the first, and returns the
    text that is on the screen after it: a count in the title or in the first row. (A new row above the cursor moves
    nothing that is in view.) The daemon is asked for nothing else: a long list keeps the demo engine from answering.
    """

    key: str
    name: str
    titles: tuple[str, str]
    change: Callable[[subjects.Daemon, int, int], str]


def crowd(daemon: subjects.Daemon, count: int) -> None:
    """Fill an empty demo engine: projects of 50 containers, each with a network, and volumes."""
    projects = max(1, count // OF_A_PROJECT)
    for number in range(projects * 5):
        daemon.ask("POST", "/volumes/create", {"Name": f"data-{number:04}"})
    for number in range(projects * 5 // 2):
        subnet = f"10.{number // 250}.{number % 250}.0/24"
        daemon.ask("POST", "/networks/create", {"Name": f"net-{number:04}", "IPAM": {"Config": [{"Subnet": subnet}]}})
    image = daemon.ask("GET", "/images/json")[0]["RepoTags"][0]
    for project in range(projects):
        for number in range(OF_A_PROJECT):
            service, copy = f"svc{number % 5}", number // 5 + 1
            body = {
                "Image": image,
                # none ends while it is measured, and none becomes healthy: that would be a storm of its own
                "Cmd": ["sleep", "86400"],
                "Healthcheck": {"Test": ["NONE"]},
                "Labels": {
                    "com.docker.compose.project": f"project-{project:04}",
                    "com.docker.compose.service": service,
                    "com.docker.compose.container-number": str(copy),
                    "com.docker.compose.oneoff": "False",
                    "com.docker.compose.config-hash": "0" * 64,
                    "com.docker.compose.project.working_dir": f"/srv/{project}",
                    "com.docker.compose.project.config_files": f"/srv/{project}/compose.yaml",
                },
                "HostConfig": {"NetworkMode": f"net-{project:04}", "Binds": [f"data-{project:04}:/data"]},
            }
            name = f"project-{project:04}-{service}-{copy}"
            made = daemon.ask("POST", f"/containers/create?name={name}", body)["Id"]
            if service != "svc4":
                daemon.ask("POST", f"/containers/{made}/start")


def new_volume(daemon: subjects.Daemon, number: int, before: int) -> str:
    daemon.ask("POST", "/volumes/create", {"Name": f"new-{number:02}"})
    return f" volumes {before + number + 1}"


def new_network(daemon: subjects.Daemon, number: int, before: int) -> str:
    ipam = {"Config": [{"Subnet": f"10.200.{number}.0/24"}]}
    daemon.ask("POST", "/networks/create", {"Name": f"new-{number:02}", "IPAM": ipam})
    return f" networks {before + number + 1}"


def one_less(daemon: subjects.Daemon, number: int, _before: int) -> str:
    """One container of the first project ends."""
    daemon.ask("POST", f"/containers/project-0000-svc{number % 4}-{number // 4 + 1}/kill")
    return f"{OF_A_PROJECT // 5 * 4 - number - 1}/{OF_A_PROJECT}"


RESOURCES = (
    Resource("3", "volumes", ("DRIVER", "NAME"), new_volume),
    Resource("4", "networks", ("DRIVER", "NAME"), new_network),
    Resource("5", "projects", ("STATE", "NAME"), one_less),
)


def in_front(screen: Emulator, resource: Resource) -> bool:
    """Whether the table is there; its name stands among the tabs, too, but at the start of its own title alone."""
    return any(line.startswith(f" {resource.name} ") for line in screen.display)


def head(screen: Emulator, resource: Resource) -> int:
    """The line of the titles of the table in front."""
    lines = screen.display
    above = next(y for y, line in enumerate(lines) if line.startswith(f" {resource.name} "))
    return next(y for y in range(above, len(lines)) if lines[y].startswith("  NAME"))


def opened(app: PtyApp, resource: Resource) -> list[float | None]:
    """From the key to the table's first rows; the containers are in front before."""
    times: list[float | None] = []
    for _ in range(report.ROUNDS):
        app.send("1")
        app.wait(lambda screen: not in_front(screen, resource), 10)
        app.wait_quiet(0.2, 5)
        sent = app.send(resource.key)
        seen = app.wait(lambda screen: in_front(screen, resource), 10)
        times.append(None if seen is None else seen - sent)
    return times


def moved(app: PtyApp, resource: Resource) -> list[float | None]:
    """From a key to the cursor on another row, found by its ground, which no other row has."""
    app.send("g")
    app.wait_quiet(0.5, 10)
    first = head(app.look(), resource) + 1
    rows = range(first, first + 10)
    grounds = Counter(app.look().background(y, 4) for y in rows)
    ground = next(ground for ground, count in grounds.items() if count == 1)

    def at(screen: Emulator) -> int | None:
        return next((y for y in rows if screen.background(y, 4) == ground), None)

    times: list[float | None] = []
    key = "j"
    for _ in range(KEYS):
        before = at(app.look())
        if before is None or before - first < 2:
            key = "j"
        elif before - first > 7:
            key = "k"
        sent = app.send(key)
        painted = app.wait(lambda screen, before=before: at(screen) not in (before, None), 10)
        times.append(None if painted is None else painted - sent)
        time.sleep(KEY_SECONDS)
    app.send("g")
    return times


def sorted_times(app: PtyApp, resource: Resource) -> list[float | None]:
    """Sort by clicks on the titles, in turn, until the arrow is at the other."""
    times: list[float | None] = []
    for _ in range(report.ROUNDS):
        for title in resource.titles:
            screen = app.look()
            line = head(screen, resource)
            times.append(timed(app, click(screen.display[line].index(title), line), f"{title}▲"))
    return times


def filtered(app: PtyApp) -> list[float | None]:
    """Type a letter into the open filter, and take it out again."""
    times: list[float | None] = []
    app.send("/")
    for _ in range(report.ROUNDS):
        times.append(timed(app, "9", "filter: 9"))
        times.append(timed(app, "\x7f", "filter: 9", there=False))
    app.send("\x1b")
    app.wait_quiet(0.5, 5)  # a key right behind it would be one with alt
    return times


def changed(daemon: subjects.Daemon, app: PtyApp, resource: Resource) -> list[float | None]:
    """From the request that changes something to what it changes on the screen."""
    app.wait_quiet(0.5, 10)
    screen = app.look()
    title = next(line for line in screen.display if line.startswith(f" {resource.name} "))
    before = int(title.split()[1])
    times: list[float | None] = []
    for number in range(CHANGES):
        asked = time.monotonic()
        text = resource.change(daemon, number, before)
        seen = app.wait(lambda screen, text=text: screen.has(text), 10)
        times.append(None if seen is None else seen - asked)
        time.sleep(CHANGE_SECONDS)
    return times


def main() -> None:
    count = report.counts((10_000,))[-1]
    with subjects.demo(0) as daemon:
        report.progress(f"making {count} containers in projects")
        crowd(daemon, count)
        with daemon.hythe() as app:
            shown = report.median([app.wait_text("project-0000", 60)])
            report.note(f"start → first rows, {count:,} containers", f"{shown * 1000:.0f} ms")
            app.wait_text("live", 60)
            app.wait_quiet(1, 20)
            for resource in RESOURCES:
                report.progress(resource.name)
                report.p50_p99(f"key → {resource.name} in front", opened(app, resource), (30, 60))
                time.sleep(PAUSE_SECONDS)
                report.p50_p99(f"key → paint, {resource.name}", moved(app, resource), (8, 40))
                for what, times in (("sort", sorted_times(app, resource)), ("filter", filtered(app))):
                    report.at_most(f"{what} {resource.name}", report.median(times) * 1000, 30, " ms")
                app.send("g")
                report.p50_p99(f"change → screen, {resource.name}", changed(daemon, app, resource), (20, 60))


if __name__ == "__main__":
    main()
