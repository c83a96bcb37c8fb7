"""config.json: only the current context changes in it, and what is broken or locked is left as it is."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.cli_config import current_context, set_current_context, with_member
from tui.engine.errors import ContextError

FULL = """\
{
    "auths": {"r.example": {"auth": "c2VjcmV0"}},
    "credHelpers" : { "a": "b" },  "odd": [1.0, 1e3, 12345678901234567890, "\\u00e9\\ud800"],
\t"currentContext"\t:  "old" ,
    "unknown": null
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "docker"


def test_only_the_value_changes(folder: Path) -> None:
    folder.mkdir()
    path = folder / "config.json"
    path.write_text(FULL)
    assert current_context(folder) == "old"
    set_current_context(folder, "new")
    assert path.read_text() == FULL.replace('"old"', '"new"')
    set_current_context(folder, "default")
    assert path.read_text() == FULL.replace(',\n\t"currentContext"\t:  "old" ,', " ,")
    assert current_context(folder) == "default"
    set_current_context(folder, "new")
    assert json.loads(path.read_text()) == json.loads(FULL) | {"currentContext": "new"}
    assert '"unknown": null,\n    "currentContext": "new"\n}' in path.read_text()


@pytest.mark.parametrize("text", [None, "", " \n", "{}", "{ }", "{\n}"])
def test_a_file_that_says_nothing(folder: Path, text: str | None) -> None:
    if text is not None:
        folder.mkdir()
        (folder / "config.json").write_text(text)
    assert current_context(folder) == "default"
    set_current_context(folder, "new")
    assert json.loads((folder / "config.json").read_text()) == {"currentContext": "new"}
    assert list(folder.iterdir()) == [folder / "config.json"]


def test_default_makes_no_file(folder: Path) -> None:
    set_current_context(folder, "default")
    assert not list(folder.iterdir())


def test_new_files_are_private(folder: Path) -> None:
    set_current_context(folder, "new")
    assert stat.S_IMODE((folder / "config.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_mode_and_link_stay(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o640)
    (folder / "config.json").symlink_to("../dotfiles.json")
    set_current_context(folder, "new")
    assert (folder / "config.json").readlink() == Path("../dotfiles.json")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert json.loads(real.read_text()) == {"currentContext": "new"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docker", "dotfiles.json"]


BROKEN = [
    "{",
    "[]",
    '"x"',
    "{} {}",
    '{"currentContext": 3}',
    '{"a": NaN}',
    '{"a": 1,}',
    b"\xff\xfe",
    b'{"a": "\xff"}',
    "\ufeff{}",
    '{"a": ' + "[" * 100_000,
]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_never_overwritten(folder: Path, text: str | bytes) -> None:
    folder.mkdir()
    path = folder / "config.json"
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    if b"currentContext" in content:  # docker does not take it, but it is an object
        with pytest.raises(ContextError, match=r"config\.json: currentContext is not a text"):
            current_context(folder)
        return
    for act in (lambda: current_context(folder), lambda: set_current_context(folder, "new")):
        with pytest.raises(ContextError, match=r"config\.json") as caught:
            act()
        assert "left as it is" in caught.value.hint or "left as it was" in caught.value.hint
    assert path.read_bytes() == content


def test_a_pipe_or_folder_in_its_place_is_told_at_once(folder: Path) -> None:
    folder.mkdir()
    path = folder / "config.json"
    os.mkfifo(path)
    with pytest.raises(ContextError, match="not a regular file"):
        set_current_context(folder, "new")
    path.unlink()
    path.mkdir()
    with pytest.raises(ContextError, match="Is a directory"):
        current_context(folder)


BLANKS = st.text(" \t\r\n", max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["a", "b", "currentContext", 'q"\\', "é", ""])


@st.composite
def objects(draw: st.DrawFn) -> str:
    """The text of a JSON object with blanks anywhere, and a key perhaps more than once."""
    pairs = draw(st.lists(st.tuples(KEYS, VALUES), max_size=5))
    members = [
        f"{draw(BLANKS)}{json.dumps(key)}{draw(BLANKS)}:{draw(BLANKS)}{json.dumps(value)}{draw(BLANKS)}"
        for key, value in pairs
    ]
    return f"{draw(BLANKS)}{{{','.join(members) or draw(BLANKS)}}}{draw(BLANKS)}"


def parsed(text: str) -> dict[str, Any]:
    return json.loads(text)


@given(objects(), st.text(max_size=5) | st.none())
def test_any_object_keeps_all_its_other_members(text: str, value: str | None) -> None:
    after = with_member(text, "currentContext", value)
    rest = {key: each for key, each in parsed(text).items() if key != "currentContext"}
    assert parsed(after) == rest | ({} if value is None else {"currentContext": value})
    assert list(parsed(after)) == list(
        parsed(text) if value is not None and "currentContext" in parsed(text) else rest
    ) + (["currentContext"] if value is not None and "currentContext" not in parsed(text) else [])
    assert with_member(after, "currentContext", value) == after
