"""Typed access to JSON that a client sent: absent or of another kind means the default."""

from typing import Any, cast

JsonMap = dict[str, Any]


def as_map(value: object) -> JsonMap:
    """Return the object, or an empty one."""
    return cast(JsonMap, value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return the array, or an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_str(value: object, default: str = "") -> str:
    """Return the string, or the default."""
    return value if isinstance(value, str) else default


def as_int(value: object, default: int = 0) -> int:
    """Return the integer, or the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def as_words(value: object) -> list[str]:
    """Return a list of strings; a single string is a list of one, as Go's strslice reads it."""
    if isinstance(value, str):
        return [value]
    return [str(item) for item in as_list(value)]


def as_strings(value: object) -> dict[str, str]:
    """Return a map of strings to strings."""
    return {key: str(item) for key, item in as_map(value).items()}
