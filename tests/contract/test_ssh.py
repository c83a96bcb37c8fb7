"""A daemon behind ssh: one connection for everything, every way to be refused in words, and nothing left at any end."""

import asyncio
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from ssh_server import SshServer, left_in, make_key, ssh_of
from tui.engine.endpoint import Endpoint, parse_endpoint
from tui.engine.errors import ConnectionFailed, ConnectionLost
from tui.engine.transport import Transport
from waiting import until

ROOT = Path(__file__).resolve().parent.parent.parent
NewSshd = Callable[..., SshServer]


@pytest.fixture(autouse=True)
def runtime_folder(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the private folders of ssh connections are made."""
    folder = short_tmp / "run"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@asynccontextmanager
async def through(server: SshServer, path: str = "") -> AsyncIterator[Transport]:
    """A transport through the server to the socket `path`, or to the one that the other side finds."""
    before = os.environ["PATH"]
    os.environ["PATH"] = server.path
    transport = Transport(parse_endpoint(f"{server.url}{path}", "test"))
    try:
        yield transport
    finally:
        await transport.close()
        os.environ["PATH"] = before


async def failure(server: SshServer, path: str = "") -> ConnectionFailed:
    """How connecting fails."""
    async with through(server, path) as transport:
        with pytest.raises(ConnectionFailed) as caught:
            await transport.negotiate()
    assert caught.value.hint
    return caught.value


def docker_path(docker_cli: str) -> str:
    return f"{Path(docker_cli).parent}:{os.environ['PATH']}"


async def test_fifty_requests_at_once_are_one_connection(
    new_sshd: NewSshd, engine_socket: str, runtime_folder: Path
) -> None:
    server = new_sshd("MaxStartups 2:100:2", "MaxSessions 1")
    before = server.connections()
    async with through(server, engine_socket) as transport:
        answers = await asyncio.gather(*(transport.read("GET", "/info") for _ in range(50)))
        assert len(answers) == 50
        assert all(answers)
        assert server.connections() - before == 1
        (folder,) = left_in(runtime_folder)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert transport.connections.remote_host == "127.0.0.1"
    assert not left_in(runtime_folder), "nothing is left behind"


async def test_sessions_in_place_of_forwarding_share_a_few_connections(
    new_sshd: NewSshd, docker_cli: str, demo_socket: str, runtime_folder: Path
) -> None:
    """Twenty streams and fifty requests: a connection for each eight sessions, made one after the other."""
    env = {"PATH": docker_path(docker_cli)}
    server = new_sshd("AllowStreamLocalForwarding no", "MaxStartups 2:100:2", environment=env)
    before = server.connections()
    async with through(server, demo_socket) as transport:
        await transport.negotiate()
        await asyncio.gather(*(transport.read("GET", "/info") for _ in range(50)))
        assert server.connections() - before == 1
        opened = 0
        closing = asyncio.Event()

        async def stream() -> None:
            nonlocal opened
            async with transport.stream("GET", "/events") as answer:
                assert answer.status == 200
                opened += 1
                await closing.wait()

        streams = [asyncio.create_task(stream()) for _ in range(20)]
        await until(lambda: opened == 20 or any(task.done() for task in streams))
        assert opened == 20
        assert (await transport.ping()).api_version, "there is room for more"
        assert 2 <= server.connections() - before <= 4
        closing.set()
        await asyncio.gather(*streams)
    assert not left_in(runtime_folder)


async def test_the_remote_side_says_where_its_daemon_is(
    new_sshd: NewSshd, docker_cli: str, demo_socket: str, tmp_path: Path
) -> None:
    """DOCKER_HOST there, then the current context there; with a docker command or without."""
    config = tmp_path / "remote-docker"
    add_context(docker_cli, config, demo_socket)
    for environment in (
        {"DOCKER_HOST": f"unix://{demo_socket}", "PATH": "/usr/bin:/bin"},
        {"DOCKER_CONFIG": str(config), "PATH": docker_path(docker_cli)},
    ):
        async with through(new_sshd(environment=environment)) as transport:
            assert (await transport.negotiate()).api_version
            assert await engine_id(transport) == await engine_id(parse_endpoint(demo_socket, "test"))


def add_context(docker_cli: str, config: Path, socket: str) -> None:
    """Make a context that leads to `socket`, and make it the current one."""
    command = [docker_cli, "context", "create", "rootless", "--docker", f"host=unix://{socket}"]
    env = {"DOCKER_CONFIG": str(config), "PATH": os.environ["PATH"]}
    subprocess.run(command, env=env, check=True, capture_output=True)
    (config / "config.json").write_text('{"currentContext": "rootless"}')


async def engine_id(where: Transport | Endpoint) -> object:
    transport = Transport(where) if isinstance(where, Endpoint) else where
    try:
        return (await transport.get("/info", dict[str, object]))["ID"]
    finally:
        if transport is not where:
            await transport.close()


async def test_a_login_that_prints_first_and_one_that_runs_nothing_else(
    new_sshd: NewSshd, docker_cli: str, demo_socket: str
) -> None:
    noisy = new_sshd(
        """ForceCommand echo welcome; sh -c "$SSH_ORIGINAL_COMMAND" """,
        environment={"DOCKER_HOST": f"unix://{demo_socket}", "PATH": "/usr/bin:/bin"},
    )
    async with through(noisy) as transport:
        assert (await transport.negotiate()).api_version
    forced = new_sshd(f"ForceCommand {docker_cli} -H unix://{demo_socket} system dial-stdio", "DisableForwarding yes")
    async with through(forced) as transport:
        assert (await transport.negotiate()).api_version


async def test_a_connection_that_dies_is_lost_and_made_anew(sshd: SshServer, engine_socket: str) -> None:
    before = sshd.connections()
    async with through(sshd, engine_socket) as transport:
        await transport.negotiate()
        async with transport.stream("GET", "/events") as answer:
            os.kill(ssh_of(os.getpid()), signal.SIGKILL)
            with pytest.raises(ConnectionLost):
                async for _ in answer.chunks():
                    pass
        async with asyncio.timeout(30):
            while True:  # a request that comes before the end of ssh is known is lost too, and no other
                with suppress(ConnectionLost):
                    assert await transport.read("GET", "/info")
                    break
        assert sshd.connections() - before == 2


async def test_a_daemon_that_goes_away_behind_ssh(sshd: SshServer, short_tmp: Path, demo_socket: str) -> None:
    link = short_tmp / "docker.sock"
    link.symlink_to(demo_socket)
    async with through(sshd, str(link)) as transport:
        await transport.negotiate()
        link.unlink()
        await transport.connections.renew()  # its kept-alive connections still work
        with pytest.raises(ConnectionFailed, match="hythe-test has no ") as caught:
            await transport.negotiate()
        assert caught.value.kind == "no socket"
        link.symlink_to(demo_socket)
        assert (await transport.negotiate()).api_version


async def test_a_daemon_that_comes_later_needs_no_second_login(
    new_sshd: NewSshd, short_tmp: Path, demo_socket: str
) -> None:
    server = new_sshd()
    link = short_tmp / "docker.sock"
    async with through(server, str(link)) as transport:
        for _ in range(3):
            with pytest.raises(ConnectionFailed, match="hythe-test has no "):
                await transport.negotiate()
        link.symlink_to(demo_socket)
        assert (await transport.negotiate()).api_version
        assert server.connections() == 1


async def test_who_waits_is_told_when_the_way_is_closed(new_sshd: NewSshd) -> None:
    """A request under way must not look as if it had been cancelled itself: that would end whoever sent it."""
    server = new_sshd()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.setblocking(False)
        point_at(server, silent.getsockname()[1])
        async with through(server, "/d.sock") as transport:
            asking = asyncio.create_task(transport.negotiate())
            taken, _ = await asyncio.get_running_loop().sock_accept(silent)
            with taken:
                await transport.close()
                with pytest.raises(ConnectionFailed, match="closed here"):
                    await asking


async def test_the_private_folder_is_gone(sshd: SshServer, demo_socket: str, runtime_folder: Path) -> None:
    """logind removes it when the user logs out everywhere, though hythe goes on in tmux."""
    async with through(sshd, demo_socket) as transport:
        await transport.negotiate()
        (folder,) = left_in(runtime_folder)
        ssh = ssh_of(os.getpid())
        shutil.rmtree(folder)
        await transport.connections.renew()  # its kept-alive connections still work
        async with asyncio.timeout(30):
            while True:  # the first that does not come through tells that the way has to be made anew
                with suppress(ConnectionFailed):
                    assert (await transport.negotiate()).api_version
                    break
        assert ssh_of(os.getpid()) != ssh
        assert left_in(runtime_folder) != [folder]
    assert not left_in(runtime_folder)


def point_at(server: SshServer, port: int) -> None:
    """Let ssh go to another port."""
    configuration = server.folder / "ssh_config"
    configuration.write_text(configuration.read_text().replace(f"Port {server.port}", f"Port {port}"))


# refusals


async def test_sockets_that_lead_nowhere(new_sshd: NewSshd, sshd: SshServer, short_tmp: Path) -> None:
    error = await failure(sshd, "/no/such.sock")
    assert (error.kind, error.detail) == ("no socket", "hythe-test has no /no/such.sock")
    dead = short_tmp / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(dead))
    bare = new_sshd(environment={"PATH": "/usr/bin:/bin"})
    assert (await failure(bare, str(dead))).kind in ("refused", "ssh")
    unable = new_sshd("DisableForwarding yes", environment={"PATH": "/nowhere"})
    error = await failure(unable, str(dead))
    assert "forwards no sockets, and there is no docker command" in str(error)


async def test_host_keys(new_sshd: NewSshd, demo_socket: str) -> None:
    server = new_sshd()
    known = server.folder / "known_hosts"
    right = known.read_text()
    known.write_text("")
    error = await failure(server, demo_socket)
    assert (error.kind, error.detail) == ("ssh asks", "the host key of hythe-test is not known yet")
    other = server.folder / "other"
    make_key(other)
    known.write_text(f"{right.split()[0]} {' '.join(other.with_suffix('.pub').read_text().split()[:2])}\n")
    error = await failure(server, demo_socket)
    assert (error.kind, error.detail) == ("ssh", "the host key of hythe-test is not the one that is known")
    known.write_text("")
    server.configure("StrictHostKeyChecking yes")
    error = await failure(server, demo_socket)
    assert error.kind == "ssh"
    assert "StrictHostKeyChecking" in error.detail


async def test_keys_that_are_not_taken(new_sshd: NewSshd, demo_socket: str) -> None:
    server = new_sshd()
    (server.folder / "authorized_keys").write_text("")
    error = await failure(server, demo_socket)
    assert (error.kind, error.detail) == ("ssh asks", "hythe-test takes no key that needs no answer")


async def test_an_unanswered_question_does_not_knock_again(new_sshd: NewSshd, demo_socket: str) -> None:
    server = new_sshd()
    (server.folder / "authorized_keys").write_text("")
    async with through(server, demo_socket) as transport:
        for _ in range(5):
            with pytest.raises(ConnectionFailed, match="ssh asks"):
                await transport.negotiate()
            assert transport.connections.asks
        assert server.connections() == 1


async def test_machines_that_cannot_be_reached(new_sshd: NewSshd, sshd: SshServer) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = parse_endpoint(f"ssh://127.0.0.1:{held.getsockname()[1]}/d.sock", "test").url
        async with through(sshd) as transport:
            refused = Transport(parse_endpoint(url, "test"))
            with pytest.raises(ConnectionFailed) as caught:
                await refused.negotiate()
            await refused.close()
            assert caught.value.kind == "refused"
            nowhere = Transport(parse_endpoint("ssh://no-such-host.invalid", "test"))
            with pytest.raises(ConnectionFailed, match=r"no machine has the name no-such-host\.invalid"):
                await nowhere.negotiate()
            await nowhere.close()
            assert not transport.connections.asks
    server = new_sshd()
    server.configure("NoSuchOption yes")
    assert "configuration option" in str(await failure(server))


async def test_a_proxy_that_outlives_ssh_keeps_nobody_waiting(new_sshd: NewSshd, tmp_path: Path) -> None:
    """It holds ssh's standard error, since it got it from ssh, and left ssh's session."""
    server = new_sshd()
    proxy = tmp_path / "proxy"
    proxy.write_text(f"#!/bin/sh\nsetsid sleep 600 </dev/null >/dev/null &\necho $! >{tmp_path}/pid\nexit 1\n")
    proxy.chmod(0o755)
    server.configure(f"ProxyCommand {proxy}")
    try:
        async with asyncio.timeout(20):
            error = await failure(server)
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert error.kind == "ssh"
    # as far as ssh came before the proxy ended
    assert re.search("closed the connection|Connection closed|Broken pipe", error.detail)


@pytest.mark.parametrize(
    ("of", "number", "hint"),
    [
        ("ssh_guard.tempfile.mkdtemp", errno.ENOSPC, "written to"),
        ("ssh_guard.start_program", errno.EAGAIN, "at once"),
        ("ssh_master.start_program", errno.EMFILE, "at once"),
        ("ssh_master.SshMaster.run", errno.EMFILE, "at once"),
        ("ssh_stdio.StdioDoor.listen", errno.EROFS, "written to"),
        ("ssh.start_program", errno.EIO, "outside"),
    ],
)
async def test_what_is_wrong_on_this_machine_is_told_and_tried_again(
    new_sshd: NewSshd, docker_cli: str, demo_socket: str, runtime_folder: Path, of: str, number: int, hint: str
) -> None:
    where = {"DOCKER_HOST": f"unix://{demo_socket}", "PATH": docker_path(docker_cli)}
    server = new_sshd("AllowStreamLocalForwarding no", environment=where)

    def fails(*_arguments: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    async with through(server) as transport:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"tui.engine.{of}", fails)
            with pytest.raises(ConnectionFailed, match=os.strerror(number)) as caught:
                await transport.negotiate()
        assert (caught.value.kind, hint in caught.value.hint) == ("ssh", True)
        if of.startswith("ssh_guard"):
            assert not left_in(runtime_folder)
        assert (await transport.negotiate()).api_version
    assert not left_in(runtime_folder)


async def test_without_an_ssh_command(monkeypatch: pytest.MonkeyPatch, runtime_folder: Path) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    transport = Transport(parse_endpoint("ssh://host", "test"))
    with pytest.raises(ConnectionFailed, match="there is no ssh command here") as caught:
        await transport.negotiate()
    await transport.close()
    assert "openssh-client" in caught.value.hint
    assert not left_in(runtime_folder)


# nothing is left

HOLD = """
import asyncio, signal, sys
from tui.engine.endpoint import Endpoint, parse_endpoint
from tui.engine.transport import Transport
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests may have been told to ignore it
async def main():
    transport = Transport(parse_endpoint(sys.argv[1], "test"))
    await transport.negotiate()
    print("connected", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
async def test_a_hythe_that_is_killed_leaves_no_ssh_and_no_file(
    sshd: SshServer, demo_socket: str, runtime_folder: Path, number: signal.Signals
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, f"{sshd.url}{demo_socket}", cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PATH": sshd.path, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"connected\n"
    ssh = ssh_of(process.pid)
    assert left_in(runtime_folder)
    process.send_signal(number)
    await process.wait()
    await until(lambda: not Path(f"/proc/{ssh}").exists() and not left_in(runtime_folder))


async def test_an_attempt_that_is_given_up_leaves_nothing(
    new_sshd: NewSshd, short_tmp: Path, runtime_folder: Path
) -> None:
    """A server that takes the connection and says nothing."""
    server = new_sshd()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        point_at(server, silent.getsockname()[1])
        async with through(server, "/d.sock") as transport:
            connecting = asyncio.create_task(transport.negotiate())
            silent.setblocking(False)
            taken, _ = await asyncio.get_running_loop().sock_accept(silent)
            connecting.cancel()
            with taken, pytest.raises(asyncio.CancelledError):
                await connecting
    assert not left_in(runtime_folder)
