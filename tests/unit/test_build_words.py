"""What the screen of a build says."""

import msgspec
import pytest

from tui.model.build import (
    BuildFailure,
    BuildLog,
    BuildProgress,
    BuildResult,
    BuildState,
    BuildStep,
    BuildWarning,
    StepState,
    apply_all,
)
from tui.model.build_way import Way
from tui.model.log_record import Stream
from tui.present.build import (
    Upload,
    failure_lines,
    header_spans,
    last_good_image,
    progress_words,
    result_lines,
    step_rows,
    step_title,
    upload_is_over,
    upload_spans,
    warning_lines,
)
from tui.present.build_form import context_lines, offered_arguments, remote_lines, way_words

DOCKERFILE = "FROM busybox\nCOPY a /\nRUN cat a \\\n  && false\n"
FROM = BuildStep("a", "FROM busybox", StepState.CACHED, 1, 1, number=1, total=3)
COPY = BuildStep("b", "COPY a /", StepState.DONE, 1, 2, number=2, total=3)
RUN = BuildStep("c", "RUN cat a   && false", StepState.RUNNING, 2, number=3, total=3)


def text(spans: list[tuple[str, str]]) -> str:
    return "".join(part for part, _ in spans)


def failed() -> BuildState:
    log = [BuildLog("c", Stream.STDOUT, f"line {number}\n") for number in range(9)]
    end = BuildStep("c", RUN.name, StepState.FAILED, 2, 3, "exit code: 7", number=3, total=3)
    return apply_all(BuildState(), [FROM, COPY, RUN, *log, end, BuildFailure("it did not\nwork", 7)])


def test_the_header_counts_what_is_done() -> None:
    left, right = header_spans("build x", "running", 65, apply_all(BuildState(), [FROM, COPY, RUN]), ascii_only=False)
    assert text(left) == " hythe build x  ▶ running"
    assert text(right) == "2 of 3 steps, 1 cached  1m05s "


def test_a_failed_step_is_not_counted_as_done() -> None:
    _, right = header_spans("build x", "failed", 1, failed(), ascii_only=True)
    assert text(right).startswith("2 of 3 steps")


def test_the_states_have_words_without_unicode() -> None:
    for state in ("running", "done", "failed", "cancelled"):
        left, _ = header_spans("x", state, 0, BuildState(), ascii_only=True)
        assert text(left).isascii()
        assert state in text(left)


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (Upload(0, 10, None), ""),
        (Upload(0, 10, None, 9_000_000), " looking through the context"),
        (Upload(3_000_000, 10, None), " sending the context  3MB  1.5MB/s"),
        (Upload(3_000_000, 10, None, 9_000_000), " sending the context  3MB of 9MB  1.5MB/s  4.0s left"),
        (Upload(3_000_000, 11.5, None, 9_000_000), " sending the context  3MB of 9MB  6MB/s"),
        (Upload(3_000_000, 10, None, 9_000_000, True), " sending the context  3MB of at most 9MB  1.5MB/s  4.0s left"),
        (Upload(3_000_000, 10, 11, over=True), " context 3MB sent in 1.0s"),
        (Upload(3_000_000, 10, 11, 9_000_000, True, True), " context 3MB sent in 1.0s of 9MB"),
        (Upload(0, 12, None, 9_000_000, True, True), " the builder had all of the context"),
        (Upload(0, 12, None, over=True), ""),
    ],
)
def test_the_upload_is_told(upload: Upload, said: str) -> None:
    assert text(upload_spans(upload, 12)) == said


def test_when_the_context_is_there() -> None:
    loading = BuildStep("l", "load build context", StepState.RUNNING, 1, internal=True)
    assert not upload_is_over(BuildState(), ended=False)
    assert not upload_is_over(apply_all(BuildState(), [loading, FROM]), ended=False)
    assert upload_is_over(apply_all(BuildState(), [loading]), ended=True)
    assert upload_is_over(apply_all(BuildState(), [FROM, COPY]), ended=False)


