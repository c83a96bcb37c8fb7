"""The lines of a log view as text for files and pagers: what was written, and nothing of what the view says itself."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest
from test_log_view import Logs, numbered

from tui.screens.log_export import GAP, form_of, held_lines, shown_lines
from tui.screens.log_saver import LogSaver
from widgets.log_buffer import LogLine, kind_of
from widgets.log_view import LogView


async def text(chunks: AsyncGenerator[bytes]) -> str:
    return b"".join([chunk async for chunk in chunks]).decode()


async def both(view: LogView, *, colours: bool = False, sources: bool = False) -> set[str]:
    form = form_of(view, colours=colours, sources=sources)
    return {await text(shown_lines(view, form)), await text(held_lines(view, form))}


async def test_what_the_view_says_of_older_lines_is_not_written() -> None:
    app = Logs(max_lines=3)
    async with app.run_test():
        app.log_view.append(numbered(5))
        app.log_view.set_edge("older lines: go on up")
        assert await both(app.log_view) == {"line 2\nline 3\nline 4\n"}
        app.log_view.set_edge("")
        assert "dropped" in app.log_view.lines.edge_text
        assert await both(app.log_view) == {"line 2\nline 3\nline 4\n"}


async def test_where_lines_are_missing_the_file_says_so() -> None:
    app = Logs()
    async with app.run_test():
        view = app.log_view
        view.append([LogLine("end")])
        view.buffer.extend_head([b"start"], [0], [kind_of(0, 0)])
        view.set_edge("here are lines that were not read")
        assert await both(view) == {f"start\n{GAP}end\n"}
        view.buffer.joined = True
        view.set_edge("")
        assert await both(view) == {"start\nend\n"}


async def test_a_line_is_written_with_its_source_and_its_colours_alone() -> None:
    app = Logs()
    async with app.run_test():
        app.log_view.append([LogLine("a\t\x1b[31mred\x1b]0;x\x07", source="w\x1beb"), LogLine("b")])
        assert await both(app.log_view, sources=True) == {"w␛eb | a\tred␛]0;x␇\nb\n"}
        assert await both(app.log_view, colours=True) == {"a\t\x1b[31mred␛]0;x␇\x1b[m\nb\n"}


async def test_ctrl_c_is_the_pagers_while_it_is_open_and_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    app = SimpleNamespace(
        environment={"PAGER": "cat"}, batch_update=nullcontext, suspend=nullcontext, on_signal=told.append
    )

    async def feed(_command: list[str], chunks: AsyncGenerator[bytes], _environment: object) -> int:
        await chunks.aclose()
        for number in (signal.SIGINT, signal.SIGTERM):
            app.on_signal(number)
        return 0

    monkeypatch.setattr("tui.screens.log_saver.feed_pager", feed)
    view = SimpleNamespace(times=None, local_times=False)
    reading = SimpleNamespace(view=view, feed=SimpleNamespace(many=False))
    saver = LogSaver(cast("Any", SimpleNamespace(hythe=app)), "", cast("Any", None), lambda: None)
    await saver.page(cast("Any", reading))
    assert told == [signal.SIGTERM]
    app.on_signal(signal.SIGINT)
    assert told == [signal.SIGTERM, signal.SIGINT]
