"""A Dockerfile is read as the builders read it, and a build's step is found again in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.build import opened
from tui.model.build import BuildFailure, BuildState, BuildStep, StepState, apply_all
from tui.model.dockerfile import parse_dockerfile
from tui.model.dockerfile_map import line_of, map_of
from tui.present.build import failure_lines
from tui.present.dockerfile_view import MOST_LINES, source_rows
from tui.present.instructions import dockerfile_lines

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG TAG=1
FROM busybox:$TAG AS base

# a comment
RUN echo one && \\
    # inside
    echo two
ENV A=1
COPY <<EOF /etc/motd
RUN nothing
EOF
FROM base
WORKDIR /srv
run cat <<-"END" | sh
\tfalse
\tEND
CMD ["x"]
"""


def test_instructions_span_lines_comments_and_here_documents() -> None:
    found = [(part.keyword, part.line, part.last_line) for part in parse_dockerfile(DOCKERFILE)]
    assert found == [
        ("ARG", 2, 2),
        ("FROM", 3, 3),
        ("RUN", 6, 8),
        ("ENV", 9, 9),
        ("COPY", 10, 12),
        ("FROM", 13, 13),
        ("WORKDIR", 14, 14),
        ("RUN", 15, 17),
        ("CMD", 18, 18),
    ]


@pytest.mark.parametrize(
    ("stage", "number", "name", "line"),
    [
        ("base", 1, "FROM docker.io/library/busybox:1", 3),
        ("base", 2, "RUN echo one &&     echo two", 6),
        ("linux/amd64 base", 3, "COPY <<EOF /etc/motd", 10),
        ("stage-1", 2, 'RUN cat <<-"END" | sh (false)', 15),
        ("stage-1", 2, "COPY x y", None),
        ("stage-1", 9, "RUN other", None),
        ("other", 2, "RUN echo one", None),
    ],
)
def test_buildkit_counts_in_the_stage(stage: str, number: int, name: str, line: int | None) -> None:
    assert line_of(DOCKERFILE, BuildStep("sha256:x", name, stage=stage, number=number)) == line


@pytest.mark.parametrize(("number", "name", "line"), [(1, "ARG TAG=1", 2), (8, "run cat", 15), (4, "RUN x", None)])
def test_the_classic_builder_counts_everything(number: int, name: str, line: int | None) -> None:
    assert line_of(DOCKERFILE, BuildStep(f":{number}", name, number=number)) == line


def test_a_single_stage_without_a_name() -> None:
    assert line_of("FROM x\nRUN y", BuildStep("sha256:x", "RUN y", number=2)) == 2


def test_another_escape_character_and_an_open_here_document() -> None:
    assert [part.line for part in parse_dockerfile("# escape=`\nRUN a `\n b\nRUN c \\\nRUN <<X\nRUN d")] == [2, 4, 5, 6]


def test_a_step_of_the_builder_itself_has_no_line() -> None:
    assert line_of(DOCKERFILE, BuildStep("sha256:x", "load metadata", internal=True)) is None
    assert line_of(DOCKERFILE, BuildStep("sha256:x", "exporting to image")) is None


