"""The buildx plugin as a program: one that hangs, one whose own programs outlive it, and a build that is left early."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from tui.engine import buildx
from tui.engine.buildx import Buildx, build_with_buildx, find_buildx
from tui.engine.endpoint import Endpoint
from waiting import until

BOUND = 10.0
ENDPOINT = Endpoint("unix:///run/nobody.sock", "test")


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a plugin of a script of the shell, to which `$HELPER` starts a program that leaves its group."""
    helper = f"setsid sleep 600 & echo $! >{tmp_path}/helper"

    def make(script: str) -> Path:
        program = tmp_path / "cli-plugins" / "docker-buildx"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script.replace('$HELPER', helper)}\n")
        program.chmod(0o755)
        return program

    yield make
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((tmp_path / "helper").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("script", "found"),
    [("$HELPER; echo v0.17.1", True), ("$HELPER; trap '' TERM; sleep 600", False), ("exit 1", False)],
    ids=["outlived", "hangs", "fails"],
)
async def test_the_plugin_is_looked_for(
    plugin: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, script: str, *, found: bool
) -> None:
    monkeypatch.setattr(buildx, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(buildx, "VERSION_SECONDS", 0.3 if "600" in script else BOUND)
    monkeypatch.setattr(buildx, "_FOLDERS", ())
    path = plugin(script)
    async with asyncio.timeout(BOUND):
        there = await find_buildx({"DOCKER_CONFIG": str(path.parent.parent)})
    assert there == (Buildx(str(path), "0.17.1") if found else None)


async def test_a_build_that_is_left_ends_with_what_it_started(
    plugin: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(buildx, "GRACE_SECONDS", 0.1)
    log = '{"logs":[{"vertex":"a","stream":2,"data":"aGkK"}]}'
    numbers = f"echo $$ >{tmp_path}/pid; sleep 600 & echo $! >{tmp_path}/child"
    path = plugin(f"$HELPER; trap '' TERM; {numbers}; echo '{log}' >&2; wait; sleep 600")
    async with asyncio.timeout(BOUND):
        async with aclosing(build_with_buildx(Buildx(str(path), "0.17.1"), ENDPOINT, ["."], {})) as events:
            async for _ in events:
                break
    for name in ("pid", "child"):
        number = int((tmp_path / name).read_text())
        await until(lambda number=number: not _runs(number), BOUND)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
