"""The picture of a build: its reducer, and what real builders of both kinds and ages make of it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.build_messages import BuildMessages, build_events
from tui.model.build import (
    MAX_LINE,
    MAX_LINES,
    BuildEvent,
    BuildFailure,
    BuildLog,
    BuildProgress,
    BuildResult,
    BuildState,
    BuildStep,
    BuildWarning,
    StepState,
    apply,
    apply_all,
)
from tui.model.dockerfile_map import line_of
from tui.model.log_record import Stream

DATA = Path(__file__).parent / "data"
BUILDS = sorted(DATA.glob("build_*.ndjson"))
DOCKERFILE = (
    "FROM busybox AS base\nARG WHO=world\nRUN echo\nWORKDIR /srv\n\n"
    "FROM base\nCOPY a.txt /srv/\nRUN cat a.txt && echo broken >&2 && exit 7\nCMD cat a.txt\n"
)


def follow(name: str) -> BuildState:
    messages = BuildMessages(clock=lambda: 1.0)
    state = apply_all(BuildState(), messages.feed((DATA / f"build_{name}.ndjson").read_bytes()))
    return apply_all(state, messages.close())


def steps(state: BuildState) -> dict[str, StepState]:
    return {" ".join(step.name.split()[:2]): step.state for step in state.ordered if step.number}


@pytest.mark.parametrize("engine", ["20", "28"])
@pytest.mark.parametrize(
    ("builder", "extra"), [("buildkit", []), ("classic", ["ARG WHO=world", "FROM base", "CMD cat"])]
)
def test_a_good_build(engine: str, builder: str, extra: list[str]) -> None:
    state = follow(f"{engine}_{builder}_ok")
    assert state.result is not None
    assert state.result.image_id.startswith("sha256:")
    assert state.failure is None
    assert all(step.state in (StepState.DONE, StepState.CACHED) for step in state.ordered)
    names = list(steps(state))
    assert names[0].startswith("FROM ")
    assert [name for name in names[1:] if name not in extra] == ["RUN echo", "WORKDIR /srv", "COPY a.txt", "RUN cat"]
    run = next(step for step in state.ordered if step.name.startswith("RUN echo"))
    assert sorted((line.text, line.stream) for line in state.logs[run.id].lines) == [
        ("hello world", Stream.STDOUT),
        ("oops", Stream.STDERR),
    ]
    cat = next(step for step in state.ordered if step.name.startswith("RUN cat"))
    assert [line.text for line in state.logs[cat.id].lines] == ["data", "\x1b[32mgreen\x1b[0m"]
    assert cat.started is not None
    assert cat.ended is not None
    assert run.stage == "base"


@pytest.mark.parametrize("engine", ["20", "28"])
@pytest.mark.parametrize("builder", ["buildkit", "classic"])
def test_a_cached_build(engine: str, builder: str) -> None:
    states = steps(follow(f"{engine}_{builder}_cached"))
    assert states["RUN echo"] is StepState.CACHED
    assert states["COPY a.txt"] is StepState.CACHED
    assert states[next(iter(states))] is StepState.DONE


@pytest.mark.parametrize("engine", ["20", "28"])
@pytest.mark.parametrize("builder", ["buildkit", "classic"])
def test_a_failing_instruction(engine: str, builder: str) -> None:
    state = follow(f"{engine}_{builder}_fail")
    failed = state.failed_step
    assert state.result is None
    assert failed is not None
    assert failed.name.startswith("RUN cat")
    assert sorted(line.text for line in state.logs[failed.id].lines) == ["broken", "data"]
    assert line_of(DOCKERFILE, failed) == 8
    assert state.failure is not None
    assert state.failure.code == 7
    assert state.failure.message in failed.error or failed.error in state.failure.message


@pytest.mark.parametrize("engine", ["20", "28"])
@pytest.mark.parametrize("builder", ["buildkit", "classic"])
def test_a_syntax_error_names_its_line(engine: str, builder: str) -> None:
    state = follow(f"{engine}_{builder}_syntax")
    assert state.failure is not None
    assert state.failure.dockerfile_line == 3
    assert "unknown instruction: RUNN" in state.failure.message


def test_warnings_tell_their_line() -> None:
    (warning,) = follow("28_buildkit_ok").warnings
    assert warning.line == 9
    assert "JSON arguments recommended" in warning.text
    assert warning.url.startswith("https://")
    assert warning.detail


def test_steps_stand_behind_what_they_build_on() -> None:
    ordered = [(step.stage, step.number) for step in follow("28_buildkit_ok").ordered if step.number]
    assert ordered == [("base", 1), ("base", 2), ("base", 3), ("stage-1", 1), ("stage-1", 2)]


@pytest.mark.parametrize("path", BUILDS, ids=lambda path: path.stem)
def test_any_cut_of_the_stream_gives_the_same_build(path: Path) -> None:
    data = path.read_bytes()

    def read(size: int) -> BuildState:
        messages = BuildMessages(clock=lambda: 1.0)
        state = BuildState()
        for start in range(0, len(data), size):
            state = apply_all(state, messages.feed(data[start : start + size]))
        return apply_all(state, messages.close())

    assert read(7) == read(4096) == follow(path.stem.removeprefix("build_"))


@pytest.mark.parametrize("path", BUILDS, ids=lambda path: path.stem)
def test_a_stream_that_ends_early_is_a_failure_with_the_steps_told_so_far(path: Path) -> None:
    data = path.read_bytes()
    whole = {step.id for step in follow(path.stem.removeprefix("build_")).ordered}
    for end in range(0, len(data) - 200, 97):
        messages = BuildMessages(clock=lambda: 1.0)
        events = [*messages.feed(data[:end]), *messages.close()]
        ends = [event for event in events if isinstance(event, BuildResult | BuildFailure)]
        assert len(ends) == 1
        assert ends == events[-1:]
        state = apply_all(BuildState(), events)
        assert {step.id for step in state.ordered} <= whole
        assert not any(step.state is StepState.RUNNING for step in state.ordered)


BAD = {
    "<html>oops</html>\n": "cannot be read",
    '{"stream": 5}\n': "cannot be read",
    '{"id":"moby.buildkit.trace","aux":"!!"}\n': "no base64",
    '{"id":"moby.buildkit.trace","aux":{}}\n': "without its data",
    '{"stream":"half': "connection was cut",
    "": "ended before",
}


@pytest.mark.parametrize("data", BAD)
async def test_an_answer_that_cannot_be_read_is_a_failure(data: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield data.encode()

    batches = [batch async for batch in build_events(chunks())]
    (failure,) = batches[0]
    assert isinstance(failure, BuildFailure)
    assert BAD[data] in failure.message


def test_an_error_behind_the_image_is_a_failure() -> None:
    messages = BuildMessages()
    events = (
        messages.feed(b'{"id":"moby.image.id","aux":{"ID":"sha256:1"}}\n{"error":"cannot tag"}\n') + messages.close()
    )
    assert [event for event in events if isinstance(event, BuildResult | BuildFailure)] == [BuildFailure("cannot tag")]


def log(text: str, stream: Stream = Stream.STDOUT) -> BuildLog:
    return BuildLog("s", stream, text)


@given(st.lists(st.sampled_from(["a", "b\n", "\n", "c\nd\n", "e\nf", ""])))
def test_pieces_of_output_become_lines(pieces: list[str]) -> None:
    state = apply_all(BuildState(), map(log, pieces))
    one_by_one = BuildState()
    for piece in pieces:
        one_by_one = apply(one_by_one, log(piece))
    text = "".join(pieces)
    lines = text.removesuffix("\n").split("\n") if text else []
    kept = state.logs["s"].lines if text or pieces else []
    assert [line.text for line in kept] == lines
    assert one_by_one == state


def test_streams_do_not_share_a_line_and_a_return_overwrites_it() -> None:
    events = [log("out"), log("err\n", Stream.STDERR), log("10%\r"), log("20%\r"), log("done\n"), log("x\r\n")]
    state = apply_all(BuildState(), events)
    assert [line.text for line in state.logs["s"].lines] == ["out", "err", "done", "x"]


def test_output_is_bounded() -> None:
    state = BuildState()
    for _ in range(12):
        state = apply(state, log("".join(f"{number}\n" for number in range(1000))))
    kept = state.logs["s"]
    assert len(kept) <= MAX_LINES
    assert len(kept) + kept.dropped == 12_000
    assert kept.lines[-1].text == "999"
    state = apply(state, log("x" * (MAX_LINE + 50) + "\n"))
    assert len(state.logs["s"].lines[-1].text) == MAX_LINE


def test_states_are_never_changed_in_place() -> None:
    before = apply_all(BuildState(), [BuildStep("s", "RUN x", StepState.RUNNING, 1.0), log("a\n")])
    after = apply_all(before, [log("b\n"), BuildStep("s", "RUN x", StepState.DONE, 1.0, 2.0), BuildWarning("s", "w")])
    assert [line.text for line in before.logs["s"].lines] == ["a"]
    assert before.steps["s"].state is StepState.RUNNING
    assert before.warnings == ()
    assert [line.text for line in after.logs["s"].lines] == ["a", "b"]


def test_progress_is_kept_with_its_step() -> None:
    events: list[BuildEvent] = [
        BuildProgress("s", "too early"),
        BuildStep("s", "FROM x", StepState.RUNNING, 1.0),
        BuildProgress("s", "a", current=1, total=9),
        BuildProgress("s", "b", current=1, total=3),
        BuildProgress("s", "a", current=9, total=9, ended=True),
        BuildStep("s", "FROM x", StepState.DONE, 1.0, 2.0),
    ]
    step = apply_all(BuildState(), events).steps["s"]
    assert [(part.id, part.current) for part in step.progress] == [("a", 9), ("b", 1)]
    assert step.state is StepState.DONE


def test_a_step_reported_again_as_cached_stays_what_it_was() -> None:
    done = BuildStep("s", "copy", StepState.DONE, 1.0, 2.0)
    again = BuildStep("s", "copy", StepState.CACHED, 3.0, 3.0)
    assert apply_all(BuildState(), [done, again]).steps["s"] == done


def test_a_failure_cancels_what_was_running() -> None:
    events: list[BuildEvent] = [
        BuildStep("s", "RUN x", StepState.RUNNING, 1.0),
        BuildFailure("gone"),
        BuildFailure("later"),
    ]
    state = apply_all(BuildState(), events)
    assert state.steps["s"].state is StepState.CANCELLED
    assert state.failure == BuildFailure("gone")
    assert state.finished


def test_a_ring_of_steps_has_an_order_too() -> None:
    state = apply_all(BuildState(), [BuildStep("a", "a", inputs=("b",)), BuildStep("b", "b", inputs=("a", "c"))])
    assert sorted(step.id for step in state.ordered) == ["a", "b"]


def stream(*texts: str) -> bytes:
    return b"".join(json.dumps({"stream": text}).encode() + b"\n" for text in texts)


def test_output_that_looks_like_a_heading_starts_no_step() -> None:
    messages = BuildMessages()
    data = stream("Step 1/2 : FROM x", "\n", "Step 2/2 : RUN lie\n", "Step 7/9 : RUN lie")
    state = apply_all(BuildState(), messages.feed(data))
    assert [step.name for step in state.ordered] == ["FROM x"]
    assert [line.text for line in state.logs[":1"].lines] == ["Step 2/2 : RUN lie", "Step 7/9 : RUN lie"]


def test_buildah_speaks_of_stages_in_front_of_its_steps() -> None:
    messages = BuildMessages()
    data = stream(
        "[1/2] STEP 1/2: FROM a AS one\n",
        "[1/2] STEP 2/2: RUN x\n",
        "hello\n",
        "--> 12ab\n",
        "[2/2] STEP 1/2: FROM one\n",
        "[2/2] STEP 2/2: RUN y\n",
        "--> Using cache 0123\n",
        "COMMIT t\n",
        "Successfully built 0123456789ab\n",
    )
    state = apply_all(BuildState(), [*messages.feed(data), *messages.close()])
    assert [(step.name, step.state, step.stage) for step in state.ordered] == [
        ("FROM a AS one", StepState.DONE, "one"),
        ("RUN x", StepState.DONE, "one"),
        ("FROM one", StepState.DONE, "2"),
        ("RUN y", StepState.CACHED, "2"),
    ]
    assert [line.text for line in state.logs["1:2"].lines] == ["hello"]
    assert state.result == BuildResult("0123456789ab")


def test_a_tab_behind_from_begins_a_stage_too() -> None:
    state = apply_all(
        BuildState(), BuildMessages().feed(stream("Step 1/3 : FROM a AS x", "Step 2/3 : RUN y", "Step 3/3 : FROM\tb"))
    )
    assert [step.stage for step in state.ordered] == ["x", "x", ""]


@pytest.mark.parametrize("several", [True, False], ids=["two stages", "one stage"])
def test_buildah_counts_all_instructions_of_a_stage_and_none_before_it(several: bool) -> None:
    dockerfile = "ARG A\nFROM alpine AS build\nENV X=1\nRUN echo one\nRUN echo two\n"
    data = [f"STEP {n}/4: {text}\n" for n, text in enumerate(dockerfile.splitlines()[1:], 1)]
    if several:
        dockerfile += "FROM build\nENV Y=1\nRUN echo one\nRUN echo two\n"
        data += [f"STEP {n}/4: {text}\n" for n, text in enumerate(dockerfile.splitlines()[5:], 1)]
        data = [f"[{1 + (number > 3)}/2] {text}" for number, text in enumerate(data)]
    state = apply_all(BuildState(), BuildMessages().feed(stream(*data)))
    assert [line_of(dockerfile, step) for step in state.ordered] == list(range(2, 2 + len(data)))


def test_a_pull_under_a_step_is_its_progress() -> None:
    data = (
        stream("Step 1/1 : FROM x") + b'{"status":"Downloading","id":"ab","progressDetail":{"current":3,"total":9}}\n'
    )
    data += b'{"status":"Pull complete","id":"ab","progressDetail":{}}\n{"status":"Digest: sha256:1"}\n'
    state = apply_all(BuildState(), BuildMessages().feed(data))
    assert state.steps[":1"].progress == (BuildProgress(":1", "ab", "Pull complete", ended=True),)