ESCAPED = "FROM a\nRUN echo a `\n  b\n"
READ: dict[str, tuple[str, list[tuple[int, int]]]] = {
    "two escapes go not on": ("FROM a\nRUN echo foo\\\\\nRUN two\n", [(1, 1), (2, 2), (3, 3)]),
    "nor do three": ("FROM a\nRUN echo foo\\\\\\\nRUN two\n", [(1, 1), (2, 2), (3, 3)]),
    "blanks behind an escape": ("FROM a\nRUN a \\ \t\n b\nRUN c\\\t\n d\n", [(1, 1), (2, 3), (4, 5)]),
    "a lone escape": ("FROM a\n\\\nRUN one\nRUN two\n", [(1, 1), (2, 3), (4, 4)]),
    "an open end": ("FROM a\nRUN echo a \\\n# end\n", [(1, 1), (2, 3)]),
    "blanks and comments inside": ("FROM a\nRUN a \\\n\n  \n # c\n#d \\\n b\nRUN c\n", [(1, 1), (2, 7), (8, 8)]),
    "a name with a dash": ("FROM a\nCOPY <<my-x.sh /x\nRUN no\nmy-x.sh\nRUN b\n", [(1, 1), (2, 4), (5, 5)]),
    "under ONBUILD": ("FROM a\nonbuild run <<EOF\nRUN no\nEOF\nRUN b\n", [(1, 1), (2, 4), (5, 5)]),
    "two here-documents": ("FROM a\nRUN c <<A 3<<B\nRUN 1\nA\nRUN 2\nB\nRUN c\n", [(1, 1), (2, 6), (7, 7)]),
    "a continued one": ("FROM a\nRUN c <<A \\\n && b\nRUN no\nA\nRUN c\n", [(1, 1), (2, 5), (6, 6)]),
    "a quoted name": ("FROM a\nRUN <<'E F'\necho\nE F\nRUN <<\"X\"'Y'\nx\nXY\n", [(1, 1), (2, 4), (5, 7)]),
    "an escaped name": ("FROM a\nRUN c <<E\\OF\nRUN no\nEOF\nRUN c\n", [(1, 1), (2, 4), (5, 5)]),
    "tabs before the end": ("FROM a\nRUN <<-E\n\techo\n\t\tE\nRUN c\n", [(1, 1), (2, 4), (5, 5)]),
    "the whole word is its name": ("FROM a\nRUN cat <<E>/x\nE\nE>/x\nRUN b\n", [(1, 1), (2, 4), (5, 5)]),
    "none in quotes": ('FROM a\nRUN echo "<<E"\nRUN echo "a <<E b"\nRUN b\n', [(1, 1), (2, 2), (3, 3), (4, 4)]),
    "none inside of a word": (
        "FROM a\nRUN echo $((1<<2)) a<<E\nRUN b\n2))\nE\n",
        [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)],
    ),
    "none behind a quote without an end": ("FROM a\nRUN true 'x <<E\nRUN b\nE\n", [(1, 1), (2, 2), (3, 3), (4, 4)]),
    "none of three": ("FROM a\nRUN cat <<<E\nRUN b\nE\n", [(1, 1), (2, 2), (3, 3), (4, 4)]),
    "a name behind blanks": ("FROM a\nRUN cat << E | cat\nRUN b\nE\nRUN c\n", [(1, 1), (2, 4), (5, 5)]),
    "but not behind a dash": ("FROM a\nRUN cat <<- E\nRUN b\n\tE\n", [(1, 1), (2, 2), (3, 3), (4, 4)]),
    "none without a name": ("FROM a\nRUN echo a <<\nRUN b\n", [(1, 1), (2, 2), (3, 3)]),
    "none of JSON": ('FROM a\nRUN ["echo", "<<E"]\nRUN b\nE\n', [(1, 1), (2, 2), (3, 3), (4, 4)]),
    "none in ENV": ("FROM a\nENV A=<<EOF\nRUN c\nEOF\n", [(1, 1), (2, 2), (3, 3), (4, 4)]),
    "odd line ends are none": (
        "FROM a\nRUN a\fb\nRUN c\u2028d\nRUN e\x85f\nRUN g\vh\ri\n",
        [(n, n) for n in range(1, 6)],
    ),
    "line ends of Windows": (
        "FROM a\r\nRUN a \\\r\n b\r\nRUN <<E\r\nx\r\nE\r\nRUN c\r\n",
        [(1, 1), (2, 3), (4, 6), (7, 7)],
    ),
    "a byte order mark": ("\ufeff# escape=`\n" + ESCAPED, [(2, 2), (3, 4)]),
    "an indented directive": ("  # ESCAPE = `\n" + ESCAPED, [(2, 2), (3, 4)]),
    "a directive with blanks": ("# check=skip=all; error=true\n# escape=`\n" + ESCAPED, [(3, 3), (4, 5)]),
    "two other escapes": ("# escape=`\nFROM a\nRUN echo a``\nRUN b\n", [(2, 2), (3, 3), (4, 4)]),
    "a comment ends the directives": ("# hello\n# escape=`\n" + ESCAPED, [(3, 3), (4, 4), (5, 5)]),
    "and so does an unknown one": ("# foo=bar\n# escape=`\n" + ESCAPED, [(3, 3), (4, 4), (5, 5)]),
}
"""What the parser of Engine 28.5's BuildKit made of these was looked at in the history, or in its error's line."""


@pytest.mark.parametrize("name", READ)
def test_the_lines_of_instructions_are_the_builders(name: str) -> None:
    text, lines = READ[name]
    assert [(part.line, part.last_line) for part in parse_dockerfile(text)] == lines


