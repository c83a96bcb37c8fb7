"""Instructions in colours and their lines of the Dockerfile; files as text and as dumps; two images compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.compare import compare_files, config_differences, shared_layers
from tui.model.file_lookup import NotThere, locate, resolve
from tui.model.file_tree import ROOT, Change, FileTree, Kind
from tui.model.layers import ImageConfig, ImageLayers, Layer
from tui.model.tree_builder import TreeBuilder
from tui.present.compare import comparison_lines
from tui.present.file_text import hex_hits, hex_line, hex_rows, is_text, joined, language_of, text_lines
from tui.present.instructions import dockerfile_lines, instruction_spans
from tui.present.layers import analysis_of

Entry = tuple[str, Kind, int, str]
FILE, FOLDER, SYMLINK, HARDLINK = Kind.FILE, Kind.FOLDER, Kind.SYMLINK, Kind.HARDLINK


def tree(*entries: Entry, mtime: int = 7) -> FileTree:
    builder = TreeBuilder()
    for path, kind, size, link in entries:
        builder.add(path.encode(), kind, size, 0o644, (0, 0), mtime, link.encode())
    return builder.finish()


def image_of(*trees: FileTree, config: ImageConfig | None = None, salt: str = "") -> ImageLayers:
    layers = tuple(
        Layer(f"RUN {n}", diff_id=f"sha256:{[of.path(i) for i in range(len(of))]}{salt if n else ''}", tree=of)
        for n, of in enumerate(trees)
    )
    return ImageLayers(layers, config or ImageConfig(), (), "amd64", "linux")


# instructions


@given(st.text())
def test_colours_change_no_character(text: str) -> None:
    assert "".join(part for part, _ in instruction_spans(text)) == text


def test_an_instruction_in_colours() -> None:
    spans = instruction_spans("RUN --mount=type=cache apk add -U \"$X y\" ${Z} && make; echo 'a b' | tee")
    tones = {text: tone for text, tone in spans if tone}
    assert tones == {
        "RUN": "key", "--mount=": "constant", "-U": "constant", '"$X y"': "string", "${Z}": "number", "&&": "accent",
        ";": "accent", "'a b'": "string", "|": "accent",
    }  # fmt: skip
    assert instruction_spans("CMD x", dim=True) == [("CMD x", "dim")]


DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG VERSION=1
FROM alpine:$VERSION AS base
ENV A=1 \\
    B=2
RUN apk add x

FROM base AS build
COPY . /src
FROM base
ARG X
COPY --from=build /src /srv
RUN <<EOF
echo a
EOF
CMD ["sh"]
"""


def test_lines_of_the_dockerfile() -> None:
    history = ["ADD rootfs", 'CMD ["/bin/sh"]', "ENV A=1 B=2", "RUN apk add x", "COPY /src /srv", "RUN echo a", "CMD"]
    with_arg = [*history[:4], "ARG X", *history[4:]]
    assert dockerfile_lines(DOCKERFILE, "", with_arg) == [None, None, 4, 6, 11, 12, 13, 16]
    assert dockerfile_lines(DOCKERFILE, "", history) == [None, None, 4, 6, 12, 13, 16]
    assert dockerfile_lines(DOCKERFILE, "build", [*history[:4], "COPY . /src"]) == [None, None, 4, 6, 9]
    assert dockerfile_lines(DOCKERFILE, "BASE", history[:4]) == [None, None, 4, 6]
    assert dockerfile_lines(DOCKERFILE, "nothing", history) == [None] * 7
    assert dockerfile_lines("FROM x\nRUN a\nUSER b", "", ["ADD", "RUN z", "LABEL l"]) == [None, None, None]
    assert dockerfile_lines("", "", history) == [None] * 7


# files


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", True),
        (b"hello\n", True),
        ("grüße ✓".encode(), True),
        (b"a\0b", False),
        (b"\x7fELF\x02\x01\x01" + bytes(9), False),
        ("é".encode() * 4095 + b"x" + "é".encode() * 9, True),  # a character is cut by the end of the sample
        (b"caf\xe9 au lait, all but one in ASCII, as Latin-1 is", True),
        (bytes(range(128, 250)) * 10, False),
    ],
)
def test_what_is_text(content: bytes, text: bool) -> None:
    assert is_text(content) is text


