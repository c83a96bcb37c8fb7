"""Builds on every engine, by either builder: steps, output, cache, failures, and a cancel that ends them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tui.commands.build import held_by_another, start_build
from tui.commands.history import History
from tui.commands.session import Session
from tui.engine.build_context import open_context
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.jobs.build import BuildJob
from tui.model.build import BuildState, StepState
from tui.model.build_spec import Builder, BuildSpec
from tui.model.dockerfile_map import line_of
from tui.present.build import failure_lines

CLASSIC: Builder = "1"
BUILDKIT: Builder = "2"
both_builders = pytest.mark.parametrize("builder", [CLASSIC, BUILDKIT], ids=["classic", "buildkit"])


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    session = Session(engine, History())
    yield session
    await session.close()


@pytest.fixture
async def tag(session: Session) -> AsyncIterator[str]:
    name = f"build-{secrets.token_hex(4)}:1"
    yield name
    with suppress(NotFound):  # a build that failed made none
        await session.engine.images.remove(name, force=True)


def build(session: Session, folder: Path, dockerfile: str, spec: BuildSpec) -> BuildJob:
    (folder / "Dockerfile").write_text(dockerfile)
    return start_build(session, spec, open_context(folder), dockerfile)


def output(state: BuildState, start: str) -> list[str]:
    step = next(step for step in state.ordered if step.name.startswith(start))
    return [line.text for line in state.logs[step.id].lines] if step.id in state.logs else []


def states(state: BuildState) -> dict[str, StepState]:
    return {step.name.split()[0]: step.state for step in state.ordered if step.number}


@both_builders
async def test_every_step_stands_at_its_line(session: Session, tag: str, tmp_path: Path, builder: Builder) -> None:
    mark = secrets.token_hex(4)
    text = f"""# escape=`
