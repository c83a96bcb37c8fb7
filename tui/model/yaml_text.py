"""Writes maps, lists and plain values as YAML, with quotes where a reader could take a text for something else."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]

_PLAIN: Final = re.compile(r"[A-Za-z_./][A-Za-z0-9_./@+=-]*(?:[: ][A-Za-z0-9_./@+=-]+)*", re.ASCII)
_OTHER_TYPES: Final = re.compile(
    r"(?i)y|n|yes|no|on|off|true|false|null|~|\.inf|\.nan|[-+]?[0-9._:]*|0[xo][0-9a-f]+|[0-9.]+e[-+]?[0-9]+|<<|=|---.*"
)
_ESCAPED: Final = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u00ad\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]')


def yaml_text(value: Mapping[str, Value]) -> str:
    """Returns a document (YAML 1.1 and 1.2) of a map, its keys in their order; maps and lists that are empty stay."""
    return "\n".join(_map_lines(value)) + "\n"


def _map_lines(found: Mapping[str, Value]) -> list[str]:
    lines: list[str] = []
    for key, value in found.items():
        lines += _labelled(f"{_scalar(key)}:", value)
    return lines


def _labelled(label: str, value: Value) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [label, *(f"  {line}" for line in _map_lines(value))]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return [label, *(f"  {line}" for item in value for line in _item_lines(item))]
    return [f"{label} {_scalar(value)}"]


def _item_lines(item: Value) -> list[str]:
    if isinstance(item, Mapping) and item:
        first, *rest = _map_lines(item)
    elif isinstance(item, Sequence) and not isinstance(item, str) and item:
        first, *rest = (line for inner in item for line in _item_lines(inner))
    else:
        first, *rest = [_scalar(item)]
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _scalar(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and not _OTHER_TYPES.fullmatch(value) else _quoted(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in '"\\':
        return "\\" + character
    if character in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
