"""A pull and a push that break, or end too soon, at any place: told as what they are, and never taken for done."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from raw_engine import PING, RawEngine, answer, raw_engine
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, ConnectionLost, EngineError
from tui.jobs.pull import PullJob
from tui.jobs.push import PushJob

PULL = [
    {"status": "Pulling from library/app", "id": "1"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "a"},
    {"status": "Downloading", "progressDetail": {"current": 5, "total": 10}, "id": "a"},
    {"status": "Download complete", "progressDetail": {}, "id": "a"},
    {"status": "Pull complete", "progressDetail": {}, "id": "a"},
    {"status": "Digest: sha256:1"},
    {"status": "Status: Downloaded newer image for app:1"},
]
PUSH = [
    {"status": "The push refers to repository [r.example/app]"},
    {"status": "Preparing", "progressDetail": {}, "id": "a"},
    {"status": "Pushed", "progressDetail": {}, "id": "a"},
    {"status": "1: digest: sha256:1 size: 527"},
    {"progressDetail": {}, "aux": {"Tag": "1", "Digest": "sha256:1", "Size": 527}},
]


def lines(documents: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\r\n" for document in documents)


@pytest.fixture
async def server(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RawEngine]:
    monkeypatch.setenv("DOCKER_CONFIG", str(short_tmp))
    async with raw_engine(short_tmp) as server:
        server.replies = {"/_ping": PING}
        yield server


@pytest.fixture
async def engine(server: RawEngine) -> AsyncIterator[Engine]:
    engine = Engine(Endpoint(server.url, "test"))
    await engine.connect()
    yield engine
    await engine.close()


async def pull(engine: Engine) -> None:
    async for _ in engine.transfers.pull("app", "1"):
        pass


@pytest.mark.parametrize("count", range(len(PULL) + 1))
async def test_a_pull_that_ends_after_any_document(server: RawEngine, engine: Engine, count: int) -> None:
    server.replies["/images/create"] = answer(lines(PULL[:count]))
    if count == len(PULL):
        await pull(engine)
    else:
        with pytest.raises(ConnectionLost, match="midst"):
            await pull(engine)


@pytest.mark.parametrize("at", range(0, len(lines(PULL)) - 3, 7))
async def test_a_pull_whose_line_breaks(server: RawEngine, engine: Engine, at: int) -> None:
    whole = answer(lines(PULL))

    async def part(writer: asyncio.StreamWriter) -> None:
        writer.write(whole[: len(whole) - len(lines(PULL)) + at])
        await writer.drain()
        writer.close()

    server.replies["/images/create"] = part
    with pytest.raises(EngineError):
        await pull(engine)


@pytest.mark.parametrize("count", range(len(PUSH) + 1))
async def test_a_push_that_ends_after_any_document(server: RawEngine, engine: Engine, count: int) -> None:
    server.replies["/images/r.example/app/push"] = answer(lines(PUSH[:count]))
    job = PushJob(engine, "r.example/app:1")
    job.start()
    await job.wait()
    if count < 4:
        assert (job.state, "midst" in job.error) == ("failed", True)
    else:
        assert (job.state, job.error) == ("done", "")
    sent = server.requests[-1]
    assert sent.headers["x-registry-auth"] == "e30="
    assert sent.target.endswith("/push?tag=1")


async def test_an_error_in_the_midst_has_the_daemons_words(server: RawEngine, engine: Engine) -> None:
    documents = [*PULL[:3], {"errorDetail": {"message": "toomanyrequests: slow"}, "error": "toomanyrequests: slow"}]
    server.replies["/images/create"] = answer(lines(documents))
    with pytest.raises(ApiError, match="toomanyrequests: slow"):
        await pull(engine)


async def test_podman_ends_with_the_id_of_the_image(server: RawEngine, engine: Engine) -> None:
    documents = [PULL[1], PULL[3], {"status": "Download complete", "progressDetail": {}, "id": "0123456789ab"}]
    server.replies["/images/create"] = answer(lines(documents))
    await pull(engine)


async def test_the_login_of_the_registry_goes_along(server: RawEngine, engine: Engine, short_tmp: Path) -> None:
    auths = {"r.example": {"auth": "bWU6c2VjcmV0"}}
    write(short_tmp / "config.json", json.dumps({"auths": auths}))
    server.replies["/images/create"] = answer(lines(PULL))
    job = PullJob(engine, "r.example/app:1", platform="linux/arm64")
    job.start()
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    sent = server.requests[-1]
    assert "platform=linux/arm64" in sent.target.replace("%2F", "/")
    assert sent.headers["x-registry-auth"]
    assert "secret" not in job.line + job.progress + repr(job.said)
    other = PullJob(engine, "app:1")
    other.start()
    await other.wait()
    assert "x-registry-auth" not in server.requests[-1].headers


def write(path: Path, text: str) -> None:
    path.write_text(text)
