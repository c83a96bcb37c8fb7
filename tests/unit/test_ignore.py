"""The patterns of .dockerignore mean what the docker CLI takes them to mean."""

from pathlib import Path

import pytest
from docker.utils.build import exclude_paths
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.ignore import IgnoreError, IgnoreMatcher, find_ignore_file, parse_ignore, read_ignore


def excluded(text: str, path: str) -> bool:
    return IgnoreMatcher(parse_ignore(text)).excludes(path)


@pytest.mark.parametrize(
    ("patterns", "path", "out"),
    [
        ("*", "a", True),
        ("*", "a/b", True),
        ("a", "a", True),
        ("a", "a/b/c", True),
        ("a", "b/a", False),
        ("/a/", "a/b", True),
        ("a/../b", "b", True),
        ("**/a", "a", True),
        ("**/a", "x/y/a", True),
        ("**/a", "x/ya", False),
        ("**", "x/y", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("**/*.go", "x/y.go", True),
        ("**.pyc", "a.pyc", True),
        ("**.pyc", "d/a.pyc", True),
        ("**.pyc", "d/.pyc", True),
        ("**.pyc", ".pyc", True),
        ("**.pyc", "a.pyc.txt", False),
        ("**.pyc", "a\nb.pyc", True),
        ("**foo", "barfoo", True),
        ("**foo", "x/barfoo/y", True),
        ("**foo/x", "barfoo/x", True),
        ("**[f]oo", "barfoo", False),
        ("**[f]oo", "x/foo", True),
        ("**foo/**", "barfoo/x", False),
        ("***foo", "x/barfoo", True),
        ("*\n!**.md", "README.md", False),
        ("*\n!**.md", "d/README.md", False),
        ("*\n!**.md", "d/README", True),
        ("a**", "ab/c", True),
        ("a**", "a\nb", True),
        ("a/**", "a/b\nc", True),
        ("**", "a\nb", True),
        ("*.go", "x/y.go", False),
        ("*/*/t*", "a/b/tmp", True),
        ("*/*/t*", "a/tmp", False),
        ("t?st", "test", True),
        ("t?st", "t/st", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[^a-c]x", "dx", True),
        ("[]]", "]", True),
        (r"[\]a]", "]", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("a.b", "axb", False),
        ("a+(b)$", "a+(b)$", True),
        ("*\n!a", "a", False),
        ("*\n!a", "a/b", False),
        ("*\n!a/b", "a/b", False),
        ("*\n!a/b", "a/c", True),
        ("a\n!a/b\na/b/c", "a/b/c", True),
        ("a\n!a/b\na/b/c", "a/b/d", False),
        ("!a\na", "a", True),
        ("# a\n\n  b  \n", "b", True),
        ("# a", "# a", False),
        ("\ufeffa", "a", True),
        ("a\r\nb\r\n", "b", True),
        ("! a", "a", False),
        ("", "a", False),
    ],
)
def test_patterns(patterns: str, path: str, out: bool) -> None:
    assert excluded(patterns, path) is out


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[", "not closed"),
        ("[a", "not closed"),
        ("a\\", "backslash"),
        ("[b-a]", "backwards"),
        ("[-a]", "cannot be read"),
        ("!", "names nothing"),
        ("!/..", "names nothing"),
    ],
)
def test_patterns_that_cannot_be_read(pattern: str, words: str) -> None:
    with pytest.raises(IgnoreError, match=words):
        IgnoreMatcher(parse_ignore(pattern))


TRICKY = """
# comment
*.log
!keep.log
node_modules
**/cache
!src/cache
docs/*
!docs/*.md
docs/secret.md
a/**/z
tmp?
[xy]*.txt
"""
NAMES = """
app.log keep.log sub/app.log node_modules/x/index.js lib/cache/1 src/cache/2 docs/a.md docs/b.txt docs/secret.md
docs/deep/c.md a/z a/b/c/z/file a/b/y tmp1/f tmp12/f x1.txt z1.txt sub/x1.txt
"""
FILES = NAMES.split()


def test_it_agrees_with_dockers_own_python_client(tmp_path: Path) -> None:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    matcher = IgnoreMatcher(parse_ignore(TRICKY))
    ours = {name for name in FILES if not matcher.excludes(name)}
    lines = [line for line in TRICKY.splitlines() if line and not line.startswith("#")]
    theirs = exclude_paths(str(tmp_path), lines) - {"Dockerfile", ".dockerignore"}
    assert ours == {name for name in theirs if (tmp_path / name).is_file()}


@given(st.text(alphabet="a*?[]!/\\.-^", max_size=10), st.sampled_from(["a", "a/a", ".", "a-a", "a/b/a"]))
def test_any_pattern_is_read_or_refused(pattern: str, path: str) -> None:
    try:
        matcher = IgnoreMatcher(parse_ignore(pattern))
    except IgnoreError as error:
        words = str(error)
        if not words:
            pytest.fail("refused without a word")
        return
    assert matcher.excludes(path) in (True, False)


def test_folders_that_an_exception_cannot_be_in_are_not_walked() -> None:
    matcher = IgnoreMatcher(parse_ignore("*\n!src/*.c\n!**/README"))
    assert matcher.descends("src")
    assert matcher.descends("anything/at/all")
    only = IgnoreMatcher(parse_ignore("*\n!src/main.c\n!li?/x"))
    assert only.descends("src")
    assert only.descends("lib")
    assert not only.descends("node_modules")
    assert not IgnoreMatcher(parse_ignore("*")).descends("src")
    assert IgnoreMatcher(parse_ignore("*\n![ab/c]x/y")).descends("anything")


def test_the_dockerfiles_own_ignore_file_comes_first(tmp_path: Path) -> None:
    dockerfile = tmp_path / "x.Dockerfile"
    assert find_ignore_file(tmp_path, dockerfile) is None
    (tmp_path / ".dockerignore").write_text("a\n")
    assert find_ignore_file(tmp_path, dockerfile) == tmp_path / ".dockerignore"
    own = tmp_path / "x.Dockerfile.dockerignore"
    own.write_bytes(b"b\n\xff\n")
    assert find_ignore_file(tmp_path, dockerfile) == own
    assert read_ignore(own) == ["b", "\udcff"]
