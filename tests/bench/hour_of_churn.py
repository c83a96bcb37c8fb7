"""An hour of random changes on a real engine that is restarted now and then, and whether hythe still tells the truth.

    python tests/bench/hour_of_churn.py --binaries FOLDER --cli docker [--minutes 60] [--restarts 5] [--seed 1]

FOLDER holds dockerd, containerd, runc and docker-registry; it needs root. Every so often the changes pause, and hythe's
store must equal what the docker CLI lists within two seconds; at the end the screen must, too.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "screens"))

from stage import text_of, until
from textual.pilot import Pilot

from churn import Churn
from private_engine import PrivateEngine, private_engine
from tui.app import HytheApp
from tui.screens.dashboard import DashboardScreen
from tui.settings import Settings
from tui.store.feed import Timing
from tui.store.state import State

CURE_SECONDS = 2.0
UNTOLD_SECONDS = Timing().reconcile + 10
"""How long that takes of which no event tells: it is seen when the lists are read again."""

CHECK_SECONDS = 20.0
SIZE = (119, 160)
"""So narrow that one table has the whole screen, and so high that every row of it is seen."""


class Reference:
    """What the docker CLI lists."""

    def __init__(self, cli: str, host: str) -> None:
        self._command = [cli, "-H", host]

    def run(self, *arguments: str) -> str:
        """What a docker command prints."""
        done = subprocess.run([*self._command, *arguments], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def rows(self, *arguments: str) -> list[dict[str, str]]:
        """The rows of a list, by the names of the CLI's columns."""
        lines = self.run(*arguments, "--no-trunc", "--format", "{{json .}}").splitlines()
        return [json.loads(line) for line in lines]

    def truth(self) -> dict[str, set[str]]:
        """Each table as one line an object, in the words of `known`."""
        return {
            "containers": {
                f"{row['ID']} {row['Names']} {row['State']}{_exit_code(row['Status'])} {_sorted(row['Networks'])}"
                for row in self.rows("ps", "-a")
            },
            "images": {
                f"{row['ID']} {row['Repository']}:{row['Tag']}" for row in self.rows("images")
            },
            "volumes": {f"{row['Name']} {row['Driver']}" for row in self.volumes()},
            "networks": {
                f"{row['ID']} {row['Name']} {row['Driver']} {row['Scope']}" for row in self.rows("network", "ls")
            },
        }  # fmt: skip

    def volumes(self) -> list[dict[str, str]]:
        # `docker volume ls` knows no --no-trunc
        return [json.loads(line) for line in self.run("volume", "ls", "--format", "{{json .}}").splitlines()]


def _exit_code(status: str) -> str:
    return f" {status.partition('(')[2].partition(')')[0]}" if status.startswith("Exited (") else ""


def _sorted(names: str) -> str:
    return ",".join(sorted(names.split(",")))


def known(state: State) -> dict[str, set[str]]:
    """What hythe's store knows, in the same words."""
    return {
        "containers": {
            f"{c.id} {c.name} {c.state}{'' if c.state != 'exited' else f' {c.exit_code}'} "
            f"{_sorted(','.join(name for name, _ in c.networks))}"
            for c in state.containers.values()
        },
        "images": {
            f"{image.id} {tag}" for image in state.images.values() for tag in image.tags or ("<none>:<none>",)
        },
        "volumes": {f"{volume.name} {volume.driver}" for volume in state.volumes.values()},
        "networks": {
            f"{network.id} {network.name} {network.driver} {network.scope}" for network in state.networks.values()
        },
    }  # fmt: skip


def differences(truth: dict[str, set[str]], found: dict[str, set[str]], *, untold: bool = False) -> list[str]:
    """Each line that only one of them has, without what no event tells unless `untold`.

    Daemons send no event when a container that does not run is connected to a network or disconnected.
    """
    if not untold:
        truth, found = _told(truth), _told(found)
    return [
        f"{table}: {side} {line}"
        for table in truth
        for side, lines in (
            ("not in hythe:", truth[table] - found[table]),
            ("only in hythe:", found[table] - truth[table]),
        )
        for line in sorted(lines)
    ]


def _told(tables: dict[str, set[str]]) -> dict[str, set[str]]:
    running = {line if " running " in line else line.rpartition(" ")[0] for line in tables["containers"]}
    return tables | {"containers": running}


@contextmanager
def registry(engine: PrivateEngine, docker: Reference) -> Iterator[str]:
    """A registry inside the engine's network, filled with images to pull."""
    folder = engine.folder / "registry"
    folder.mkdir()
    settings = {"version": 0.1, "storage": {"filesystem": {"rootdirectory": str(folder)}}, "http": {"addr": ":5000"}}
    config = engine.folder / "registry.json"
    config.write_text(json.dumps(settings))
    command = engine.inside(str(engine.binaries / "docker-registry"), "serve", str(config))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for number in range(24):
            made = docker.run("create", "busybox:latest", "echo", str(number)).strip()
            name = f"localhost:5000/r{number % 6}:t{number // 6}"
            docker.run("commit", "--message", str(number), made, name)
            docker.run("rm", made)
            docker.run("push", "--quiet", name)
            docker.run("rmi", name)
        yield "localhost:5000"
    finally:
        process.terminate()
        process.wait()


