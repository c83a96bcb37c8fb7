"""A run of docker compose as a job: a program in the CLI's place prints, fails, hangs, and is not there."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.commands.projects import check_place
from tui.engine.compose_cli import ComposeCli
from tui.engine.endpoint import Endpoint
from tui.engine.errors import ReadOnly
from tui.engine.transport import Transport
from tui.jobs.compose import MOST_LINES, ComposeJob, Output
from tui.model.compose import ProjectPlace
from tui.store.compose_files import ComposeFiles
from waiting import until

VERSION = '[ "$1 $2" = "compose version" ] && { echo 2.40.0; exit 0; }\n'
ENDPOINT = Endpoint("unix:///run/nobody.sock", "test")

MakeCli = Callable[[str], ComposeCli]


@pytest.fixture
def cli(tmp_path: Path) -> MakeCli:
    """Makes a ComposeCli whose docker is a script of the shell."""

    def make(script: str) -> ComposeCli:
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{VERSION}{script}\n")
        program.chmod(0o755)
        environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "DOCKER_HOST": "unix:///elsewhere"}
        return ComposeCli(Transport(ENDPOINT), environment)

    return make


@pytest.fixture
def place(tmp_path: Path) -> ProjectPlace:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    return ProjectPlace("shop", str(tmp_path), (str(tmp_path / "compose.yaml"),))


async def finished(job: ComposeJob) -> ComposeJob:
    job.start()
    async with asyncio.timeout(20):
        await job.wait()
    return job


async def test_what_it_is_given_and_what_it_prints(cli: MakeCli, place: ProjectPlace) -> None:
    compose = cli('pwd; for w; do echo "$w"; done; echo "${DOCKER_HOST-none}"; echo no >&2')
    job = await finished(ComposeJob(compose, place, ["up", "--detach"], "up shop"))
    assert job.state == "done"
    assert job.output.since(0) == [
        place.working_dir, "--host=unix:///run/nobody.sock", "compose", "--project-name=shop",
        f"--project-directory={place.working_dir}", f"--file={place.config_files[0]}", "--ansi=never", "up", "--detach",
        "none", "no",
    ]  # fmt: skip
    assert job.line.startswith("docker compose --project-name=shop --project-directory=")
    assert job.line.endswith(" up --detach")


async def test_a_failure_has_the_programs_last_words(cli: MakeCli, place: ProjectPlace) -> None:
    job = await finished(
        ComposeJob(cli("echo starting; echo 'yaml: line 3: did not find' >&2; exit 15"), place, ["up"], "up")
    )
    assert (job.state, job.error) == ("failed", "yaml: line 3: did not find")
    silent = await finished(ComposeJob(cli("exit 3"), place, ["up"], "up"))
    assert silent.error == "docker compose ended with exit code 3"


async def test_cancelled_with_all_that_it_started(cli: MakeCli, place: ProjectPlace, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    job = ComposeJob(cli(f"echo $$ > {pids}; sleep 100 & echo $! >> {pids}; echo ready; wait"), place, ["up"], "up")
    job.start()
    await until(lambda: job.progress == "ready")
    await job.cancel()
    assert job.state == "cancelled"
    for pid in pids.read_text().split():
        await until(lambda pid=pid: not _runs(int(pid)))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_host_that_is_read_only_runs_nothing(cli: MakeCli, place: ProjectPlace, tmp_path: Path) -> None:
    compose = cli(f"touch {tmp_path}/ran")
    compose._transport.read_only = True
    job = await finished(ComposeJob(compose, place, ["down"], "down"))
    assert job.state == "failed"
    assert "read-only" in job.error
    assert not (tmp_path / "ran").exists()
    with pytest.raises(ReadOnly):
        await anext(compose.run(["compose", "down"], str(tmp_path)))


async def test_why_it_can_not_be_run(tmp_path: Path, cli: MakeCli, place: ProjectPlace) -> None:
    nothing = ComposeCli(Transport(ENDPOINT), {"PATH": str(tmp_path)})
    assert await nothing.find() == "there is no docker CLI on the PATH"
    assert (await nothing.read_files(place)).problem == "there is no docker CLI on the PATH"
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho \"docker: 'compose' is not a docker command\" >&2\nexit 1\n")
    program.chmod(0o755)
    bare = ComposeCli(Transport(ENDPOINT), {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert await bare.find() == "the docker CLI has no compose plugin"
    good = cli("")
    assert await good.find() == ""
    assert good.version == "2.40.0"


CONFIG = """
case "$*" in
  *--format*) echo '{"services": {"web": {"image": "nginx", "environment": {"A": "secret"}}}}' ;;
  *--hash*) echo "web abc" ;;
esac
"""


async def test_what_the_files_say(cli: MakeCli, place: ProjectPlace) -> None:
    files = await cli(CONFIG).read_files(place)
    assert files.problem == ""
    assert {name: service.hash for name, service in files.services.items()} == {"web": "abc"}
    wrong = await cli("echo 'services.web Additional property imag is not allowed' >&2; exit 1").read_files(place)
    assert wrong.problem == "services.web Additional property imag is not allowed"
    rubbish = await cli("echo rubbish").read_files(place)
    assert "docker compose config" in rubbish.problem


async def test_files_are_read_when_seen_and_again_when_they_change(
    cli: MakeCli, place: ProjectPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.store.compose_files.LOOK_SECONDS", 0.05)
    changes: list[object] = []
    files = ComposeFiles(cli(CONFIG), lambda: changes.append(1))
    assert files.of(place).problem == "not read yet"
    files.watch([place])
    await until(lambda: "web" in files.of(place).services)
    cli("echo 'it is broken now' >&2; exit 1")
    (tmp_path / "compose.yaml").write_text("services: [\n")
    await until(lambda: files.of(place).problem == "it is broken now")
    assert len(changes) == 2
    await files.close()


async def test_what_is_forgotten_while_it_is_read_is_read_again(
    cli: MakeCli, place: ProjectPlace, tmp_path: Path
) -> None:
    """The read under way may have seen the files as they were: none of its files changed, and its result is old."""
    hold = f"echo x >>{tmp_path}/reads; while [ -e {tmp_path}/hold ]; do sleep 0.02; done; exit 1"
    (tmp_path / "hold").touch()
    files = ComposeFiles(cli(f"echo before >&2; {hold}"), lambda: None)
    files.watch([place])
    await until((tmp_path / "reads").exists)
    files.forget()
    cli("echo after >&2; exit 1")
    (tmp_path / "hold").unlink()
    await until(lambda: files.of(place).problem != "not read yet")
    assert files.of(place).problem == "after"
    await files.close()


# the lines


def test_lines_in_pieces() -> None:
    output = Output()
    output.feed("a\nä".encode()[:3])
    output.feed("ä".encode()[1:] + b" 10%\rb 20%\r\nrest")
    assert output.since(0) == ["a", "ä 10%", "b 20%"]
    output.feed(b"", last=True)
    assert output.since(3) == ["rest"]
    assert output.last == "rest"


def test_the_last_lines_are_kept() -> None:
    output = Output()
    output.feed(b"x\n" * (MOST_LINES + 10))
    output.feed(b"y\n")
    assert output.count == MOST_LINES + 11
    assert output.since(MOST_LINES + 10) == ["y"]
    assert len(output.since(0)) == MOST_LINES


def test_a_device_or_a_pipe_is_no_compose_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert check_place(str(tmp_path / "pipe"))
    assert check_place("/dev/zero")
    assert check_place(str(tmp_path)) is None
