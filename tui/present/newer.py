"""Whether the reference that a container was made from names another image by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.model.images import Image


def newer_image(reference: str, image_id: str, images: Iterable[Image]) -> Image | None:
    """Return the image that a container's reference names now, where that is another one; None where it is the same.

    One that was made from an ID or a digest is of no name that could move.
    """
    if not image_id or not reference or "@" in reference or image_id.removeprefix("sha256:").startswith(reference):
        return None
    names = _names(reference)
    return next((image for image in images if image.id != image_id and names & set(image.tags)), None)


def _names(reference: str) -> set[str]:
    tag = reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"
    return {tag, tag.removeprefix("docker.io/").removeprefix("library/")}


class ImagesByTag:
    """The images by their tags, for those who look for many references among the same images."""

    def __init__(self) -> None:
        self._of: Mapping[str, Image] | None = None
        self._by_tag: dict[str, Image] = {}

    def named(self, reference: str, images: Mapping[str, Image]) -> list[Image]:
        """Return the images that a container's reference may name now; `images` are all, by their IDs."""
        if self._of is not images:
            self._of = images
            self._by_tag = {tag: image for image in images.values() for tag in image.tags}
        return [self._by_tag[name] for name in _names(reference) if name in self._by_tag]