@given(st.sampled_from(["x.py", "x.json", "x.sh", "Dockerfile", "x.html", "x"]), st.text(max_size=200))
def test_a_text_keeps_its_characters_in_any_language(path: str, text: str) -> None:
    lines = text_lines(path, text.encode("utf-8", "surrogatepass"))
    shown = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").removesuffix("\n").split("\n")
    ended = [line.removesuffix("\r").replace("\r", "␍").expandtabs(8) for line in shown]
    assert joined(lines) == "\n".join(ended)


@pytest.mark.parametrize("path", ["x", "x.py"])
def test_only_line_feeds_end_lines_and_tabs_are_blanks(path: str) -> None:
    drawn = text_lines(path, "1\r\n\f\n\ta\x85b\u2028c\rd\n\n".encode())
    assert ["".join(text for text, _ in line) for line in drawn] == ["1", "\f", "        a\x85b\u2028c␍d", ""]


def test_colours_of_a_language() -> None:
    (first, second) = text_lines("/usr/bin/tool", b'#!/usr/bin/env python3\nprint("hi", 12)  # said\n')
    assert first == [("#!/usr/bin/env python3", "dim")]
    assert {tone for _, tone in second} >= {"constant", "string", "number", "dim"}
    assert text_lines("x.py", b"x = 1\n" + b"y" * 3000)[0] == [("x = 1", "")]  # a line that is too long


@pytest.mark.parametrize(
    ("path", "line", "language"),
    [
        ("/etc/nginx.conf", "", "ini"),
        ("/a/Dockerfile", "", "docker"),
        ("/a/Dockerfile.dev", "", "docker"),
        ("/root/.bashrc", "", "bash"),
        ("/bin/x", "#!/bin/sh -e", "bash"),
        ("/bin/x", "#!/usr/bin/env -S node", "javascript"),
        ("/bin/x", "plain", ""),
        ("/x.unknown", "", ""),
    ],
)
def test_a_language_is_told_by_name_or_interpreter(path: str, line: str, language: str) -> None:
    assert language_of(path, line) == language


def test_a_dump() -> None:
    content = bytes(range(16)) + b"hello\x1b[2J"
    assert hex_rows(content) == 2
    assert joined([hex_line(content, 0)]) == (
        "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  ................"
    )
    assert joined([hex_line(content, 1)]).startswith("00000010  68 65 6c 6c 6f 1b 5b 32  4a ")
    assert joined([hex_line(content, 1)]).endswith("  hello.[2J")
    assert hex_rows(b"") == 0


def test_a_text_is_found_in_a_dump() -> None:
    content = b"Needle" + bytes(20) + b"neEDle needle" + bytes(40) + b"needle"
    assert hex_hits(content, "needle") == [0, 1, 2, 4]
    assert hex_hits(content, "none") == hex_hits(content, "") == []


# where content is


LINKED = image_of(
    tree(
        ("usr/bin/busybox", FILE, 5, ""),
        ("usr/bin/sh", HARDLINK, 0, "usr/bin/busybox"),
        ("bin", SYMLINK, 0, "usr/bin"),
        ("up", SYMLINK, 0, "../../bin/sh"),
        ("ring", SYMLINK, 0, "ring"),
        ("gone", SYMLINK, 0, "/nowhere"),
        ("lost", HARDLINK, 0, "not/there"),
        ("dev/null", Kind.CHARACTER_DEVICE, 0, ""),
        ("usr/lib/x", SYMLINK, 0, "/bin/../bin/./busybox"),
    ),
    tree(("usr/bin/busybox", FILE, 9, "")),
)


@pytest.mark.parametrize(
    ("path", "number", "found"),
    [
        ("/usr/bin/busybox", 1, (1, b"usr/bin/busybox", 9)),
        ("/usr/bin/busybox", 0, (0, b"usr/bin/busybox", 5)),
        ("/usr/bin/sh", 1, (0, b"usr/bin/busybox", 5)),  # a hard link keeps what it was made of
        ("/up", 1, (0, b"usr/bin/busybox", 5)),
        ("/usr/lib/x", 1, (1, b"usr/bin/busybox", 9)),
    ],
)
def test_links_lead_to_the_content(path: str, number: int, found: tuple[int, bytes, int]) -> None:
    view = LINKED.view(number)
    node = view.find(path)
    assert node is not None
    place = locate(LINKED, view, node)
    assert (place.layer, place.path, place.size) == found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/ring", "too many links"),
        ("/gone", "not in the image"),
        ("/lost", "its layer has not"),
        ("/dev/null", "is a character device"),
        ("/usr", "is a folder"),
    ],
)
def test_what_can_not_be_read_says_why(path: str, words: str) -> None:
    view = LINKED.view(1)
    node = view.find(path)
    assert node is not None
    with pytest.raises(NotThere, match=words):
        locate(LINKED, view, node)


