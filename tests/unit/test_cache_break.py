"""Why a step ran again: the first thing that is another one than at the last build."""

from collections.abc import Mapping

import msgspec

from tui.model.build import BuildState, BuildStep, StepState
from tui.model.build_record import BuildRecord, FileMark, InstructionRecord, record_of
from tui.model.build_spec import BuildSpec
from tui.model.cache_break import Rebuilt, rebuilt

DOCKERFILE = "ARG BASE=busybox\nFROM $BASE AS one\nARG WHO\nCOPY src /src\nRUN make\nFROM one\nCOPY --from=one /x /x\n"
NAMES = (
    "[one 1/3] FROM busybox",
    "[one 2/3] COPY src /src",
    "[one 3/3] RUN make",
    "[stage-1 1/1] COPY --from=one /x /x",
)
FILES = {"src/main.c": FileMark(1, 1, "a"), "other": FileMark(1, 1, "b")}


def kept(
    dockerfile: str = DOCKERFILE,
    files: Mapping[str, FileMark] = FILES,
    args: tuple[str, ...] = (),
    base: str = "sha256:1",
    *,
    classic: bool = False,
) -> BuildRecord:
    spec = BuildSpec("/src", tag="a:1", args=args)
    return record_of(spec, dockerfile, "sha256:9", 1.0, files=files, bases={"$BASE": base}, classic=classic)


def build(first_that_ran: int, dockerfile: str = DOCKERFILE) -> BuildState:
    """A build whose steps were in the cache up to one."""
    steps: dict[str, BuildStep] = {}
    for number, name in enumerate(NAMES):
        state = StepState.CACHED if number < first_that_ran else StepState.DONE
        stage, _, words = name[1:].partition("] ")
        words = next((line for line in dockerfile.splitlines() if line.startswith(words)), words)
        steps[str(number)] = BuildStep(str(number), words, state=state, stage=stage.split()[0], number=number + 1)
    return BuildState(steps=steps)


def told(before: BuildRecord | None, now: BuildRecord, first: int, dockerfile: str = DOCKERFILE) -> list[str]:
    found = rebuilt(before, now, build(first, dockerfile), dockerfile)
    return [f"{one.line}: {one.why}" for one in found.breaks]


def test_nothing_ran() -> None:
    assert rebuilt(kept(), kept(), build(4), DOCKERFILE) == Rebuilt(0, 3)


def test_a_file_that_is_copied() -> None:
    now = kept(files={**FILES, "src/main.c": FileMark(1, 2, "z"), "other": FileMark(9, 9, "z")})
    assert told(kept(), now, 1)[0] == "4: src/main.c has changed"


def test_files_that_came_and_went() -> None:
    assert told(kept(), kept(files={"src/new.c": FileMark(1, 1)}), 1)[0] == "4: src/main.c is gone, src/new.c is new"


def test_an_instruction() -> None:
    changed = DOCKERFILE.replace("RUN make", "RUN make all")
    assert told(kept(), kept(changed), 2, changed)[0] == "5: line 5 was changed: RUN make all, it was RUN make"


def test_an_argument() -> None:
    assert told(kept(args=("WHO=a",)), kept(args=("WHO=b",)), 2)[0] == "5: the build argument WHO is 'b', it was 'a'"


def test_another_base() -> None:
    assert told(kept(), kept(base="sha256:2"), 1)[0] == "4: the base image $BASE is another one now"


def test_the_other_builder() -> None:
    assert "the other builder" in told(kept(classic=True), kept(), 1)[0]


def test_what_is_not_known_is_not_made_up() -> None:
    assert "nothing that is known here has changed" in told(kept(), kept(), 2)[0]
    assert told(None, kept(), 1) == []


def test_no_cache_was_asked_for() -> None:
    found = rebuilt(kept(), kept(), build(1), DOCKERFILE, no_cache=True)
    assert {one.why for one in found.breaks} == {"the build was asked to use no cache"}


def test_a_stage_that_starts_from_a_rebuilt_one_is_not_told_apart() -> None:
    assert told(kept(), kept(files={**FILES, "src/main.c": FileMark(2, 2, "z")}), 1) == ["4: src/main.c has changed"]


def test_a_stage_that_copies_from_a_rebuilt_one() -> None:
    dockerfile = DOCKERFILE.replace("FROM one", "FROM other")
    why = told(kept(dockerfile), kept(dockerfile, {**FILES, "src/main.c": FileMark(2, 2, "z")}), 1, dockerfile)
    assert why == ["4: src/main.c has changed", "7: the stage one, which it copies from, was rebuilt"]


TWO = (
    "FROM busybox AS one\nRUN one\nFROM busybox AS two\nCOPY --from=0 /x /x\n"
    "RUN --mount=type=bind,from=one,target=/one two\n"
)


def two(*ran: int) -> list[str]:
    """What is said where these of the steps ran, and the text alone is known to be the same."""
    names = [("one", 2, "RUN one"), ("two", 2, "COPY --from=0 /x /x")]
    names.append(("two", 3, "RUN --mount=type=bind,from=one,target=/one two"))
    steps = {
        str(place): BuildStep(
            str(place), name, StepState.DONE if place in ran else StepState.CACHED, stage=stage, number=number
        )
        for place, (stage, number, name) in enumerate(names)
    }
    found = rebuilt(kept(TWO), kept(TWO), BuildState(steps=steps), TWO)
    return [f"{one.line}: {one.why}" for one in found.breaks]


def test_a_stage_that_was_in_the_cache_is_no_reason() -> None:
    (why,) = two(1)
    assert "nothing that is known here has changed" in why
    assert two(0, 1)[1] == "4: the stage 0, which it copies from, was rebuilt"
    assert two(0, 2)[1] == "5: the stage one, which it mounts from, was rebuilt"


def test_another_here_document() -> None:
    dockerfile = "FROM busybox AS one\nRUN <<EOF\nmake\nEOF\n"
    changed = dockerfile.replace("make", "make all")
    step = BuildStep("0", "RUN <<EOF (make all)", StepState.DONE, stage="one", number=2)
    found = rebuilt(kept(dockerfile), kept(changed), BuildState(steps={"0": step}), changed)
    assert [one.why for one in found.breaks] == ["the here-document of line 2 was changed"]


def test_records_of_before_digests_of_another_kind_are_compared_by_what_both_know() -> None:
    assert not FileMark(1, 1, "0123456789abcdef").differs(FileMark(1, 1, "0123456789abcdef01234567"))
    assert FileMark(1, 1, "0123456789abcdef").differs(FileMark(1, 2, "0123456789abcdef01234567"))
    old = msgspec.json.decode(b'["one", "RUN", "<<EOF"]', type=InstructionRecord)
    assert old == InstructionRecord("one", "RUN", "<<EOF", "")
