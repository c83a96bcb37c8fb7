"""The docker CLI judges the demo engine: HYTHE_TEST_DOCKER_CLI names it, else the one on PATH."""

import asyncio
import json
import os
import shutil
import tarfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tui.demo.server import serve_demo

CLI = os.environ.get("HYTHE_TEST_DOCKER_CLI") or shutil.which("docker")
pytestmark = pytest.mark.skipif(not CLI, reason="no docker CLI: none on PATH and HYTHE_TEST_DOCKER_CLI is not set")


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Docker = Callable[..., Awaitable[Ran]]


@pytest.fixture
async def docker(tmp_path: Path) -> AsyncIterator[Docker]:
    """A fresh demo engine, and the CLI on it: returns code, stdout, stderr; a non-zero code fails unless `ok=False`."""
    config = tmp_path / "docker-config"
    config.mkdir()
    async with serve_demo(containers=14) as socket:
        env = {**os.environ, "DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(config), "DOCKER_BUILDKIT": "0"}

        async def run(*words: str, stdin: bytes = b"", ok: bool = True) -> Ran:
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                str(CLI), *words, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd=tmp_path
            )
            out, err = await asyncio.wait_for(process.communicate(stdin), 30)
            ran = Ran(process.returncode or 0, out.decode(), err.decode())
            assert not ok or ran.code == 0, ran
            return ran

        yield run


async def test_ps_shows_the_cast(docker: Docker) -> None:
    rows = [json.loads(line) for line in (await docker("ps", "-a", "--format", "json")).out.splitlines()]
    status = {row["Names"]: row["Status"] for row in rows}
    assert len(rows) == 14
    assert status["shop-search-1"] == "Up 5 hours (unhealthy)"
    assert status["shop-queue-1"] == "Up 40 hours (Paused)"
    assert status["shop-payments-1"].startswith("Restarting (2)")
    assert status["reports"].startswith("Exited (137)")


async def test_run_attached(docker: Docker) -> None:
    assert (await docker("run", "--rm", "busybox", "echo", "hi")).out == "hi\n"
    ran = await docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; sleep 0.1; exit 4", ok=False)
    assert (ran.code, ran.out, ran.err) == (4, "out\n", "err\n")
    assert (await docker("run", "--rm", "-i", "busybox", "cat", stdin=b"typed\n")).out == "typed\n"
    assert len((await docker("ps", "-aq")).out.split()) == 14


async def test_run_of_a_missing_command_leaves_a_created_container(docker: Docker) -> None:
    ran = await docker("run", "--name", "broken", "busybox", "nosuch", ok=False)
    assert ran.code == 127
    assert 'exec: "nosuch": executable file not found in $PATH' in ran.err
    state = json.loads((await docker("inspect", "broken", "-f", "{{json .State}}")).out)
    assert (state["Status"], state["ExitCode"]) == ("created", 127)


async def test_life_cycle(docker: Docker) -> None:
    await docker("run", "-d", "--name", "one", "busybox", "sh", "-c", "echo x > /file; sleep 600")
    assert (await docker("diff", "one")).out == "A /file\n"
    assert "sleep 600" in (await docker("top", "one")).out
    await docker("pause", "one")
    assert "Paused" in (await docker("ps", "--filter", "name=one")).out
    await docker("unpause", "one")
    await docker("rename", "one", "two")
    await docker("restart", "-t", "0", "two")
    await docker("kill", "-s", "USR1", "two")
    waiting = asyncio.ensure_future(docker("wait", "two"))
    await docker("kill", "two")
    assert (await waiting).out == "137\n"
    assert "is not running" in (await docker("kill", "two", ok=False)).err
    await docker("rm", "two")


async def test_commit_tag_history_save_rmi(docker: Docker, tmp_path: Path) -> None:
    await docker("run", "--name", "one", "busybox", "sh", "-c", "echo x > /file")
    await docker("commit", "-m", "why", "-a", "me", "-c", "ENV A=b", "one", "mine:1")
    await docker("tag", "mine:1", "mine:2")
    assert "why" in (await docker("history", "mine:2")).out
    await docker("save", "-o", str(tmp_path / "saved.tar"), "mine:1", "mine:2")
    with tarfile.open(tmp_path / "saved.tar") as tar:
        names = tar.getnames()
        assert names[-4:] == ["index.json", "manifest.json", "oci-layout", "repositories"]
    await docker("rm", "one")
    assert (await docker("rmi", "mine:1")).out == "Untagged: mine:1\n"
    assert "Deleted: sha256:" in (await docker("rmi", "mine:2")).out
    assert (await docker("load", "-i", str(tmp_path / "saved.tar"))).out.startswith("Loaded image: mine:")