@given(st.text(alphabet="FROM RUN<<EA-'\"\\`#=$\n\r\t", max_size=60))
def test_any_text_is_read_and_shown(text: str) -> None:
    for part in parse_dockerfile(text):
        assert 1 <= part.line <= part.own_last_line <= part.last_line
        assert part.body.count("\n") <= max(part.last_line - part.own_last_line - 1, 0)
    assert [row.number for row in source_rows(text, BuildState())] == list(
        range(1, len(source_rows(text, BuildState())) + 1)
    )


def test_a_here_document_behind_the_last_line_that_is_shown() -> None:
    text = "FROM a\n" + "RUN b\n" * (MOST_LINES - 2) + "RUN <<E\nx\nE\nCOPY <<E /x\nx\nE\n"
    assert len(source_rows(text, BuildState())) == MOST_LINES


def test_the_body_of_a_here_document_is_no_code_whatever_the_escape() -> None:
    rows = source_rows("# escape=`\nFROM a\nRUN cat <<E `\n  && true\nRUN no\nE\n", BuildState())
    assert [row.number for row in rows if row.spans and row.spans[0][1] == "string"] == [5, 6]


def step(name: str, number: int, stage: str = "") -> BuildStep:
    return BuildStep("sha256:x", name, stage=stage, number=number)


@pytest.mark.parametrize(("image", "name"), [("composer", "composer"), ("nginx", "NGINX")])
def test_a_stage_that_is_called_as_its_image(image: str, name: str) -> None:
    text = f"FROM {image} AS {name}\nRUN one\nRUN one\nRUN two\n"
    assert [line_of(text, step("RUN one", number, image)) for number in (2, 3)] == [2, 3]
    failed = BuildStep("sha256:x", "RUN one", StepState.FAILED, stage=image, number=2)
    state = apply_all(BuildState(), [failed, BuildFailure("it broke")])
    assert failure_lines(state, text)[0][0].startswith("Dockerfile line 2")


def test_a_stage_that_goes_on_from_one_named_by_a_variable() -> None:
    text = "ARG BASE=one\nFROM a AS one\nFROM ${BASE} AS two\nRUN x\nRUN x\n"
    assert map_of(text).below == [None, 0]
    assert map_of(text).chain() == [0, 1]
    assert [line_of(text, step("RUN x", number, "two")) for number in (1, 2)] == [4, 5]


def test_working_in_the_root_has_no_number() -> None:
    text = "FROM a\nWORKDIR /\nRUN one\nWORKDIR /x\nRUN one\n"
    steps = [step("RUN one", 2), step("WORKDIR /x", 3), step("RUN one", 4)]
    assert [line_of(text, one) for one in steps] == [3, 4, 5]


@pytest.mark.parametrize("trigger", ["ONBUILD RUN echo trig", "RUN echo trig"], ids=["28", "26"])
def test_a_trigger_of_the_base_image_has_no_line_and_moves_none(trigger: str) -> None:
    text = "FROM base\nRUN one\nRUN two\nRUN three\n"
    steps = [step(trigger, 2), step("RUN one", 3), step("RUN two", 4), step("RUN three", 5)]
    assert [line_of(text, one) for one in steps] == [None, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "name", "same"),
    [
        ("RUN echo $V ${W:-x} end", "RUN echo 1 2 end", True),
        ("RUN echo $V ${W:-x} end", "RUN echo 1 2 other", False),
        ("RUN echo a$V", "RUN echo b1", False),
        ("WORKDIR /$V/b", "WORKDIR /a/b", True),
        ("RUN <<EOF", "RUN <<EOF (echo x...)", True),
        ("RUN make", "RUN make all", False),
    ],
)
def test_a_step_is_found_with_its_variables_filled_in(text: str, name: str, same: bool) -> None:
    assert line_of(f"FROM a\n{text}\n", step(name, 2)) == (2 if same else None)


def test_onbuild_is_in_the_history_of_one_builder_only() -> None:
    text = "FROM a\nRUN x\nONBUILD RUN y\nCMD z\n"
    assert dockerfile_lines(text, "", ["ADD base", "CMD", "RUN x", "CMD z"]) == [None, None, 2, 4]
    assert dockerfile_lines(text, "", ["CMD", "RUN x", "ONBUILD RUN y", "CMD z"]) == [None, 2, 3, 4]


def test_the_text_of_a_dockerfile_is_read_with_its_line_ends(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"\xef\xbb\xbfFROM a\r\nRUN b\rc\r\n")
    assert opened(str(tmp_path), "Dockerfile")[1] == "FROM a\r\nRUN b\rc\r\n"
