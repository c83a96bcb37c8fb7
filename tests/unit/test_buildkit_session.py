"""What the daemon may ask for in the session of a build: secrets, logins, an ssh agent, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lines import line
from tui.engine.buildkit_session import MOST_SECRET, BuildSession, SecretError, agent_socket, read_secret, secrets_by_id
from tui.engine.credentials import Credentials, CredentialsError, DockerLogins
from tui.model.build_sources import AgentSource, SecretSource, parse_secret
from tui.wire.grpc import GrpcConnection
from tui.wire.grpc_call import NOT_FOUND, UNIMPLEMENTED, GrpcError, frame
from tui.wire.protowire import bytes_field, first_bytes

SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
LOGIN = "/moby.filesync.v1.Auth/Credentials"
CHECK = "/moby.sshforward.v1.SSH/CheckAgent"
FORWARD = "/moby.sshforward.v1.SSH/ForwardAgent"


class Daemon:
    """Asks what a daemon would ask of a session."""

    def __init__(self, session: BuildSession) -> None:
        ours, self._end = line()
        self.client = GrpcConnection(ours)
        server = GrpcConnection(self._end, session._methods)  # pyright: ignore[reportPrivateUsage]
        self._tasks = [asyncio.create_task(self.client.run()), asyncio.create_task(server.run())]

    async def ask(self, path: str, text: str = "") -> bytes:
        """The answer to a message with one text."""
        return await self.client.ask(path, bytes_field(1, text))

    async def close(self) -> None:
        """End the line."""
        self._end.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Logins(DockerLogins):
    """Knows one registry; another one's helper is broken."""

    async def find(self, registry: str) -> Credentials | None:
        if registry == "broken":
            raise CredentialsError("docker-credential-x failed: no")
        return Credentials("me", "hunter2") if registry == "registry.example:5000" else None


@pytest.fixture
async def agent(short_tmp: Path) -> AsyncIterator[Path]:
    """An agent that says everything back in capitals."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data.upper())
            await writer.drain()
        writer.close()

    path = short_tmp / "agent"
    async with await asyncio.start_unix_server(serve, path):
        yield path


async def test_secrets_are_read_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_bytes(b"first")
    monkeypatch.setenv("TOKEN", "hunter2")
    sources = map(parse_secret, ("id=key,src=key", "id=token,env=TOKEN", "id=gone,src=nothing", "id=unset,env=NOT_SET"))
    session = BuildSession(secrets_by_id=secrets_by_id(sources), folder=str(tmp_path))
    daemon = Daemon(session)
    (tmp_path / "key").write_bytes(b"second\n")
    assert first_bytes(await daemon.ask(SECRET, "key"), 1) == b"second\n"
    assert first_bytes(await daemon.ask(SECRET, "token"), 1) == b"hunter2"
    for name, words in (("other", "other: not found"), ("gone", "No such file"), ("unset", "no variable NOT_SET")):
        with pytest.raises(GrpcError, match=words):
            await daemon.ask(SECRET, name)
    assert isinstance(session.failure, SecretError)
    assert "hunter2" not in repr(vars(session))
    await daemon.close()


def test_a_secret_that_is_too_large_is_none(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(MOST_SECRET + 1))
    with pytest.raises(SecretError, match="more than 500 kB"):
        read_secret(SecretSource("big", "file", str(tmp_path / "big")))


async def test_what_was_not_given_is_not_there() -> None:
    daemon = Daemon(BuildSession())
    for path in (SECRET, LOGIN, CHECK, FORWARD, "/moby.filesync.v1.FileSync/DiffCopy"):
        with pytest.raises(GrpcError) as caught:
            await daemon.ask(path)
        assert caught.value.code == UNIMPLEMENTED
    assert await daemon.ask("/grpc.health.v1.Health/Check") == b"\x08\x01"
    await daemon.close()


async def test_logins_are_given_by_host() -> None:
    session = BuildSession(logins=Logins())
    daemon = Daemon(session)
    answer = await daemon.ask(LOGIN, "registry.example:5000")
    assert (first_bytes(answer, 1), first_bytes(answer, 2)) == (b"me", b"hunter2")
    assert await daemon.ask(LOGIN, "elsewhere") == b""
    with pytest.raises(GrpcError, match="docker-credential-x failed"):
        await daemon.ask(LOGIN, "broken")
    assert "hunter2" not in repr(Credentials("me", "hunter2"))
    await daemon.close()


async def test_an_agent_is_reached_both_ways(agent: Path) -> None:
    daemon = Daemon(BuildSession(agents=[AgentSource("default", str(agent))]))
    assert await daemon.ask(CHECK, "default") == b""
    assert await daemon.ask(CHECK, "") == b""
    async with daemon.client.open(FORWARD, {"buildkit.ssh.id": "default"}) as call:
        for text in (b"hello", b"x" * 100_000):
            await call.send(frame(bytes_field(1, text)))
            got = b""
            while len(got) < len(text):
                got += first_bytes(await call.receive() or b"", 1)
            assert got == text.upper()
    with pytest.raises(GrpcError) as caught:
        await daemon.ask(CHECK, "other")
    assert caught.value.code == NOT_FOUND
    await daemon.close()


async def test_an_agent_that_is_not_there(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    daemon = Daemon(BuildSession(agents=[AgentSource("default"), AgentSource("gone", str(short_tmp / "gone"))]))
    with pytest.raises(GrpcError, match="SSH_AUTH_SOCK is not set"):
        await daemon.ask(CHECK, "default")
    with pytest.raises(GrpcError, match="no ssh agent listens"):
        await daemon.ask(CHECK, "gone")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(short_tmp))
    assert agent_socket(AgentSource("default")) == str(short_tmp)
    with pytest.raises(GrpcError, match="the ssh agent at"):
        await daemon.ask(FORWARD, "")
    await daemon.close()
