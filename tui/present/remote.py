"""What a tag of a registry says in a row, and its platforms and layers in lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tui.model.images import Image
from tui.model.registry import RemoteImage, RemoteTag
from tui.present.layers import words_of
from tui.present.units import ago, plural, size

Spans = tuple[tuple[str, str], ...]
LONGEST_TAG = 40


def order_of_tags(tags: Iterable[str]) -> list[str]:
    """Return tags with `latest` first, then those that look newest: numbers are compared as numbers."""

    def key(tag: str) -> tuple[bool, list[tuple[bool, int, str]]]:
        parts = [part for part in re.split(r"(\d+)", tag[:128]) if part]
        return tag == "latest", [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]

    return sorted(dict.fromkeys(tags), key=key, reverse=True)


def images_here(reference: str, images: Iterable[Image]) -> list[Image]:
    """Return the images of the daemon that have this reference."""
    return [image for image in images if reference in image.tags]


def tag_spans(tag: str, known: RemoteTag | str | None, here: Sequence[Image], now: float) -> Spans:
    """Return a line of a tag: what it names (or why that is not known), and whether it is here."""
    name = (f"{tag[:LONGEST_TAG]:<24} ", "")
    if known is None:
        return (name,)
    if isinstance(known, str):
        return (name, (known, "bad"))
    created = max((image.created for image in known.images), default=0.0)
    platforms = ", ".join(dict.fromkeys(image.platform for image in known.images if image.platform))
    return (
        name,
        (f"{known.digest.removeprefix('sha256:')[:12]} ", "dim"),
        (f"{size(known.images[0].size) if known.images else '':>8} ", "number"),
        (f"{ago(now - created) if created else '':>8}  ", "dim"),
        here_words(known.digest, here),
        (platforms, "dim"),
    )


def here_words(digest: str, here: Sequence[Image]) -> tuple[str, str]:
    """Return whether the daemon has what a tag names: the same, another one under this name, or none."""
    if not here:
        return ("", "")
    same = any(known.endswith(f"@{digest}") for image in here for known in image.digests)
    return ("here  ", "good") if same else ("another one here  ", "warn")


def remote_lines(reference: str, found: RemoteTag, now: float) -> Iterator[Sequence[tuple[str, str]]]:
    """Yield the lines that tell of a tag: its digest, then each platform with its layers."""
    yield ((reference, "bold"), (f"  {found.digest}", "dim"))
    for image in found.images:
        yield (("", ""),)
        yield _heading(image, now)
        for number, layer in enumerate(image.layers, 1):
            word, _, rest = words_of(layer.made_by, "").partition(" ") if layer.made_by else ("", "", "")
            yield (
                (f"{number:>4}  {size(layer.size):>8}  ", "number"),
                (f"{layer.digest.removeprefix('sha256:')[:12]}  ", "dim"),
                (word, "key"),
                (f" {rest}", ""),
            )
    if found.left_out:
        yield ((f"and {plural(found.left_out, 'platform')} more", "dim"),)
    if not found.images:
        yield (("nothing in it is an image", "dim"),)


def _heading(image: RemoteImage, now: float) -> Spans:
    created = f", made {ago(now - image.created)}" if image.created else ""
    words = f"  {size(image.size)} to pull in {plural(len(image.layers), 'layer')}{created}"
    return ((image.platform or "no platform told", "head"), (words, ""), (f"  {image.digest}", "dim"))
