"""Asks registries, through the daemon and few at a time, whether tags name other images by now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tui.engine.credentials import DockerLogins
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, EngineError
from tui.jobs.job import Job
from tui.model.images import Image
from tui.model.reference import parse_reference
from tui.present.units import plural
from tui.store.newer import NewerBook, can_be_newer

BETWEEN_SECONDS = 0.5
"""Between two questions: a registry is asked twice a second at most."""
MOST_WORDS = 3


class NewerJob(Job):
    """Asks for each tag of the images that came from a registry; `tell` hears of each image that was looked at."""

    def __init__(
        self, engine: Engine, book: NewerBook, images: Sequence[Image], tell: Callable[[Image], object]
    ) -> None:
        self._asked = [(image, tag) for image in images for tag in can_be_newer(image) if not book.is_fresh(tag)]
        first = self._asked[0][1] if self._asked else "nothing"
        more = f"  # and {len(self._asked) - 1} more" if len(self._asked) > 1 else ""
        super().__init__("look for newer images", f"docker buildx imagetools inspect {first}{more}")
        self._engine, self._book, self._tell = engine, book, tell
        self._images = images
        self.newer: list[str] = []

    async def work(self) -> None:
        logins, problems = DockerLogins(), list[str]()
        for number, (image, tag) in enumerate(self._asked):
            self.progress, self.fraction = f"asking for {tag}", number / len(self._asked)
            self.changed()
            if number:
                await asyncio.sleep(BETWEEN_SECONDS)
            try:
                auth = await logins.auth(parse_reference(tag).domain)
                self._book.tell(tag, digest=await self._engine.registries.digest_of(tag, auth=auth))
            except EngineError as error:
                self._book.tell(tag, problem=str(error))
                problems.append(f"{tag}: {error}")
                if isinstance(error, ApiError) and error.status == 429:
                    break  # the registry has had enough
            self._tell(image)
        self.newer = [tag for image in self._images for tag in self._book.newer_tags(image)]
        self.progress = self._words(problems)

    def _words(self, problems: Sequence[str]) -> str:
        found = f"{plural(len(self.newer), 'tag')} newer: {', '.join(self.newer)}" if self.newer else "nothing is newer"
        if not problems:
            return found
        more = f" (and {len(problems) - MOST_WORDS} more)" if len(problems) > MOST_WORDS else ""
        return f"{found}; not told: {'; '.join(problems[:MOST_WORDS])}{more}"
