"""A build over HTTP, against a builder that the test plays: what goes up, what comes back, and every bad end."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from tui.engine.build_context import BuildContext, ContextError, open_context
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, ConnectionLost, ReadOnly
from tui.jobs.build import BuildJob, joined
from tui.jobs.build_ways import Plan
from tui.model.build import BuildEvent, BuildFailure, BuildLog, BuildResult, BuildStep, StepState
from tui.model.build_spec import BuildSpec
from tui.model.build_way import Way
from tui.model.log_record import Stream

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CHUNK = 256 << 10
IMAGE = {"aux": {"ID": "sha256:abc"}}
HEADING = {"stream": "Step 1/1 : RUN make"}


@asynccontextmanager
async def builder(handler: Handler, folder: Path, *, read_only: bool = False) -> AsyncGenerator[Engine]:
    """An engine whose /build is `handler`."""

    async def ping(_request: web.Request) -> web.Response:
        return web.Response(text="OK", headers={"Api-Version": "1.41"})

    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/_ping", ping)
    app.router.add_post("/v1.41/build", handler)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    socket = folder / "e.sock"
    await web.UnixSite(runner, str(socket)).start()
    engine = Engine(Endpoint(f"unix://{socket}", "test"), read_only=read_only)
    try:
        await engine.connect()
        yield engine
    finally:
        await engine.close()
        await runner.cleanup()


async def answer(request: web.Request, *documents: object) -> web.StreamResponse:
    """Take the whole context, and answer."""
    await request.read()
    response = web.StreamResponse()
    await response.prepare(request)
    for document in documents:
        await response.write(json.dumps(document).encode() + b"\r\n")
    return response


async def one_chunk() -> AsyncIterator[bytes]:
    yield b"tar"


async def collected(engine: Engine, context: AsyncIterator[bytes] | None = None) -> list[BuildEvent]:
    return [event async for event in engine.builds.build(context or one_chunk(), version="1")]


async def test_what_is_asked_for_and_sent(short_tmp: Path) -> None:
    asked: list[tuple[dict[str, str], list[str], str, bytes]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        asked.append((query, request.query.getall("t"), request.content_type, await request.read()))
        return await answer(request, HEADING, IMAGE)

    async with builder(handler, short_tmp) as engine:
        events = engine.builds.build(
            one_chunk(), dockerfile="ci/D", tags=["a:1", "b/c:2"], target="base", build_args={"A": "1&2", "B": ""},
            labels={"l": "x"}, no_cache=True, pull=True, version="1",
        )  # fmt: skip
        assert isinstance([event async for event in events][-1], BuildResult)
    query, tags, kind, body = asked[0]
    assert query | {"t": ""} == {
        "t": "", "dockerfile": "ci/D", "version": "1", "target": "base", "buildargs": '{"A":"1&2","B":""}',
        "labels": '{"l":"x"}', "nocache": "1", "pull": "1", "rm": "1", "forcerm": "1",
    }  # fmt: skip
    assert tags == ["a:1", "b/c:2"]
    assert kind == "application/x-tar"
    assert body == b"tar"


async def test_the_context_is_never_held(short_tmp: Path) -> None:
    """A daemon that does not read holds the sender back after a few buffers."""
    given = 0
    go_on = asyncio.Event()

    async def context() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(256):
            given += 1
            yield bytes(CHUNK)

    async def handler(request: web.Request) -> web.StreamResponse:
        await go_on.wait()
        return await answer(request, HEADING, IMAGE)

    async with builder(handler, short_tmp) as engine:
        task = asyncio.create_task(collected(engine, context()))
        before = -1
        while given != before:  # until nothing more is taken
            before = given
            await asyncio.sleep(0.3)
        assert 0 < given < 32
        go_on.set()
        assert isinstance((await task)[-1], BuildResult)
        assert given == 256


async def test_an_error_in_a_good_answer_is_a_failure(short_tmp: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await answer(request, HEADING, {"errorDetail": {"code": 3, "message": "no"}, "error": "no"})

    async with builder(handler, short_tmp) as engine:
        events = await collected(engine)
    assert events[-1] == BuildFailure("no", 3)


async def test_an_end_without_an_image_is_a_lost_connection(short_tmp: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await answer(request, HEADING)

    async with builder(handler, short_tmp) as engine:
        with pytest.raises(ConnectionLost, match="ended before it told of an image"):
            await collected(engine)


async def test_a_cut_answer_is_a_lost_connection(short_tmp: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await answer(request, HEADING)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with builder(handler, short_tmp) as engine:
        with pytest.raises(ConnectionLost):
            await collected(engine)


async def test_a_refusal_keeps_the_daemons_words(short_tmp: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.json_response({"message": "dockerfile parse error line 3"}, status=400)

    async with builder(handler, short_tmp) as engine:
        with pytest.raises(ApiError, match="parse error line 3"):
            await collected(engine)


async def test_a_context_that_breaks_tells_its_own_error(short_tmp: Path) -> None:
    async def context() -> AsyncIterator[bytes]:
        yield bytes(CHUNK)
        raise ContextError("a.txt shrank")

    async def handler(request: web.Request) -> web.StreamResponse:
        return await answer(request, IMAGE)

    async with builder(handler, short_tmp) as engine:
        with pytest.raises(ContextError, match=r"a\.txt shrank"):
            await collected(engine, context())


async def test_read_only_sends_nothing(short_tmp: Path) -> None:
    async def context() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    async def handler(_request: web.Request) -> web.StreamResponse:
        raise AssertionError("asked")

    async with builder(handler, short_tmp, read_only=True) as engine:
        with pytest.raises(ReadOnly):
            await collected(engine, context())


@pytest.mark.parametrize("uploading", [True, False], ids=["while-sending", "while-building"])
async def test_leaving_closes_the_connection_and_the_context(short_tmp: Path, uploading: bool) -> None:
    began, gone, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def context() -> AsyncGenerator[bytes]:
        try:
            yield bytes(CHUNK)
            while uploading:
                yield bytes(CHUNK)
        finally:
            closed.set()

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            if uploading:
                began.set()
                await asyncio.Event().wait()
            response = await answer(request, HEADING)
            began.set()
            await asyncio.Event().wait()
            return response
        finally:
            gone.set()

    async with builder(handler, short_tmp) as engine:
        task = asyncio.create_task(collected(engine, context()))
        await began.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 5)
        assert closed.is_set()


# the job


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN make\n")
    (tmp_path / "big").write_bytes(bytes(2_000_000))
    return open_context(tmp_path)


def job_of(engine: Engine, context: BuildContext, *args: str) -> BuildJob:
    spec = BuildSpec(str(context.folder), tag="a:1", args=args, builder="1")
    plan = Plan(spec, Way("classic", ""), context, "FROM busybox\nRUN make\n", size=2_000_000)
    return BuildJob(engine, plan, "docker build")


async def test_a_job_goes_to_its_good_end(short_tmp: Path, context: BuildContext) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await answer(request, HEADING, {"stream": "made\n"}, IMAGE)

    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context)
        job.start()
        await job.wait()
        await job.reported()
    assert job.report is not None
    assert job.report.problem  # this daemon tells of no history
    assert (job.state, job.error, job.fraction) == ("done", "", 1.0)
    assert job.build.result == BuildResult("sha256:abc")
    assert job.sending.sent > job.sending.total == 2_000_000
    assert job.sending.ended is not None
    assert job.progress == "1/1 RUN make"


async def test_a_job_that_fails_keeps_the_words(short_tmp: Path, context: BuildContext) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await answer(request, HEADING, {"errorDetail": {"message": "boom"}})

    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context)
        job.start()
        await job.wait()
    assert (job.state, job.error) == ("failed", "boom")
    assert job.build.failed_step is not None


async def test_a_lost_connection_ends_the_steps_under_way(short_tmp: Path, context: BuildContext) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await answer(request, HEADING)

    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context)
        job.start()
        await job.wait()
    assert job.state == "failed"
    assert "connection lost" in job.error
    assert job.build.failure is not None
    assert [step.state for step in job.build.ordered] == [StepState.CANCELLED]


async def test_a_file_that_vanishes_is_named(short_tmp: Path, context: BuildContext) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await answer(request, HEADING, IMAGE)

    (context.folder / "gone").symlink_to("big")
    context.source.unlink()
    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context)
        job.start()
        await job.wait()
    assert job.state == "failed"
    assert "Dockerfile" in job.error


async def test_a_cancelled_job_has_no_step_under_way(short_tmp: Path, context: BuildContext) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await answer(request, HEADING)
        await asyncio.Event().wait()
        return response

    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context)
        told = asyncio.Event()
        job.listen(lambda: told.set() if job.build.steps else None)
        job.start()
        await asyncio.wait_for(told.wait(), 10)
        await job.cancel()
    assert job.state == "cancelled"
    assert [step.state for step in job.build.ordered] == [StepState.CANCELLED]
    assert job.build.ordered[0].ended is not None


async def test_much_output_is_shown_seldom(short_tmp: Path, context: BuildContext) -> None:
    lines = 200_000

    async def handler(request: web.Request) -> web.StreamResponse:
        response = await answer(request, HEADING)
        piece = b"".join(json.dumps({"stream": f"line {number}\n"}).encode() + b"\n" for number in range(1000))
        for _ in range(lines // 1000):
            await response.write(piece)
        await response.write(json.dumps(IMAGE).encode())
        return response

    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context)
        changes = 0

        def count() -> None:
            nonlocal changes
            changes += 1

        job.listen(count)
        job.start()
        await job.wait()
        await job.reported()
    assert job.state == "done"
    assert job.ended is not None
    assert changes <= 10 * (job.ended - job.started) + 5
    log = job.build.logs[":1"]
    assert log.dropped + len(log) == lines
    assert log.lines[-1].text == "line 999"


async def test_secret_arguments_are_masked_in_what_is_told(short_tmp: Path, context: BuildContext) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert json.loads(request.query["buildargs"])["API_TOKEN"] == "hunter22"
        return await answer(
            request, {"stream": "Step 1/1 : RUN login hunter22"}, {"stream": "hello hunter22\n"},
            {"errorDetail": {"message": "login hunter22 said no to me"}},
        )  # fmt: skip

    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context, "API_TOKEN=hunter22", "WHO=me")
        job.start()
        await job.wait()
    assert "hunter22" not in repr(job.build) + job.error + job.progress
    assert job.error == "login *** said no to me"


async def test_a_secret_that_comes_in_two_pieces_is_masked(short_tmp: Path, context: BuildContext) -> None:
    looked = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in ("Step 1/1 : RUN login", "\n", "hello hun"):
            await response.write(json.dumps({"stream": piece}).encode() + b"\n")
        await looked.wait()
        for piece in ("ter22 and hunter", " and h"):
            await response.write(json.dumps({"stream": piece}).encode() + b"\n")
        await response.write(json.dumps(IMAGE).encode() + b"\n")
        return response

    async with builder(handler, short_tmp) as engine:
        job = job_of(engine, context, "API_TOKEN=hunter22")
        job.listen(lambda: looked.set() if "hello" in repr(job.build) else None)
        job.start()
        await job.wait()
    (log,) = job.build.logs.values()
    assert [line.text for line in log.lines] == ["hello *** and hunter and h"]


def test_neighbouring_output_is_joined() -> None:
    out, err = Stream.STDOUT, Stream.STDERR
    step = BuildStep("a", "RUN x")
    events = [
        BuildLog("a", out, "1"),
        BuildLog("a", out, "2\n"),
        BuildLog("a", err, "3"),
        step,
        BuildLog("a", err, "4"),
    ]
    assert joined(events) == [BuildLog("a", out, "12\n"), BuildLog("a", err, "3"), step, BuildLog("a", err, "4")]
    assert joined([]) == []
