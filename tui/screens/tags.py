"""The tags of a repository, with what each names: digest, platforms, size, date; each can be pulled, run, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.commands.registry_desk import delete_tag, open_registry
from tui.engine.errors import EngineError
from tui.engine.registry import MOST_NAMES, Registry
from tui.engine.registry_details import MOST_PLATFORMS, read_tag
from tui.model.reference import DEFAULT_DOMAIN, Reference, check_reference
from tui.model.registry import RemoteTag
from tui.present.remote import images_here, order_of_tags, tag_spans
from tui.screens.browse import BrowseScreen
from widgets.choice_list import ChoiceList

MOST_LOOKED_INTO = 40
"""Tags whose manifests are read by themselves: each costs two requests or more, which registries count."""
AT_ONCE = 3
MOST_OF_HUB = 3
"""Platforms of a tag of Docker Hub that are looked into, and only when asked: it counts each as a pull."""


class TagsScreen(BrowseScreen):
    """One line a tag."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("P", "pull", "Pull", show=False, id="tags.pull"),
        Binding("n", "run", "Run", show=False, id="tags.run"),
        Binding("y", "copy", "Copy", show=False, id="tags.copy"),
        Binding("d,delete", "delete", "Delete", show=False, id="tags.delete"),
    ]
    hints = (("enter", "platforms, layers"), ("P", "pull"), ("n", "run"), ("y", "copy"), ("d", "delete"))
    own_keys = (
        ("enter", "its platforms and layers, without a pull"),
        ("P n", "pull it; run a container from it"),
        ("y", "copy its reference or digest"),
        ("d", "delete it from the registry, where that lets one; asks"),
        *BrowseScreen.keys_of_list,
    )

    def __init__(self, host: str, repository: str) -> None:
        super().__init__()
        self._host, self._name = host, repository
        self._registry: Registry | None = None
        self._known: dict[str, RemoteTag | str] = {}

    def why_empty(self) -> str:
        return "no tags"

    def subject(self) -> str:
        return f"tags of {Reference(self._host, self._name).familiar_name}"

    async def on_unmount(self) -> None:
        if self._registry is not None:
            await self._registry.close()

    async def _client(self) -> Registry:
        if self._registry is None:
            self._registry = await open_registry(self.session, self._host)
        return self._registry

    async def fill(self) -> None:
        await self._forget()
        registry = await self._client()
        tags: list[str] = []
        async for page in registry.tags(self._name):
            tags += [tag for tag in page if check_reference(f"{self._host}/{self._name}:{tag}") is None]
            self._list(tags)
        limit = asyncio.Semaphore(AT_ONCE)

        async def look(tag: str) -> None:
            async with limit:
                await (self._see_digest(tag) if self._host == DEFAULT_DOMAIN else self._look_into(tag))

        await asyncio.gather(*map(look, order_of_tags(tags)[:MOST_LOOKED_INTO]))

    async def _forget(self) -> None:
        """Begin anew: the login may be another one by now."""
        registry, self._registry = self._registry, None
        self._known = {}
        if registry is not None:
            await registry.close()

    def _list(self, tags: Sequence[str]) -> None:
        self.entries = {tag: self._spans(tag) for tag in order_of_tags(tags)}
        self.changed()

    def _spans(self, tag: str) -> tuple[tuple[str, str], ...]:
        state = self.session.state
        return tag_spans(tag, self._known.get(tag), images_here(self._reference(tag), state.images.values()),
                         self.session.now())  # fmt: skip

    async def _look_into(self, tag: str) -> RemoteTag | None:
        """Read what a tag names; what is wrong with it is told on its line."""
        registry = await self._client()
        most = MOST_OF_HUB if self._host == DEFAULT_DOMAIN else MOST_PLATFORMS
        try:
            found: RemoteTag | str = await read_tag(registry, self._name, tag, most=most)
        except EngineError as error:
            found = str(error)
        self._known[tag] = found
        self.entries[tag] = self._spans(tag)
        self.changed()
        return found if isinstance(found, RemoteTag) else None

    async def _see_digest(self, tag: str) -> None:
        """Read no more than the digest that a tag names: that counts as no pull."""
        registry = await self._client()
        try:
            self._known[tag] = RemoteTag(tag, await registry.digest(self._name, tag))
        except EngineError as error:
            self._known[tag] = str(error)
        self.entries[tag] = self._spans(tag)
        self.changed()

    def notes(self) -> Sequence[str]:
        found: list[str] = []
        if self._host == DEFAULT_DOMAIN:
            found.append("enter tells platforms, sizes and layers: Docker Hub counts that as pulls")
        if len(self.entries) > MOST_LOOKED_INTO:
            found.append(f"the first {MOST_LOOKED_INTO} were looked into by themselves; enter looks into any")
        if len(self.entries) >= MOST_NAMES:
            found.append(f"the first {MOST_NAMES:,} tags: there may be more")
        return found

    def _reference(self, tag: str) -> str:
        return Reference(self._host, self._name, tag).familiar()

    # what is done with one

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        self.run_worker(partial(self._show, message.key), group="show", exclusive=True)

    async def _show(self, tag: str) -> None:
        found = self._known.get(tag)
        if not isinstance(found, RemoteTag) or not found.images:
            found = await self._look_into(tag)
        if found is None:
            self.note(str(self._known[tag]), "error")
        else:
            self.open("remote_tag", reference=self._reference(tag), found=found)

    def action_pull(self) -> None:
        """Open the pull form on the tag under the cursor."""
        if (tag := self.lines.chosen) is not None and not self.refuses("image.pull"):
            self.open("pull", reference=self._reference(tag))

    def action_run(self) -> None:
        """Open the run form on it; that pulls it if it is not here."""
        if (tag := self.lines.chosen) is not None and not self.refuses("app.run"):
            self.open("run", image=self._reference(tag))

    def action_copy(self) -> None:
        """Copy its reference or its digest."""
        if (tag := self.lines.chosen) is not None:
            self.run_worker(partial(self._copy, tag), group="ask", exclusive=True)

    async def _copy(self, tag: str) -> None:
        reference, found = self._reference(tag), self._known.get(tag)
        options = [(reference, reference, "reference")]
        if isinstance(found, RemoteTag):
            pinned = Reference(self._host, self._name, digest=found.digest).familiar()
            options += [(pinned, pinned, "by its digest"), (found.digest, found.digest, "digest")]
        chosen = await self.choose(f"Copy from {reference}", options)
        if chosen is not None:
            self.copy(chosen)

    def action_delete(self) -> None:
        """Delete it from the registry."""
        if (tag := self.lines.chosen) is not None:
            self.run_worker(partial(self._delete, tag), group="ask", exclusive=True)

    async def _delete(self, tag: str) -> None:
        if self._host == DEFAULT_DOMAIN:
            self.note("Docker Hub lets nobody delete in this way: its web site does", "warning")
            return
        found = await self._look_into(tag)  # anew: the tag may have moved since
        if found is None:
            self.note(str(self._known[tag]), "error")
            return
        others = [each for each, known in self._known.items()
                  if isinstance(known, RemoteTag) and known.digest == found.digest and each != tag]  # fmt: skip
        if await delete_tag(self.session, self, await self._client(), self._name, found, others):
            self.action_read()