def test_where_a_build_stands() -> None:
    assert progress_words(BuildState()) == ""
    assert progress_words(apply_all(BuildState(), [FROM, COPY, RUN])) == "3/3 RUN cat a && false"
    assert progress_words(failed()) == "3/3 RUN cat a && false"
    assert progress_words(apply_all(BuildState(), [FROM, COPY, BuildResult("sha256:1")])) == "2/3 COPY a /"


def test_steps_tell_their_place_and_what_they_fetch() -> None:
    fetched = [
        BuildProgress("a", "1", current=5_000, total=10_000),
        BuildProgress("a", "2", current=1_000, total=2_000),
    ]
    running = BuildStep("a", "FROM busybox", StepState.RUNNING, 1, number=1, total=3)
    first, second = step_rows(apply_all(BuildState(), [running, *fetched, COPY]))
    assert (first.title, first.detail, first.group) == ("1/3 FROM busybox", "6kB of 12kB", "")
    assert (second.title, second.detail) == ("2/3 COPY a /", "")


def test_stages_are_headings_only_where_there_are_several() -> None:
    other = BuildStep("d", "FROM x", stage="base", number=1, total=1)
    assert [row.group for row in step_rows(apply_all(BuildState(), [other]))] == [""]
    assert [row.group for row in step_rows(apply_all(BuildState(), [other, COPY]))] == ["", "stage base"]


def test_stages_stand_in_the_dockerfiles_order_and_the_export_last() -> None:
    steps = [
        BuildStep("i", "load metadata", internal=True),
        BuildStep("z", "RUN z", stage="z", number=1, total=1),
        BuildStep("a", "RUN a", stage="a", number=1, total=2),
        BuildStep("e", "exporting to image"),
        BuildStep("b", "RUN b", stage="a", number=2, total=2),
    ]
    dockerfile = "FROM x AS a\nRUN a\nRUN b\nFROM x AS z\nRUN z\n"
    rows = step_rows(apply_all(BuildState(), steps), dockerfile)
    assert [(row.group, row.id) for row in rows] == [
        ("", "i"), ("stage a", "a"), ("stage a", "b"), ("stage z", "z"), ("", "e"),
    ]  # fmt: skip


def test_a_step_knows_its_line() -> None:
    left, right = step_title(BuildStep(":3", "RUN cat a   && false", number=3, total=3), DOCKERFILE)
    assert (text(left), text(right)) == (" RUN cat a && false", " Dockerfile line 3 ")


def test_a_failure_says_where_then_the_last_words_then_the_daemons() -> None:
    lines = [line for line, _ in failure_lines(failed(), DOCKERFILE)]
    assert lines == [
        "Dockerfile line 3, exit code 7: RUN cat a && false",
        "     3  RUN cat a \\", "     4    && false",
        "  line 6", "  line 7", "  line 8",
        "it did not", "work",
    ]  # fmt: skip


def test_a_syntax_error_shows_the_line_of_the_dockerfile() -> None:
    state = apply_all(BuildState(), [BuildFailure("unknown instruction", None, 2)])
    assert [line for line, _ in failure_lines(state, DOCKERFILE)] == [
        "Dockerfile line 2: COPY a /",
        "unknown instruction",
    ]


@pytest.mark.parametrize("line", [99, 0, -1])
def test_a_line_that_the_dockerfile_does_not_have(line: int) -> None:
    state = apply_all(BuildState(), [BuildFailure("no", None, line)])
    assert failure_lines(state, DOCKERFILE)[0][0] == f"Dockerfile line {line}"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('failed to compute cache key: "/x": not found', ".dockerignore"),
        ("COPY failed: file not found in build context", ".dockerignore"),
        ("no active sessions", "pull it first"),
        ("pull access denied for x", "docker login"),
        ("write /x: no space left on device", "disk is full"),
        ("dial tcp: lookup registry-1.docker.io: no such host", "cannot reach the registry"),
        ("secret npm: not found", "id=NAME,src=FILE"),
    ],
)
def test_known_failures_come_with_advice(message: str, said: str) -> None:
    lines = failure_lines(apply_all(BuildState(), [BuildFailure(message)]), "")
    assert said in lines[-1][0]
    assert lines[-1][1] == "warn"


