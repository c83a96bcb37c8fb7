"""What is said of the layers of an image that was just built."""

import pytest

from tui.model.build import BuildState, BuildStep, StepState
from tui.model.built_layers import BuiltLayer, built_layers
from tui.model.images import HistoryEntry
from tui.model.layers import instruction_of
from tui.present.build_report import layer_rows, layers_title
from tui.present.instructions import dockerfile_lines

BASE = [BuiltLayer("ADD rootfs.tar /", 2_000_000), BuiltLayer('CMD ["sh"]', 0)]


def test_the_base_image_is_one_row_and_each_instruction_of_the_file_another() -> None:
    layers = [*BASE, BuiltLayer("RUN make", 3_000, 2, 1.5)]
    assert layers_title(layers) == [(" image 2MB, 3kB of it by this Dockerfile", "")]
    assert [(row.size, row.line, row.text) for row in layer_rows(layers)] == [
        ("2MB", None, "the base image, 2 instructions"),
        ("3kB", 2, "RUN make"),
    ]


def test_of_a_dockerfile_that_the_daemon_fetched_nothing_is_said_to_be_the_base_images() -> None:
    layers = [*BASE, BuiltLayer("RUN make", 3_000)]
    assert layers_title(layers) == [(" image 2MB", "")]
    assert [(row.size, row.text) for row in layer_rows(layers)] == [
        ("2MB", "ADD rootfs.tar /"),
        ("", 'CMD ["sh"]'),
        ("3kB", "RUN make"),
    ]


DOCKERFILE = 'FROM a\nSHELL ["/bin/ash", "-c"]\nARG A\nRUN one\nRUN ["two"]\nONBUILD RUN no\nCMD z\n'


@pytest.mark.parametrize(
    ("history", "ids"),
    [
        (
            ["SHELL [/bin/ash -c]", "ARG A", "RUN |0 /bin/ash -c one # buildkit", "RUN two", "CMD z"],
            "sha256",
        ),
        (
            [
                "/bin/ash -c #(nop)  SHELL [/bin/ash -c]",
                "/bin/ash -c #(nop)  ARG A",
                "/bin/ash -c one",
                "two",
                "/bin/ash -c #(nop)  ONBUILD RUN no",
                "/bin/ash -c #(nop)  CMD z",
            ],
            "",
        ),
    ],
    ids=["buildkit", "classic"],
)
def test_the_instructions_of_a_dockerfile_with_a_shell_of_its_own_are_found_in_the_history(
    history: list[str], ids: str
) -> None:
    steps = {
        f"{ids}:{number}": BuildStep(f"{ids}:{number}", line, StepState.DONE, number=number)
        for number, line in enumerate(DOCKERFILE.splitlines(), 1)
    }
    entries = [HistoryEntry("<missing>", 0, text) for text in ["/bin/sh -c #(nop)  ONBUILD RUN base", *history]][::-1]
    lines = [line for line in range(2, 8) if ids == "" or line != 6]
    layers = built_layers(entries, BuildState(steps=steps if ids == "" else {}), DOCKERFILE)
    assert [layer.line for layer in layers] == [None, *lines]
    assert dockerfile_lines(DOCKERFILE, "", [instruction_of(text) for text in history]) == lines
