"""What is remembered between runs without being a setting: the theme last chosen."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from tui import paths

MAX_BYTES = 100_000


class State(NamedTuple):
    """What a run leaves for the next one."""

    theme: str | None = None


def load_state(path: Path | None = None) -> State:
    """The remembered state; a file that is absent, unreadable or not ours counts as empty.

    A setting always wins over what is remembered.
    """
    theme = _read(path or paths.state_file()).get("theme")
    return State(theme if isinstance(theme, str) else None)


def save_state(state: State, path: Path | None = None) -> str | None:
    """Remember *state*; returns why it could not, in words for the user, or None.

    Keys that this version does not know stay as they are, and the file is replaced in one step, so that two running
    at once never leave half a file.
    """
    path = path or paths.state_file()
    if path is None:
        return "nothing is remembered: this user has no home folder"
    content = dict(_read(path))
    content["theme"] = state.theme
    try:
        paths.write_private(path, _written(content))
    except OSError as error:
        return f"nothing is remembered: {path}: {error.strerror or error}"
    return None


def _written(content: Mapping[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"


def _read(path: Path | None) -> Mapping[str, object]:
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            content: object = msgspec.json.decode(file.read(MAX_BYTES))
    except (OSError, msgspec.DecodeError, RecursionError):
        return {}
    return cast("dict[str, object]", content) if isinstance(content, dict) else {}
