"""The docker CLI is the reference: for the same folder and ignore file it sends the same files, links and modes."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli_context import CliDaemon, Entry, entries
from tui.engine.build_context import ContextError, open_context
from tui.engine.context_tar import stream_context


@pytest.fixture
def cli(short_tmp: Path, docker_cli: str) -> Iterator[CliDaemon]:
    with CliDaemon(short_tmp / "docker.sock", docker_cli) as daemon:
        yield daemon


def ours(folder: Path, dockerfile: str = "Dockerfile") -> list[Entry]:
    return entries(b"".join(stream_context(open_context(folder, dockerfile))))


def same(ours: list[Entry], theirs: list[Entry] | str) -> None:
    """The same entries; the Dockerfile stands first in ours, all others in the same order."""
    assert isinstance(theirs, list), theirs
    assert sorted(ours) == sorted(theirs)
    names = [entry[0] for entry in ours[1:]]
    assert names == [entry[0] for entry in theirs if entry[0] != ours[0][0]]


TREE = """
Dockerfile a.txt app.log keep.log docs/a.md docs/b.txt docs/deep/c.md node_modules/x/index.js src/main.c src/cache/1
src/README sub/app.log sub/Dockerfile a/b/c/z a/z tmp1/f tmp12/f x1.txt .git/config .env build/out/bin README.md
"""

PATTERNS = {
    "nothing": "",
    "comment and blanks": "# *.log\n\n   \n*.log  \n",
    "crlf and a BOM": "\ufeff*.log\r\nnode_modules\r\n",
    "a folder": "node_modules",
    "a folder with slashes": "/node_modules/",
    "dots": "./docs/../src\n",
    "stars": "*.log\n*/*.md\n",
    "two stars": "**/*.log\n**/cache\n",
    "two stars at the end": "docs/**",
    "two stars inside": "a/**/z",
    "question marks": "tmp?\n?.txt",
    "a class": "[a-c].txt\n[xy]*.txt",
    "a negated class": "[^a]*.md",
    "escapes": "a\\.txt\n\\*\n",
    "escapes with a meaning": "x\\d.txt\n\\w.txt",
    "all": "*",
    "all but one": "*\n!src/main.c",
    "all but a folder": "*\n!src",
    "all but what is in a folder": "*\n!src/*",
    "all but deep ones": "**\n!docs/deep/c.md",
    "an exception by stars": "*\n!**/README",
    "an exception with a class": "docs\n!doc[s]/a.md",
    "in and out again": "docs/*\n!docs/*.md\ndocs/a.md",
    "a folder, an exception in it, something in that": "a\n!a/b\na/b/c",
    "an exception before": "!src\nsrc",
    "an exception with blanks": "*\n!  src/README",
    "the Dockerfile itself": "Dockerfile\n.dockerignore",
    "all Dockerfiles": "**/Dockerfile",
    "hidden ones": ".*",
    "outside": "../context/src\n../x",
    "the root": ".",
    "slash": "/",
    "double slashes": "docs//deep",
    "up again": "docs/deep/..",
    "two stars and more": "**/deep/**",
    "three stars": "***/z",
    "a class with a slash": "src[/]main.c",
}


def plant(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@pytest.mark.parametrize("patterns", PATTERNS.values(), ids=PATTERNS)
def test_the_same_files_are_sent(cli: CliDaemon, tmp_path: Path, patterns: str) -> None:
    folder = plant(tmp_path / "context", TREE.split())
    (folder / ".dockerignore").write_text(patterns)
    same(ours(folder), cli.sent(folder))


def test_a_dockerfile_in_a_folder(cli: CliDaemon, tmp_path: Path) -> None:
    folder = plant(tmp_path / "context", TREE.split())
    (folder / ".dockerignore").write_text("sub\n*.log\n")
    same(ours(folder, "sub/Dockerfile"), cli.sent(folder, "--file", str(folder / "sub/Dockerfile")))


def test_a_dockerfile_from_outside(cli: CliDaemon, tmp_path: Path) -> None:
    folder = plant(tmp_path / "context", TREE.split())
    plant(tmp_path, ["Other"])
    (folder / ".dockerignore").write_text("sub\n*.log\n")
    theirs = cli.sent(folder, "--file", str(tmp_path / "Other"))
    assert isinstance(theirs, list)

    def made_up(name: str) -> str:
        return ".dockerfile.…" if name.startswith(".dockerfile.") else name

    def compared(found: list[Entry]) -> list[tuple[str, int]]:
        """Both make a name up, and the time of what they make."""
        return sorted((made_up(name), size) for name, _, _, size, *_ in found)

    assert compared(ours(folder, "../Other")) == compared(theirs)


@pytest.mark.parametrize(
    ("patterns", "words"),
    [("[", "pattern"), ("a\\", "pattern"), ("!", "illegal"), ("a\n!/..", "illegal"), ("\\x1.txt", "syntax error")],
)
def test_what_the_cli_refuses_is_refused(cli: CliDaemon, tmp_path: Path, patterns: str, words: str) -> None:
    folder = plant(tmp_path / "context", TREE.split())
    (folder / ".dockerignore").write_text(patterns)
    theirs = cli.sent(folder)
    assert isinstance(theirs, str)
    assert words in theirs
    with pytest.raises(ContextError, match=r"\.dockerignore"):
        ours(folder)


def test_odd_files(cli: CliDaemon, short_tmp: Path) -> None:
    folder = short_tmp / "context"
    plant(folder, ["Dockerfile", "a/x", "first", "s", "n" * 150, "ü", "deep/" * 30 + "file"])
    os.link(folder / "first", folder / "second")
    os.link(folder / "first", folder / "a" / "third")
    (folder / "out").symlink_to("../..")
    (folder / "nowhere").symlink_to("x" * 180)
    (folder / "folder-link").symlink_to("a")
    os.mkfifo(folder / "pipe")
    (folder / "s").chmod(0o4755)
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o1777)
    os.utime(folder / "s", (1_000_000_000.7, 1_000_000_000.7))
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_text("not UTF-8")
    with suppress(PermissionError):
        os.mknod(folder / "null", 0o20666, os.makedev(1, 3))
    with suppress(OSError):
        capability = bytes.fromhex("0100000200200000000000000000000000000000")
        os.setxattr(folder / "s", "security.capability", capability)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        same(ours(folder), cli.sent(folder))


def test_a_dockerfile_that_is_a_link_stays_one(cli: CliDaemon, tmp_path: Path) -> None:
    folder = plant(tmp_path / "context", ["docker/Dockerfile", "x"])
    (folder / "Dockerfile").symlink_to("docker/Dockerfile")
    theirs = cli.sent(folder)
    assert ours(folder) == theirs


PART = st.sampled_from(["a", "b", "ab", "a.b", "*", "**", "?", "a*", "*b", "[ab]", "[^a]", "..", "."])
PATTERN = st.builds(
    lambda exception, slash, parts, end: exception + slash + "/".join(parts) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(PART, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PATTERN, max_size=5))
def test_any_ignore_file_sends_the_same_files(cli: CliDaemon, patterns: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = plant(
            Path(name), ["Dockerfile", *(f"{x}/{y}/{z}" for x in "ab" for y in "ab" for z in ("a", "b", "ab"))]
        )
        plant(folder, ["ab", "a.b", "a/ab", "b/a.b/a", "b/a.b/b"])
        (folder / ".dockerignore").write_text("\n".join(patterns))
        theirs = cli.sent(folder)
        if isinstance(theirs, str):
            with pytest.raises(ContextError):
                ours(folder)
        else:
            same(ours(folder), theirs)