class Watch:
    """The application in front of the engine, and what was seen of it."""

    def __init__(self, docker: Reference, pilot: Pilot[int], app: HytheApp) -> None:
        self.docker = docker
        self.pilot = pilot
        self.app = app
        self.cures: list[float] = []
        self.problems: list[str] = []

    @property
    def state(self) -> State:
        assert self.app.session is not None
        return self.app.session.state

    async def check(self, what: str, began: float | None = None, *, untold: bool = False) -> None:
        """Wait until the store equals what the CLI lists; note how long that took since `began`, or now."""
        began = time.monotonic() if began is None else began
        seen: dict[str, float] = {}
        while True:
            truth = await asyncio.to_thread(self.docker.truth)
            wrong = differences(truth, known(self.state), untold=untold)
            if not wrong and self.state.condition.is_live:
                if not untold:
                    self.cures.append(time.monotonic() - began)
                    if self.cures[-1] > CURE_SECONDS:
                        print(f"{what}: late by {seen}", flush=True)
                return
            seen |= dict.fromkeys(wrong, round(time.monotonic() - began, 2))
            if time.monotonic() - began > (UNTOLD_SECONDS if untold else CURE_SECONDS + 10):
                self.problems += [f"{what}: {line}" for line in wrong or ["not live"]]
                print("\n".join(self.problems[-10:]), flush=True)
                return
            await asyncio.sleep(0.05)

    async def check_screen(self) -> None:
        """Look at each table for every name that there is, and for none that is not there any more."""
        truth = await asyncio.to_thread(self.docker.truth)
        for key, table, names in (
            ("1", "containers", {line.split()[1]: line.split()[2] for line in truth["containers"]}),
            ("2", "images", {line.partition(":")[2][:12]: "" for line in truth["images"]}),
            ("3", "volumes", {line.split()[0][:12]: "" for line in truth["volumes"]}),
            ("4", "networks", {line.split()[1]: line.split()[2] for line in truth["networks"]}),
        ):  # fmt: skip
            await self.pilot.press(key)

            def wrong(names: dict[str, str] = names) -> list[str]:
                lines = text_of(self.app).splitlines()
                found = [name for name, word in names.items() if not _shown(lines, name, word)]
                ours = {word for line in lines for word in line.split() if word.startswith("churn-")}
                return found + [word for word in ours if word[:11] not in {name[:11] for name in names}]

            try:
                await until(self.pilot, lambda: not wrong(), f"the table of {table}")
            except AssertionError:
                self.problems.append(f"the screen's {table}: {wrong()}")
                print(text_of(self.app), flush=True)


def _shown(lines: list[str], name: str, word: str) -> bool:
    return any(name in line and word in line for line in lines)


async def hour(engine: PrivateEngine, docker: Reference, churn: Churn, minutes: float, restarts: int) -> Watch:
    """Change things, check, and restart the daemon by turns as an operator and as a crash would."""
    app = HytheApp(Settings(host=engine.host), {})
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        watch = Watch(docker, pilot, app)
        began = time.monotonic()
        due = [began + 60 * minutes * (number + 1) / (restarts + 1) for number in range(restarts)]
        churn.start()
        while time.monotonic() < began + 60 * minutes:
            await asyncio.sleep(min(CHECK_SECONDS, 60 * minutes / 4))
            what, since = f"at {time.monotonic() - began:.0f} s", None
            if restart := bool(due and time.monotonic() > due[0]):
                due.pop(0)
                how = engine.kill if len(due) % 2 else engine.stop
                what = f"{what}, after a {how.__name__}"
                await asyncio.to_thread(how)  # in the middle of the changes
                await asyncio.sleep(3)
            await asyncio.to_thread(churn.hold)
            if restart:
                since = await asyncio.to_thread(engine.start)
            await watch.check(what, since)
            if restart:
                print(f"{what}: equal {watch.cures[-1]:.2f} s after the daemon answered", flush=True)
            churn.go_on()
        churn.end()
        await watch.check("at the end")
        await watch.check("at the end, with what no event tells", untold=True)
        await watch.check_screen()
        await app.shut_down()
        return watch


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--binaries", type=Path, required=True, help="a folder with dockerd, containerd and runc")
    parser.add_argument("--cli", default="docker", help="the docker CLI")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--restarts", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, private_engine(wanted.binaries) as engine:
        os.environ |= {"HOME": home, "DOCKER_CONFIG": home}
        docker = Reference(wanted.cli, engine.host)
        version = docker.run("version", "--format", "{{.Server.Version}}").strip()
        with registry(engine, docker) as address:
            churn = Churn(engine.socket, wanted.seed, address)
            watch = asyncio.run(hour(engine, docker, churn, wanted.minutes, wanted.restarts))
    print(f"Engine {version}, {wanted.minutes:g} minutes, {sum(churn.done.values())} changes, seed {wanted.seed}:")
    print("  " + ", ".join(f"{count} {name}" for name, count in churn.done.most_common()))
    print("  refused: " + ", ".join(f"{count} {name}" for name, count in churn.refused.most_common()))
    print(f"  the last words: {churn.last_refusal.get('no daemon')}")
    print(f"  {len(watch.cures)} times equal, after {max(watch.cures, default=0):.2f} s at most")
    late = sum(cure > CURE_SECONDS for cure in watch.cures)
    print(
        "\n".join(watch.problems) or "  store, screen and docker CLI agree" + (f"; {late} times late" if late else "")
    )
    sys.exit(1 if watch.problems or late else 0)


if __name__ == "__main__":
    main()
