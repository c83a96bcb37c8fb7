"""ssh whose ProxyCommand outlives it: its words are told, ending it ends, and hythe leaves nothing of its own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tui.engine.errors import ConnectionFailed
from tui.engine.ssh_address import SshAddress
from tui.engine.ssh_guard import Guard
from tui.engine.ssh_master import SshMaster
from waiting import until

BOUND = 10.0
"""Far less than a login may take, or than the proxies live."""

LET_IN = 'while [ "$1" != -S ]; do shift; done; : >"$2"; while :; do sleep 0.02; done'
"""What ssh does that is let in: it makes its control socket, and stays."""

FakeSsh = Callable[[str], None]


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSsh]:
    """Puts a script of the shell in ssh's place. `proxies` has the numbers of what it leaves behind."""

    def make(script: str) -> None:
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PROXIES", str(tmp_path / "proxies"))
    yield make
    for pid in proxies(tmp_path):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
async def guard(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Guard]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_tmp))
    guard = await Guard.start()
    yield guard
    await guard.close()


def proxies(folder: Path) -> list[int]:
    path = folder / "proxies"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


OF_ITS_OWN = 'setsid sleep 600 & echo $! >>"$PROXIES";'
IN_THE_GROUP = 'sleep 600 & echo $! >>"$PROXIES";'
STUBBORN = "(trap '' TERM HUP; sleep 600; sleep 600) & echo $! >>\"$PROXIES\";"


@pytest.mark.parametrize("proxy", [OF_ITS_OWN, IN_THE_GROUP, STUBBORN], ids=["own", "group", "stubborn"])
async def test_what_ssh_said_is_told_though_its_proxy_lives_on(
    ssh: FakeSsh, guard: Guard, tmp_path: Path, proxy: str
) -> None:
    ssh(f'{proxy} echo "me@box: Permission denied (publickey)." >&2; exit 255')
    master = SshMaster(SshAddress("box", "me"), guard)
    async with asyncio.timeout(BOUND):
        with pytest.raises(ConnectionFailed, match="box takes no key") as caught:
            await master.start()
        await master.stop()
    assert caught.value.kind == "ssh asks"
    if proxy is not OF_ITS_OWN:
        await until(lambda: not any(map(runs, proxies(tmp_path))), BOUND)


@pytest.mark.parametrize("proxy", [OF_ITS_OWN, IN_THE_GROUP, STUBBORN], ids=["own", "group", "stubborn"])
@pytest.mark.parametrize("heeds", [True, False], ids=["heeds", "ignores"])
async def test_ending_it_ends(
    ssh: FakeSsh, guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, *, heeds: bool
) -> None:
    monkeypatch.setattr("tui.engine.ssh_master.STOP_SECONDS", 0.3)
    ssh(f"{proxy} {LET_IN}" if heeds else f"trap '' TERM; {proxy} {LET_IN}")
    master = SshMaster(SshAddress("box", "me"), guard)
    async with asyncio.timeout(BOUND):
        await master.start()
        assert master.alive
        await master.stop()
    assert not master.alive
    if proxy is not OF_ITS_OWN:
        await until(lambda: not any(map(runs, proxies(tmp_path))), BOUND)


async def test_one_that_dies_by_itself_is_known_to_be_dead(ssh: FakeSsh, guard: Guard, tmp_path: Path) -> None:
    ssh(f'{OF_ITS_OWN} echo $$ >"$PROXIES.ssh"; {LET_IN}')
    master = SshMaster(SshAddress("box", "me"), guard)
    async with asyncio.timeout(BOUND):
        await master.start()
        os.kill(int((tmp_path / "proxies.ssh").read_text()), signal.SIGKILL)
        await until(lambda: not master.alive)
        await master.stop()


async def test_commands_that_hang_are_ended(
    ssh: FakeSsh, guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes through the connection: neither a hang nor a cancellation leaves an ssh."""
    monkeypatch.setattr("tui.engine.ssh_master.FORWARD_SECONDS", 0.2)
    ssh('echo $$ >>"$PROXIES"; exec sleep 600')
    master = SshMaster(SshAddress("box", "me"), guard)
    async with asyncio.timeout(BOUND):
        assert "did not answer" in " ".join(await master.forward(tmp_path / "local.sock", "/run/docker.sock"))
        with pytest.raises(ConnectionFailed, match="does not answer"):
            await master.run("true", 0.2)
    monkeypatch.setattr("tui.engine.ssh_master.FORWARD_SECONDS", 600.0)
    for work in (master.forward(tmp_path / "local.sock", "/run/docker.sock"), master.run("true", 600)):
        before = len(proxies(tmp_path))
        task = asyncio.ensure_future(work)
        await until(lambda before=before: len(proxies(tmp_path)) > before)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not any(map(runs, proxies(tmp_path)))
