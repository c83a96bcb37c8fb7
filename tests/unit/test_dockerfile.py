"""A build's step is found again in its Dockerfile."""

import pytest

from tui.model.build import BuildStep
from tui.model.dockerfile import parse_dockerfile
from tui.model.dockerfile_map import line_of

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
        ("base", 2, "RUN echo one", 6),
        ("linux/amd64 base", 3, "COPY <<EOF /etc/motd", 10),
        ("stage-1", 2, "RUN cat", 15),
        ("stage-1", 2, "COPY x y", None),
        ("stage-1", 9, "RUN cat", None),
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
