"""What registries said that tags name now, and when they were asked: for a while they are not asked again."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from tui.model.images import Image
from tui.model.reference import InvalidReference, parse_reference

KEEP_SECONDS = 3600.0
"""How long an answer counts; registries limit how often they are asked."""

MOST_TOLD = 10_000
"""Answers that are kept; the oldest go first."""


class Told(msgspec.Struct, frozen=True):
    """What a tag names in its registry: a digest, or why that could not be told; `at` is on the book's clock.

    `image_id` is the image that it names for the platform of the one here, where that is known.
    """

    at: float
    digest: str = ""
    image_id: str = ""
    problem: str = ""


class NewerBook:
    """The answers by reference. `now` is a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._told: dict[str, Told] = {}

    def tell(self, reference: str, *, digest: str = "", image_id: str = "", problem: str = "") -> None:
        """Write an answer down."""
        self._told.pop(reference, None)
        if len(self._told) >= MOST_TOLD:
            del self._told[next(iter(self._told))]
        self._told[reference] = Told(self._now(), digest, image_id, problem)

    def is_fresh(self, reference: str) -> bool:
        """Whether there is an answer that still counts; a failure never does."""
        told = self._told.get(reference)
        return told is not None and not told.problem and self._now() - told.at < KEEP_SECONDS

    def was_asked(self, reference: str) -> bool:
        """Whether it was asked about not long ago, whatever came of it."""
        told = self._told.get(reference)
        return told is not None and self._now() - told.at < KEEP_SECONDS

    def image_of(self, reference: str, digest: str) -> str:
        """Return the ID of the image that a digest was told to name, "" where that was never told.

        It can't name another one, and registries count each answer to that as a pull.
        """
        told = self._told.get(reference)
        return told.image_id if told is not None and told.digest == digest else ""

    def is_newer(self, image: Image, reference: str) -> bool:
        """Whether the registry has another image under this tag of the image than it had when it was pulled.

        An index that changed for other platforms alone names the same image for this one.
        """
        told = self._told.get(reference)
        if told is None or not told.digest or told.image_id == image.id:
            return False
        return told.digest not in pulled_digests(image, reference)

    def newer_tags(self, image: Image) -> list[str]:
        """Return the image's tags that name another one in their registry."""
        return [tag for tag in image.tags if tag in self._told and self.is_newer(image, tag)]


def pulled_digests(image: Image, reference: str) -> list[str]:
    """Return the digests that the daemon knows the image by in the repository of a reference."""
    try:
        name = parse_reference(reference).familiar_name
    except InvalidReference:
        return []
    return [digest for known in image.digests for repo, _, digest in (known.partition("@"),) if repo == name]


def can_be_newer(image: Image) -> list[str]:
    """Return the tags that came from a registry, or went to one: what was only made here is nowhere newer."""
    return [tag for tag in image.tags if pulled_digests(image, tag)]
