"""Whether the reference that a container was made from names another image by now."""

from __future__ import annotations

from collections.abc import Iterable

from tui.model.images import Image


def newer_image(reference: str, image_id: str, images: Iterable[Image]) -> Image | None:
    """Return the image that a container's reference names now, where that is another one; None where it is the same.

    One that was made from an ID or a digest is of no name that could move.
    """
    if not image_id or not reference or "@" in reference or image_id.removeprefix("sha256:").startswith(reference):
        return None
    tag = reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"
    short = tag.removeprefix("docker.io/").removeprefix("library/")
    return next((image for image in images if image.id != image_id and {tag, short} & set(image.tags)), None)
