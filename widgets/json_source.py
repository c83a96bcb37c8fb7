"""A JSON value as the tree view's source: every node is its path, so a new value keeps what was open."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

from widgets.line_view import Span

Key = str | int
Path = tuple[Key, ...]
"""From the root to a node; () is the root itself."""

SHOWN = 2_000
"""The characters of a string that are ever drawn."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


class JsonSource:
    """A tree over dicts, lists and scalars. The value must not change while it is shown: set a new source instead."""

    def __init__(self, value: object) -> None:
        self._value = value

    # ---- TreeSource
    def roots(self) -> Sequence[Path]:
        """The members of the outermost container, or the value itself if it has none."""
        return self.children(()) if self.has_children(()) else [()]

    def children(self, node: Path) -> Sequence[Path]:
        """The members of a container, in their order."""
        value = self.value_of(node)
        if isinstance(value, Mapping):
            return [(*node, key) for key in cast("Mapping[str, object]", value)]
        if isinstance(value, list):
            return [(*node, index) for index in range(len(cast("list[object]", value)))]
        return []

    def has_children(self, node: Path) -> bool:
        """True for a container that is not empty."""
        value = self.value_of(node)
        return isinstance(value, Mapping | list) and bool(cast("Mapping[str, object] | list[object]", value))

    def label(self, node: Path) -> Sequence[Span]:
        """The key and the value; of a container its size."""
        value = self.value_of(node)
        spans = [(str(node[-1]), "key" if isinstance(node[-1], str) else "dim"), (": ", "dim")] if node else []
        return [*spans, *_value_spans(value)]

    def columns(self, node: Path) -> Sequence[Span]:
        """None: a JSON value has no further columns."""
        return ()

    def search_text(self, node: Path) -> str:
        """The key and, of a scalar, the whole value."""
        value = self.value_of(node)
        key = str(node[-1]) if node else ""
        if isinstance(value, Mapping | list):
            return key
        return f"{key}: {value if isinstance(value, str) else _scalar(value)}"

    # ---- what else is asked of a JSON node
    def value_of(self, node: Path) -> object:
        """The value at a path. Raises KeyError or IndexError if there is none."""
        value = self._value
        for key in node:
            value = cast("dict[Key, object]", value)[key]
        return value

    def path_of(self, node: Path) -> str:
        """The path as it is written: `$.Config.Env[3]`, `$.Labels["a b"]`."""
        parts = ["$"]
        for key in node:
            if isinstance(key, int):
                parts.append(f"[{key}]")
            elif _PLAIN_KEY.match(key):
                parts.append(f".{key}")
            else:
                parts.append(f"[{json.dumps(key, ensure_ascii=False)}]")
        return "".join(parts)


def _value_spans(value: object) -> list[Span]:
    if isinstance(value, Mapping):
        size = len(cast("Mapping[str, object]", value))
        return [(f"{{{size}}}" if size else "{}", "dim")]
    if isinstance(value, list):
        size = len(cast("list[object]", value))
        return [(f"[{size}]" if size else "[]", "dim")]
    if isinstance(value, str):
        shown = json.dumps(value[:SHOWN], ensure_ascii=False)
        rest = len(value) - SHOWN
        return [(shown, "string")] if rest <= 0 else [(shown, "string"), (f" … {rest:,} more characters", "dim")]
    return [(_scalar(value), "number" if _is_number(value) else "constant")]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scalar(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 10_000:
        return hex(value)[:SHOWN]  # Python refuses to write such a number in decimal
    return json.dumps(value, default=str)
