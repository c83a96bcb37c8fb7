"""Asks registries, through the daemon and few at a time, whether tags name other images by now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tui.engine.credentials import DockerLogins
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, EngineError
from tui.engine.registry import Registry
from tui.engine.registry_details import image_id
from tui.jobs.job import Job
from tui.model.images import Image
from tui.model.reference import Reference, parse_reference
from tui.model.registry import WirePlatform
from tui.present.units import plural
from tui.store.newer import NewerBook, can_be_newer, pulled_digests

BETWEEN_SECONDS = 0.5
"""Between two tags, and before one is looked into: registries limit how often they are asked."""
MOST_WORDS = 3


class NewerJob(Job):
    """Asks for each tag of the images that came from a registry; `tell` hears of each image that was looked at.

    The daemon tells which digest a tag names. Where that is another one, the registry that `look` opens is asked, from
    this machine, which image that is for this one's platform; where it does not tell, it is taken for another one.
    """

    def __init__(
        self,
        engine: Engine,
        book: NewerBook,
        images: Sequence[Image],
        tell: Callable[[Image], object],
        look: Callable[[str], Awaitable[Registry]],
    ) -> None:
        self._asked = [(image, tag) for image in images for tag in can_be_newer(image) if not book.is_fresh(tag)]
        first = self._asked[0][1] if self._asked else "nothing"
        more = f"  # and {len(self._asked) - 1} more" if len(self._asked) > 1 else ""
        super().__init__("look for newer images", f"docker buildx imagetools inspect {first}{more}")
        self._engine, self._book, self._tell, self._look = engine, book, tell, look
        self._images = images
        self._silent: set[str] = set()
        self.newer: list[str] = []
        self.same: list[str] = []
        """The tags that changed for other platforms alone."""

    async def work(self) -> None:
        logins, problems = DockerLogins(), list[str]()
        for number, (image, tag) in enumerate(self._asked):
            self.progress, self.fraction = f"asking for {tag}", number / len(self._asked)
            self.changed()
            if number:
                await asyncio.sleep(BETWEEN_SECONDS)
            try:
                reference = parse_reference(tag)
                auth = await logins.auth(reference.domain)
                digest = await self._engine.registries.digest_of(tag, auth=auth)
                found = ""
                if digest not in pulled_digests(image, tag):
                    found = self._book.image_of(tag, digest) or await self._named(image, reference, digest)
                self._book.tell(tag, digest=digest, image_id=found)
                if found == image.id:
                    self.same.append(tag)
            except EngineError as error:
                self._book.tell(tag, problem=str(error))
                problems.append(f"{tag}: {error}")
                if isinstance(error, ApiError) and error.status == 429:
                    break  # the registry has had enough
            self._tell(image)
        self.newer = [tag for image in self._images for tag in self._book.newer_tags(image)]
        self.progress = self._words(problems)

    async def _named(self, image: Image, reference: Reference, digest: str) -> str:
        """Return the ID of the image that a digest names for the platform of this one, or "" where nobody tells."""
        if reference.domain in self._silent:
            return ""
        await asyncio.sleep(BETWEEN_SECONDS)
        try:
            made_for = await self._engine.images.details(image.id)
            platform = WirePlatform(made_for.os, made_for.architecture, made_for.variant)
            registry = await self._look(reference.domain)
            try:
                return await image_id(registry, reference.path, digest, platform)
            finally:
                await registry.close()
        except EngineError:
            self._silent.add(reference.domain)  # only the daemon may reach it; its other tags need not wait for that
            return ""

    def _words(self, problems: Sequence[str]) -> str:
        found = f"{plural(len(self.newer), 'tag')} newer: {', '.join(self.newer)}" if self.newer else "nothing is newer"
        if self.same:
            found = f"{found}; the same for this platform: {', '.join(self.same)}"
        if not problems:
            return found
        more = f" (and {len(problems) - MOST_WORDS} more)" if len(problems) > MOST_WORDS else ""
        return f"{found}; not told: {'; '.join(problems[:MOST_WORDS])}{more}"
