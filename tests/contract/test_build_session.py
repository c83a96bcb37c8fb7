"""Builds whose session gives the builder what it asks for: secrets, agents, named contexts, and no file too many."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from engines import RealEngine
from tui.commands.build import CannotBuild, start_build
from tui.commands.history import History
from tui.commands.session import Session
from tui.engine.build_context import open_context
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.jobs.build import BuildJob
from tui.model.build import BuildState
from tui.model.build_spec import BuildSpec

SECRET = "hunter2-hunter2"


async def connected(socket: str) -> Session:
    engine = Engine(Endpoint(f"unix://{socket}", "test"))
    await engine.connect()
    return Session(engine, History())


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    session = await connected(engine_socket)
    yield session
    await session.close()


@pytest.fixture
async def tag(session: Session) -> AsyncIterator[str]:
    name = f"build-{secrets.token_hex(4)}:1"
    yield name
    with suppress(NotFound):
        await session.engine.images.remove(name, force=True)


def plant(folder: Path, **files: str) -> None:
    """Write files; two underscores in a name are a slash."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


async def built(session: Session, folder: Path, dockerfile: str, spec: BuildSpec) -> BuildJob:
    """Build to the end, whichever it is."""
    plant(folder, Dockerfile=dockerfile)
    job = start_build(session, spec, open_context(folder), dockerfile)
    await job.wait()
    return job


def output(state: BuildState, start: str) -> list[str]:
    step = next(step for step in state.ordered if step.name.startswith(start))
    return [line.text for line in state.logs[step.id].lines] if step.id in state.logs else []


