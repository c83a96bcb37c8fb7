"""An image's reference said in less room: what tells least goes first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

ID_DIGITS: Final = 12
"""Hexadecimal digits that tell images apart, as the docker CLI shows them."""
FEWEST_DIGITS: Final = 7
"""Digits of a digest without a tag that are kept where there is no room for more."""
_ALGORITHM: Final = "sha256:"
_ID: Final = re.compile(r"sha256:[0-9a-f]{13,64}")


def shorter_reference(text: str, width: int, ellipsis: str) -> Iterator[str]:
    """Yield ever shorter ways to say a reference, the last of them made for `width` cells.

    The digest goes first where there is a tag, then the registry's host and the path from its beginning, then the end
    of the repository's last part: "localhost:5000/team/web:1.2", "…/team/web:1.2", "…/web:1.2", "…web:1.2". What
    stands after the tag stays with it. An ID, and a digest without a tag, is cut to its first digits.
    """
    if _ID.fullmatch(text):
        yield text[: len(_ALGORITHM) + ID_DIGITS]
        yield text[len(_ALGORITHM) :][:ID_DIGITS]
        return
    named, at, digest = text.partition("@")
    path, slash, last = named.rpartition("/")
    name, colon, tag = last.partition(":")
    tail = f"{colon}{tag}"
    if at and not colon:
        tail = f"@{digest.removeprefix(_ALGORITHM)[:ID_DIGITS]}"
    if at:
        yield f"{path}{slash}{name}{tail}"
    while path:
        path = path.partition("/")[2]
        yield f"{ellipsis}/{path}{'/' if path else ''}{name}{tail}"
    if at and not colon:
        tail = tail[: 1 + FEWEST_DIGITS]
        yield f"{ellipsis}/{name}{tail}" if slash else f"{name}{tail}"
    before = ellipsis if slash else ""
    if slash:
        yield f"{before}{name}{tail}"
    # half of the room is the name's, however long the tag is; who draws this cuts the end where it is still too long
    room = max(width - len(tail), width // 2)
    yield f"{name[: max(0, room - len(ellipsis))]}{ellipsis}{tail}" if len(name) >= room else f"{before}{name}{tail}"