ARG BASE=busybox
ARG FIRST=busybox OTHER={mark}
FROM ${{BASE:-no}} AS busybox
ENV A={mark}
WORKDIR /
RUN echo $A `
    # inside
    one
RUN echo one
RUN echo one
WORKDIR /srv/$A
FROM busybox AS unused
RUN echo {mark} unused
from $FIRST
copy --from=0 /srv /x
RUN echo {mark} two\\
RUN echo {mark} two
"""
    job = build(session, tmp_path, text, BuildSpec(str(tmp_path), tag=tag, builder=builder))
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    told = {step.id: line_of(text, step) for step in job.build.ordered if step.number}
    lines = sorted(line for line in told.values() if line is not None)
    assert len(lines) == len(told)
    every = [2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    silent = [2, 3, 5, 6, 13, 14, 15]  # of these BuildKit tells nothing: no files, not needed, goes on from a stage
    if builder == CLASSIC:
        assert lines == every
    else:
        assert [line for line in lines if line != 6] == [line for line in every if line not in silent]
    source = text.split("\n")
    for step in job.build.ordered:
        if step.number and (line := told[step.id]) is not None:
            assert source[line - 1].split()[0].upper() == step.name.split()[0].upper()


@both_builders
async def test_a_build_tells_its_steps_and_makes_the_image(
    session: Session, tag: str, tmp_path: Path, builder: Builder
) -> None:
    (tmp_path / "a.txt").write_text("data\n")
    (tmp_path / "big.bin").write_bytes(bytes(3_000_000))
    mark = secrets.token_hex(4)
    text = f"FROM busybox\nARG WHO=world\nRUN echo hello $WHO {mark}\nCOPY a.txt /a.txt\nLABEL made={mark}\n"
    spec = BuildSpec(str(tmp_path), tag=tag, args=("WHO=me",), builder=builder)
    job = build(session, tmp_path, text, spec)
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    # with a session the builder fetches what it copies, and leaves the rest
    assert job.sending.sent > (3_000_000 if job.plan.way.kind != "session" else 0)
    assert job.sending.sent < (1_000_000 if job.plan.way.kind == "session" else 4_000_000)
    assert job.fraction == 1.0
    assert output(job.build, "RUN echo hello") == [f"hello me {mark}"]
    assert states(job.build)["COPY"] in (StepState.DONE, StepState.CACHED)
    image = await session.engine.images.read(tag)
    assert job.build.result is not None
    assert job.build.result.image_id == image.id
    entry = next(iter(session.history))
    assert entry.outcome == "ok"
    assert f"--tag {tag}" in entry.line

    again = build(session, tmp_path, text, spec)
    await again.wait()
    assert again.state == "done"
    assert states(again.build)["RUN"] is StepState.CACHED
    assert states(again.build)["COPY"] is StepState.CACHED

    fresh = build(session, tmp_path, text, BuildSpec(str(tmp_path), args=("WHO=me",), no_cache=True, builder=builder))
    await fresh.wait()
    assert fresh.state == "done"
    assert states(fresh.build)["RUN"] is StepState.DONE
    assert fresh.build.result is not None
    if fresh.build.result.image_id != image.id:
        await session.engine.images.remove(fresh.build.result.image_id, force=True)


@both_builders
async def test_a_failing_instruction_is_pinned(session: Session, tag: str, tmp_path: Path, builder: Builder) -> None:
    text = f"FROM busybox\nRUN echo {tag} && exit 7\nRUN echo never\n"
    job = build(session, tmp_path, text, BuildSpec(str(tmp_path), tag=tag, builder=builder))
    await job.wait()
    assert job.state == "failed"
    lines = [line for line, _ in failure_lines(job.build, text)]
    assert lines[0] == f"Dockerfile line 2, exit code 7: RUN echo {tag} && exit 7"
    assert lines[1] == f"  {tag}"
    assert job.error in "\n".join(lines)
    entry = next(iter(session.history))
    assert (entry.outcome, entry.detail) == ("failed", job.error)
    with pytest.raises(NotFound):
        await session.engine.images.read(tag)


@both_builders
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM busybox\nRUNN echo\n", "unknown instruction: RUNN"),
        ("FROM busybox\nCOPY nothere.txt /\n", "nothere.txt"),
        ("FROM build-there-is-no-such-image:1\n", "build-there-is-no-such-image"),
    ],
    ids=["syntax", "missing source", "missing base"],
)
async def test_failures_in_the_daemons_words(
    session: Session, tmp_path: Path, builder: Builder, text: str, said: str
) -> None:
    job = build(session, tmp_path, text, BuildSpec(str(tmp_path), builder=builder))
    await job.wait()
    assert job.state == "failed"
    assert said in "\n".join(line for line, _ in failure_lines(job.build, text))
    assert not any(step.state is StepState.RUNNING for step in job.build.ordered)


@both_builders
async def test_the_line_of_a_syntax_error_is_known(session: Session, tmp_path: Path, builder: Builder) -> None:
    text = "FROM busybox\nRUN true\nRUNN echo\n"
    job = build(session, tmp_path, text, BuildSpec(str(tmp_path), builder=builder))
    await job.wait()
    assert failure_lines(job.build, text)[0][0] == "Dockerfile line 3: RUNN echo"


@both_builders
async def test_a_target_stage_ends_the_build_there(
    session: Session, tag: str, tmp_path: Path, builder: Builder
) -> None:
    text = f"FROM busybox AS base\nRUN echo {tag}\nFROM base\nRUN exit 9\n"
    job = build(session, tmp_path, text, BuildSpec(str(tmp_path), tag=tag, target="base", builder=builder))
    await job.wait()
    assert (job.state, job.error) == ("done", "")


@both_builders
async def test_a_dockerfile_outside_the_context(session: Session, tag: str, tmp_path: Path, builder: Builder) -> None:
    folder = tmp_path / "context"
    folder.mkdir()
    outside = tmp_path / "Other"
    outside.write_text(f"FROM busybox\nRUN echo {tag}\n")
    spec = BuildSpec(str(folder), str(outside), tag, builder=builder)
    job = start_build(session, spec, open_context(folder, outside), outside.read_text())
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    assert output(job.build, "RUN") == [tag]


def processes(text: str) -> list[str]:
    """The processes of this machine that have the text on their command line; an engine may run elsewhere."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line:
                words = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
                found.append(f"{folder.name} {line!r} in state {words[0]} of {words[1]}")
        except OSError:
            continue  # it has ended meanwhile
    return found


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Return when `true` says so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - some of what is waited for tells nobody
            await asyncio.sleep(0.02)


@both_builders
async def test_a_cancelled_build_ends_at_the_daemon(
    session: Session, engine_socket: str, tag: str, tmp_path: Path, builder: Builder
) -> None:
    sleep = f"sleep {6_000 + secrets.randbelow(100_000)}"
    text = f"FROM busybox\nRUN echo begun; {sleep}\n"
    job = build(session, tmp_path, text, BuildSpec(str(tmp_path), tag=tag, builder=builder))
    await until(lambda: job.state != "running" or "begun" in output_or_nothing(job.build))
    seen = processes(sleep)
    assert job.state == "running"
    await job.cancel()
    assert job.state == "cancelled"
    assert next(iter(session.history)).outcome == "cancelled"
    assert [step.state for step in job.build.ordered if step.name.startswith("RUN")] == [StepState.CANCELLED]
    if seen:
        with suppress(TimeoutError):
            await until(lambda: not processes(sleep))
        assert processes(sleep) == [], f"begun as {seen}"
    with pytest.raises(NotFound):
        await session.engine.images.read(tag)


def output_or_nothing(state: BuildState) -> list[str]:
    return output(state, "RUN") if any(step.name.startswith("RUN") for step in state.ordered) else []


async def test_several_builds_at_once(session: Session, tmp_path: Path) -> None:
    jobs: list[BuildJob] = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = f"FROM busybox\nRUN echo {secrets.token_hex(4)}; exit {number + 1}\n"
        jobs.append(build(session, folder, text, BuildSpec(str(folder), builder=CLASSIC)))
    assert len(session.jobs.running) == 3
    await asyncio.gather(*(job.wait() for job in jobs))
    assert [job.build.failure.code for job in jobs if job.build.failure] == [1, 2, 3]


async def test_a_tag_that_another_image_holds_is_known(session: Session, tag: str, tmp_path: Path) -> None:
    session.start()
    await until(lambda: any("busybox:latest" in image.tags for image in session.state.images.values()))
    holder = held_by_another(session, "busybox")
    assert holder is not None
    assert holder.tag == "busybox:latest"
    assert held_by_another(session, tag) is None
    assert held_by_another(session, "") is None
    job = build(session, tmp_path, f"FROM busybox\nLABEL a={tag}\n", BuildSpec(str(tmp_path), tag=tag, builder=CLASSIC))
    await job.wait()
    await until(lambda: any(tag in image.tags for image in session.state.images.values()))
    assert held_by_another(session, tag) is None  # it was built here: building it again takes it from nobody