async def test_a_secret_reaches_the_step_and_nothing_else(
    session: Session, tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_TEST_TOKEN", SECRET)
    context = tmp_path / "context"
    plant(tmp_path, key=f"{SECRET}\n")
    dockerfile = (
        f"FROM busybox\nLABEL test={tag}\n"
        "RUN --mount=type=secret,id=key --mount=type=secret,id=token wc -c /run/secrets/key && cat /run/secrets/token\n"
        "RUN ls /run/secrets 2>/dev/null; echo no more\n"
    )
    sources = (f"id=key,src={tmp_path / 'key'}", "id=token,env=BUILD_TEST_TOKEN")
    job = await built(session, context, dockerfile, BuildSpec(str(context), tag=tag, secrets=sources, no_cache=True))
    assert (job.state, job.error) == ("done", "")
    lines = output(job.build, "RUN --mount")
    assert lines[0].split()[0] == str(len(SECRET) + 1)
    assert lines[1] == "***"  # the step printed it: it is masked
    assert output(job.build, "RUN ls") == ["no more"]
    assert SECRET not in repr(vars(job)) + repr(list(session.history)) + job.line
    history = await session.engine.images.history(tag)
    assert SECRET not in repr(history)


async def test_a_secret_that_is_not_given_is_asked_for_in_the_daemons_words(session: Session, tmp_path: Path) -> None:
    dockerfile = "FROM busybox\nRUN --mount=type=secret,id=key,required=true cat /run/secrets/key\n"
    job = await built(session, tmp_path, dockerfile, BuildSpec(str(tmp_path), no_cache=True))
    assert job.state == "failed"
    assert "not found" in job.error
    assert "key" in job.error


async def test_a_secret_that_cannot_be_read_ends_the_build_by_name(session: Session, tmp_path: Path) -> None:
    dockerfile = "FROM busybox\nRUN --mount=type=secret,id=key,required=true cat /run/secrets/key\n"
    spec = BuildSpec(str(tmp_path), no_cache=True, secrets=(f"id=key,src={tmp_path / 'gone'}",))
    job = await built(session, tmp_path, dockerfile, spec)
    assert job.state == "failed"
    assert "gone: No such file" in job.error


async def test_an_agent_is_there_for_the_step(session: Session, tag: str, tmp_path: Path, short_tmp: Path) -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    dockerfile = f"FROM busybox\nLABEL test={tag}\nRUN --mount=type=ssh echo agent=$SSH_AUTH_SOCK\n"
    spec = BuildSpec(str(tmp_path), tag=tag, no_cache=True, ssh=(f"default={short_tmp / 'agent'}",))
    async with await asyncio.start_unix_server(serve, short_tmp / "agent"):
        job = await built(session, tmp_path, dockerfile, spec)
    assert (job.state, job.error) == ("done", "")
    assert output(job.build, "RUN --mount") == ["agent=/run/buildkit/ssh_agent.0"]


async def test_named_contexts_are_copied_and_built_from(session: Session, tag: str, tmp_path: Path) -> None:
    main, other = tmp_path / "main", tmp_path / "other"
    mark = secrets.token_hex(4)
    plant(other, x__file=mark, ignored="no", **{".dockerignore": "ignored\n"})
    dockerfile = "FROM base\nCOPY --from=lib . /lib2/\nRUN cat /lib2/x/file && ls -a /lib2\n"
    spec = BuildSpec(str(main), tag=tag, contexts=(f"lib={other}", "base=docker-image://busybox:latest"))
    if not session.engine.transport.speaks(1, 42):
        with pytest.raises(CannotBuild, match="Engine 23"):
            await built(session, main, dockerfile, spec)
        return
    job = await built(session, main, dockerfile, spec)
    assert (job.state, job.error) == ("done", "")
    assert output(job.build, "RUN cat")[0].startswith(mark)
    assert job.build.result is not None
    assert (await session.engine.images.read(tag)).id == job.build.result.image_id
    assert job.plan.way.kind == "control"


async def test_a_failing_step_of_such_a_build_is_told(session: Session, tmp_path: Path) -> None:
    if not session.engine.transport.speaks(1, 42):
        return  # refused before, as above
    spec = BuildSpec(str(tmp_path), contexts=("base=docker-image://busybox:latest",))
    job = await built(session, tmp_path, f"FROM base\nRUN echo {secrets.token_hex(4)}; exit 6\n", spec)
    assert job.state == "failed"
    assert job.build.failure is not None
    assert job.build.failure.code == 6
    assert job.build.failed_step is not None


async def test_what_is_ignored_is_not_copied_the_dockerfile_included(
    session: Session, tag: str, tmp_path: Path
) -> None:
    plant(tmp_path, a__x="1", a__y="2", b="3", **{".dockerignore": "Dockerfile\na/*\n!a/y\n"})
    dockerfile = f"FROM busybox\nLABEL test={tag}\nCOPY . /context\nRUN find /context -type f\n"
    job = await built(session, tmp_path, dockerfile, BuildSpec(str(tmp_path), tag=tag, no_cache=True))
    assert (job.state, job.error) == ("done", "")
    assert sorted(output(job.build, "RUN find")) == ["/context/.dockerignore", "/context/a/y", "/context/b"]


async def test_the_dockerfiles_own_ignore_file_comes_first(session: Session, tag: str, tmp_path: Path) -> None:
    plant(tmp_path, a="1", b="2", ci__Prod="", **{".dockerignore": "a\n", "ci__Prod.dockerignore": "b\nci\n"})
    dockerfile = f"FROM busybox\nLABEL test={tag}\nCOPY . /context\nRUN find /context -type f\n"
    (tmp_path / "ci" / "Prod").write_text(dockerfile)
    spec = BuildSpec(str(tmp_path), "ci/Prod", tag, no_cache=True)
    job = start_build(session, spec, open_context(tmp_path, "ci/Prod"), dockerfile)
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    assert sorted(output(job.build, "RUN find")) == ["/context/.dockerignore", "/context/a"]


async def test_only_what_is_copied_is_sent(session: Session, tag: str, tmp_path: Path) -> None:
    plant(tmp_path, src__a="1" * 1000, src__link="", huge="x" * 3_000_000)
    (tmp_path / "src" / "link").unlink()
    (tmp_path / "src" / "link").symlink_to("a")
    dockerfile = f"FROM busybox\nLABEL test={tag}\nCOPY src/link /file\nRUN wc -c /file\n"
    job = await built(session, tmp_path, dockerfile, BuildSpec(str(tmp_path), tag=tag, no_cache=True))
    assert (job.state, job.error) == ("done", "")
    assert output(job.build, "RUN wc") == ["1000 /file"]
    assert 1000 <= job.sending.sent < 10_000


async def test_a_second_build_sends_what_has_changed(real_engine: RealEngine, tmp_path: Path) -> None:
    session = await connected(real_engine.socket)
    tag = f"build-{secrets.token_hex(4)}:1"
    context = tmp_path / "context"  # the records of earlier builds are beside it
    try:
        plant(context, big=secrets.token_hex(1_000_000), small="1")
        dockerfile = f"FROM busybox\nLABEL test={tag}\nCOPY . /context\n"
        first = await built(session, context, dockerfile, BuildSpec(str(context), tag=tag))
        assert (first.state, first.sending.sent > 2_000_000) == ("done", True)
        await first.reported()
        plant(context, small="22")
        second = await built(session, context, dockerfile, BuildSpec(str(context), tag=tag))
        assert (second.state, second.sending.sent < 10_000) == ("done", True)
        await second.reported()
        assert second.report is not None
        assert second.report.rebuilt is not None
        assert [cause.why for cause in second.report.rebuilt.breaks] == ["small has changed"]
    finally:
        with suppress(NotFound):
            await session.engine.images.remove(tag, force=True)
        await session.close()


async def test_a_name_that_is_not_utf_8_is_built_or_refused_by_name(real_engine: RealEngine, tmp_path: Path) -> None:
    session = await connected(real_engine.socket)
    context = tmp_path / "context"
    plant(context, plain="1")
    (context / os.fsdecode(b"caf\xe9")).write_text("2")
    spec = BuildSpec(str(context), no_cache=True)
    job = await built(session, context, "FROM busybox\nCOPY . /context\nRUN ls /context | wc -l\n", spec)
    if job.state == "done":  # as BuildKit did at first
        assert output(job.build, "RUN ls") == ["3"]
    else:
        assert "caf\\xe9 is not UTF-8" in job.error
    await session.close()


async def test_a_remote_context_is_the_daemons_to_fetch(demo_socket: str) -> None:
    session = await connected(demo_socket)
    job = start_build(session, BuildSpec("https://example.org/tools.git#main"), None, "")
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    assert output(job.build, "RUN cat")[0] == "# tools"
    assert job.sending.sent == 0
    assert job.line.endswith("docker build 'https://example.org/tools.git#main'")
    await session.close()


async def test_a_remote_context_that_cannot_be_fetched_is_told(real_engine: RealEngine) -> None:
    session = await connected(real_engine.socket)
    job = start_build(session, BuildSpec("http://127.0.0.1:9/context.tar.gz"), None, "")
    await job.wait()
    assert job.state == "failed"
    assert "127.0.0.1:9" in job.error
    await session.close()


async def test_a_daemon_that_gives_no_session_gets_the_whole_context(
    session: Session, tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, a="1", b="x" * 100_000)
    dockerfile = f"FROM busybox\nLABEL test={tag}\nCOPY a /a\n"
    session.engine.builds.gives_session = False
    job = await built(session, tmp_path, dockerfile, BuildSpec(str(tmp_path), tag=tag))
    assert (job.state, job.plan.way.kind) == ("done", "archive")
    assert job.sending.sent > 100_000
    with pytest.raises(CannotBuild, match="secrets need"):
        await built(session, tmp_path, dockerfile, BuildSpec(str(tmp_path), secrets=("id=a,env=HOME",)))