async def test_exec_and_cp(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("data")
    await docker("cp", "f", "toolbox:/copied")
    assert (await docker("exec", "toolbox", "cat", "/copied")).out == "data"
    assert (await docker("exec", "-i", "toolbox", "sh", stdin=b"cd /bin\npwd\nexit 5\n", ok=False))[:2] == (5, "/bin\n")
    assert (await docker("exec", "toolbox", "nosuch", ok=False)).code == 127
    await docker("cp", "toolbox:/copied", "back")
    assert (tmp_path / "back").read_text() == "data"


async def test_logs_stats_events(docker: Docker) -> None:
    assert len((await docker("logs", "--tail", "4", "shop-api-1")).out.splitlines()) <= 4
    rows = (await docker("stats", "--no-stream", "--format", "{{.Name}} {{.CPUPerc}} {{.PIDs}}")).out.splitlines()
    percent = {row.split()[0]: float(row.split()[1].rstrip("%")) for row in rows}
    assert 0 < percent["shop-worker-1"] < 100
    assert percent["toolbox"] < 0.1
    await docker("stop", "-t", "0", "toolbox")
    told = (
        await docker("events", "--since", "1m", "--until", str(int(time.time()) + 1), "--format", "{{.Action}}")
    ).out.split()
    assert [word for word in told if word in ("kill", "stop", "die")] == ["kill", "kill", "stop", "die"]


@pytest.mark.parametrize("times", [1, 2])
async def test_classic_build(docker: Docker, tmp_path: Path, times: int) -> None:
    (tmp_path / "ctx").mkdir()
    (tmp_path / "ctx" / "a.txt").write_text("a")
    (tmp_path / "ctx" / "Dockerfile").write_text(
        "FROM busybox\nWORKDIR /app\nCOPY a.txt ./\nRUN echo one\nCMD cat a.txt\n"
    )
    for _ in range(times):
        ran = await docker("build", "-t", "built:1", "ctx")
    assert "Successfully tagged built:1" in ran.out
    assert ran.out.count("Using cache") == (4 if times == 2 else 0)
    assert (await docker("run", "--rm", "built:1")).out == "a"


async def test_build_failure_has_the_exit_code(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "ctx").mkdir()
    (tmp_path / "ctx" / "Dockerfile").write_text("FROM busybox\nRUN exit 3\n")
    ran = await docker("build", "ctx", ok=False)
    assert ran.code == 3
    assert "returned a non-zero code: 3" in ran.err


async def test_pull_search_disk_and_prune(docker: Docker) -> None:
    assert "Downloaded newer image for ubuntu:24.04" in (await docker("pull", "ubuntu:24.04")).out
    assert "pull access denied" in (await docker("pull", "nobody/nothing", ok=False)).err
    assert "redis" in (await docker("search", "redis")).out
    assert "Build Cache" in (await docker("system", "df", "-v")).out.replace("Build cache", "Build Cache")
    assert "Total reclaimed space" in (await docker("system", "prune", "-f")).out
    assert (await docker("ps", "-aq", "--filter", "status=exited")).out == ""


async def test_volumes_and_networks(docker: Docker) -> None:
    await docker("volume", "create", "own")
    assert "own" in (await docker("volume", "ls", "-q")).out.split()
    await docker("volume", "rm", "own")
    assert "volume is in use" in (await docker("volume", "rm", "shop_pgdata", ok=False)).err
    await docker("network", "create", "net")
    await docker("network", "connect", "net", "toolbox")
    assert "toolbox" in (await docker("network", "inspect", "net")).out
    assert "has active endpoints" in (await docker("network", "rm", "net", ok=False)).err
    await docker("network", "disconnect", "net", "toolbox")
    await docker("network", "rm", "net")