def test_no_failure_pins_nothing() -> None:
    assert failure_lines(BuildState(), DOCKERFILE) == []
    assert result_lines(BuildState(), "x:1") == []


def test_the_good_end() -> None:
    state = apply_all(BuildState(), [BuildResult("sha256:12")])
    assert text(result_lines(state, "x:1")) == "x:1  sha256:12"
    assert "without a name" in text(result_lines(state, ""))


def test_warnings_beyond_the_room_are_counted() -> None:
    state = apply_all(BuildState(), [BuildWarning("a", f"w{number}", url="u", line=number) for number in range(1, 6)])
    lines = [line for line, _ in warning_lines(state)]
    assert lines == ["Dockerfile line 1: w1  u", "Dockerfile line 2: w2  u", "and 3 warnings more: W shows all"]
    assert len(warning_lines(state, 5)) == 5


class Summary(msgspec.Struct):
    files: int = 2
    folders: int = 1
    size: int = 4_000
    biggest: tuple[tuple[str, int], ...] = (("a/big", 3_000), ("b", 1_000))
    unreadable: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def test_a_context_is_told_with_its_biggest_files() -> None:
    lines = [line for line, _ in context_lines(Summary(), "/x/.dockerignore")]
    assert lines == [
        "4kB in 2 files, 1 folder to send", "after /x/.dockerignore", "    3kB a/big (75%)", "    1kB b (25%)"
    ]  # fmt: skip


def test_a_context_tells_what_is_wrong_with_it_first() -> None:
    summary = Summary(files=1, folders=0, size=0, biggest=(), unreadable=("/x/a: denied",), skipped=("dev",))
    lines = context_lines(summary, None)
    assert lines[0][0] == "0B in 1 file to send"
    assert lines[1] == ("cannot be read: /x/a: denied", "bad")
    assert "nothing is left out" in lines[2][0]
    assert lines[3] == ("left out, as neither a file nor a folder: dev", "warn")


def test_a_context_that_is_fetched_on_demand_says_so() -> None:
    lines = [line for line, _ in context_lines(Summary(), None, on_demand=True)]
    assert lines[0] == "4kB in 2 files, 1 folder"
    assert "fetches what the build copies" in lines[-1]


def test_a_context_that_the_daemon_fetches_is_told() -> None:
    assert "clones" in remote_lines("git", "")[0][0]
    assert "tar archive" in remote_lines("http", "x")[0][0]


def test_the_choice_of_a_builder_is_explained() -> None:
    assert way_words(Way("session", "because"), "2", "2") == "the daemon's default; because"
    assert way_words(Way("classic", "because"), "1", "2") == "not the daemon's default; because"
    assert way_words(Way("buildx", "because"), "x", "2") == "because"
    assert way_words("it cannot be", "1", "2") == "it cannot be"


def test_the_last_good_image_is_that_before_the_failure() -> None:
    steps = [
        BuildStep("1", "FROM x", StepState.DONE, image="aaa", number=1),
        BuildStep("2", "RUN y", StepState.CACHED, image="bbb", number=2),
        BuildStep("3", "RUN z", StepState.FAILED, number=3),
    ]
    assert last_good_image(apply_all(BuildState(), steps)) == "bbb"
    assert last_good_image(BuildState()) == ""


def test_arguments_are_offered_with_their_defaults() -> None:
    assert offered_arguments({"A": "1", "B": ""}) == "declared: A=1, B"
    assert offered_arguments({}) == ""


def test_the_last_words_of_a_failure_are_without_their_colours() -> None:
    log = BuildLog("c", Stream.STDERR, "\x1b[1;31merror:\x1b[0m undefined: price\n\x1b[0m\n")
    failed = msgspec.structs.replace(RUN, state=StepState.FAILED)
    build = apply_all(BuildState(), [failed, log, BuildFailure("exit code: 1", 1, 3)])
    assert "  error: undefined: price" in [line for line, _ in failure_lines(build, DOCKERFILE)]
