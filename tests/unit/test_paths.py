"""Where files belong, with and without a home, and the state that is remembered there."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from tui import paths
from tui.state_file import State, load_state, save_state


def test_folders_are_the_systems_own(isolated_home: Path) -> None:
    assert paths.settings_file() == isolated_home / ".config/hythe/settings.toml"
    assert paths.themes_folder() == isolated_home / ".config/hythe/themes"
    assert paths.state_file() == isolated_home / ".local/state/hythe/state.json"
    assert paths.log_file() == isolated_home / ".local/state/hythe/log/hythe.log"


@pytest.mark.parametrize("place", [paths.settings_file, paths.themes_folder, paths.state_file, paths.log_file])
def test_without_a_home_there_is_no_place(place: Callable[[], Path | None], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(*_arguments: object, **_options: object) -> Path:
        return Path("~/.config/hythe")

    for name in ("user_config_path", "user_state_path", "user_log_path"):
        monkeypatch.setattr(platformdirs, name, no_home)
    assert place() is None


def test_state_is_remembered_in_a_private_file() -> None:
    assert load_state() == State()
    assert save_state(State(theme="hythe-light")) is None
    assert load_state() == State(theme="hythe-light")
    path = paths.state_file()
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


def test_state_keeps_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"later": [1], "theme": "x"}')
    assert save_state(State(theme="y"), path) is None
    assert json.loads(path.read_text()) == {"later": [1], "theme": "y"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"theme": 3}', b"\xff", b"[" * 100_000, b"{" + b" " * 200_000 + b"}"]
)
def test_state_that_cannot_be_read_counts_as_empty_and_can_be_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    assert load_state(path) == State()
    assert save_state(State("x"), path) is None
    assert load_state(path) == State("x")


def test_state_that_cannot_be_written_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "state.json"
    assert save_state(State("x"), path) == f"nothing is remembered: {path}: Not a directory"
    monkeypatch.setattr(paths, "state_file", lambda: None)
    assert save_state(State("x")) == "nothing is remembered: this user has no home folder"
    assert load_state() == State()


def test_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    save_state(State("old"), path)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert save_state(State("new"), path) == f"nothing is remembered: {path}: No space left on device"
    assert load_state(path) == State("old")
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]
