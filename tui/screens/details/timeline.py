"""The Timeline tab: what happened to a container, and why it died."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tui.commands.session import Session
from tui.model.containers import Container
from tui.present.span_tree import SpanTree
from tui.present.timeline import Key, Row, moment, timeline, verdict
from tui.screens.details.tab import DetailTab
from widgets.line_view import Span
from widgets.tree_view import TreeView

AGAIN_SECONDS = 10.0
"""How long until it is read again without an event: a health check tells none while its result stays the same."""

BURST_SECONDS = 0.5
"""How long events are gathered before they are shown."""

MARGIN = 6
"""Cells that a sentence at the top leaves free on the right and on the left."""


class TimelineSource(SpanTree[Key]):
    """Sentences at the top, the timeline below them, and below some of its rows what they say in full."""

    def __init__(self, sentences: Sequence[tuple[str, str]], rows: Sequence[Row], *, ascii: bool) -> None:
        super().__init__()
        for at, (text, tone) in enumerate(sentences):
            self.spans["", at, ""] = [(text, tone)]
        for row in rows:
            when: Span = (f"{moment(row.time_ns)}  ", "dim")
            self.spans[row.key] = [when, (f"{row.mark[ascii]} {row.text}", row.tone)]
        self.tops = list(self.spans)
        for row in rows:
            self.below[row.key] = [(*row.key[:2], f"{row.key[2]} {at}") for at in range(len(row.details))]
            for key, text in zip(self.below[row.key], row.details, strict=True):
                self.spans[key] = [(text, "")]


class TimelineTab(DetailTab):
    """What inspect and the daemon's events tell; read again with each event of the container while it is seen."""

    name = "timeline"

    def make(self) -> TreeView[Key]:
        self.view = TreeView[Key](ascii=self.settings.ascii)
        return self.view

    def wanted(self, row: Container) -> object:
        # a daemon that tells no events is seen by its lists alone
        return row.id, row.state, row.health, row.restarts

    async def fill(self, session: Session, row: Container) -> None:
        with session.happenings.following(row.id) as news:
            while True:
                news.clear()
                await self._read(session, row)
                try:
                    await asyncio.wait_for(news.wait(), AGAIN_SECONDS)
                except TimeoutError:
                    continue
                await asyncio.sleep(BURST_SECONDS)

    async def _read(self, session: Session, row: Container) -> None:
        story = await session.engine.containers.story(row.id)
        known = session.happenings.of(row.id)
        width = self.view.size.width - MARGIN
        sentences = verdict(story, known, session.state.images.values(), session.now(), width)
        if problem := session.happenings.past_problem:
            sentences.append((f"what happened before is not told: {problem}", "warn"))
        if limits := session.stories.limits:
            sentences.append((limits, "dim"))
        self.view.set_source(TimelineSource(sentences, timeline(story, known), ascii=self.settings.ascii))

    def empty(self, notice: str) -> None:
        self.view.set_source(None)
        self.view.set_notice(notice)
