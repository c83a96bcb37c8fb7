"""What is said of the layers of an image that was just built."""

from tui.model.built_layers import BuiltLayer
from tui.present.build_report import layer_rows, layers_title

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