def test_a_link_of_many_steps_comes_to_an_end() -> None:
    view = tree(*((f"l{n}", SYMLINK, 0, f"l{n + 1}/" * 50) for n in range(60)), ("l60", FOLDER, 0, ""))
    assert resolve(view, ROOT, "l0/x") is None
    assert resolve(view, ROOT, "../../..") == ROOT


# comparing


def test_two_images_file_by_file() -> None:
    base = tree(("etc/a", FILE, 5, ""), ("etc/b", FILE, 6, ""), ("lib/x", FILE, 7, ""), ("l", SYMLINK, 0, "a"))
    first = image_of(base, tree(("only/first", FILE, 11, "")))
    second = image_of(base, tree(("etc/a", FILE, 50, ""), ("etc/.wh.b", FILE, 0, ""), ("l", SYMLINK, 0, "b")), salt="x")
    found = compare_files(first.view(1), second.view(1))
    changes = {found.tree.path(n): Change(found.tree.change[n]).name for n in range(1, len(found.tree))}
    assert changes == {
        "/etc": "WITHIN", "/etc/a": "CHANGED", "/etc/b": "REMOVED", "/l": "CHANGED", "/lib": "SAME", "/lib/x": "SAME",
        "/only": "REMOVED", "/only/first": "REMOVED",
    }  # fmt: skip
    assert found.counts == {Change.ADDED: 0, Change.CHANGED: 2, Change.REMOVED: 2}
    assert (found.sizes[Change.CHANGED], found.older, found.sizes[Change.REMOVED]) == (50, 5, 17)
    assert found.tree.total_size(ROOT) == second.view(1).total_size(ROOT)
    sharing = shared_layers(first, second)
    assert (sharing.common, sharing.common_size) == (1, 18)
    assert (sharing.first_only, sharing.second_only) == ((1,), (1,))
    lines = [text for text, _ in comparison_lines(analysis_of(first), analysis_of(second), sharing, found, [])]
    assert "  1 layer in common, 18B" in lines
    assert "  C 2 in both that differ, 5B and 50B" in lines


def test_another_time_is_another_file() -> None:
    one, other = image_of(tree(("a", FILE, 5, ""), mtime=1)), image_of(tree(("a", FILE, 5, ""), mtime=2))
    assert compare_files(one.view(0), other.view(0)).counts[Change.CHANGED] == 1


PATHS = st.dictionaries(st.sampled_from(["a", "b", "d/x", "d/y", "d/e/z"]), st.integers(0, 3))


@given(PATHS, PATHS)
def test_a_comparison_tells_each_path_once(one: dict[str, int], other: dict[str, int]) -> None:
    first, second = (image_of(tree(*((p, FILE, s, "") for p, s in of.items()))).view(0) for of in (one, other))
    found = compare_files(first, second)
    files = [node for node in range(1, len(found.tree)) if found.tree.kind(node) is FILE]
    shown = {found.tree.path(node)[1:]: Change(found.tree.change[node]) for node in files}
    assert shown.keys() == one.keys() | other.keys()
    for path, change in shown.items():
        if path not in other:
            assert change is Change.REMOVED
        elif path not in one:
            assert change is Change.ADDED
        else:
            assert change is (Change.SAME if one[path] == other[path] else Change.CHANGED)
    back = compare_files(second, first)
    assert back.counts[Change.ADDED] == found.counts[Change.REMOVED]


def test_configurations_name_by_name() -> None:
    old = ImageConfig(env=("A=1", "B=2"), cmd=("sh",), user="app", labels={"x": "1"}, exposed_ports={"80/tcp": {}})
    new = ImageConfig(env=("A=1", "B=3", "C="), cmd=("sh", "-c"), volumes={"/v": {}})
    found = {
        one.name: (one.first, one.second) for one in config_differences(image_of(config=old), image_of(config=new))
    }
    assert found == {
        "command": ('["sh"]', '["sh","-c"]'),
        "user": ("app", None),
        "env B": ("2", "3"),
        "env C": (None, ""),
        "label x": ("1", None),
        "port 80/tcp": ("exposed", None),
        "volume /v": (None, "declared"),
    }
    assert config_differences(image_of(config=old), image_of(config=old)) == []
