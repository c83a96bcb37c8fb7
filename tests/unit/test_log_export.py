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


@pytest.mark.parametrize("filtered", [True, False])
async def test_lines_that_are_dropped_while_others_are_written_are_left_out(filtered: bool) -> None:
    app = Logs(max_lines=4_000)
    async with app.run_test():
        view = app.log_view
        view.append([LogLine(f"{number} {'x' * 100}") for number in range(4_000)])
        if filtered:
            view.set_filter("x")
        form = form_of(view, colours=False, sources=False)
        found: list[int] = []
        async for chunk in shown_lines(view, form) if filtered else held_lines(view, form):
            found += [int(line.split()[0]) for line in chunk.decode().splitlines()]
            view.append(numbered(1_500) if view.buffer.dropped < 3_000 else [])
        assert found[0] == 0
        assert found[-1] == 3_999
        assert found == sorted(set(found))
        assert len(found) < 4_000


@pytest.mark.parametrize("filtered", [True, False])
async def test_a_head_that_is_forgotten_while_it_is_written_ends_there(filtered: bool) -> None:
    app = Logs()
    async with app.run_test():
        view = app.log_view
        view.append([LogLine("x end")])
        view.buffer.extend_head([b"x" * 100] * 4_000, [0] * 4_000, [0] * 4_000)
        if filtered:
            view.set_filter("x")
        form = form_of(view, colours=False, sources=False)
        written: list[str] = []
        async for chunk in shown_lines(view, form) if filtered else held_lines(view, form):
            written += chunk.decode().splitlines()
            view.buffer.drop_head()
        assert set(written[:-2]) == {"x" * 100}
        assert 100 < len(written) < 2_000
        assert written[-2:] == [GAP.strip(), "x end"]


async def test_what_passes_the_filter_is_written_whatever_is_filtered_by_meanwhile() -> None:
    app = Logs()
    async with app.run_test():
        view = app.log_view
        view.append([LogLine(f"{'even' if number % 2 == 0 else 'odd'} {'x' * 100}") for number in range(9_000)])
        view.set_filter("even")
        form = form_of(view, colours=False, sources=False)
        written: list[str] = []
        async for chunk in shown_lines(view, form):  # the filter has looked at nothing yet
            written += chunk.decode().splitlines()
            view.set_filter("")
        assert len(written) == 4_500
        assert {line.split()[0] for line in written} == {"even"}


async def test_what_is_written_ends_with_the_line_that_was_the_newest() -> None:
    app = Logs()
    async with app.run_test():
        view = app.log_view
        view.append([LogLine("x" * 100)] * 2_000)
        form = form_of(view, colours=False, sources=False)
        for chunks in (shown_lines(view, form), held_lines(view, form)):
            held, written = len(view.buffer), 0
            async for chunk in chunks:
                written += chunk.count(b"\n")
                view.append([LogLine("x" * 100)] * 2_000)
                assert written <= held
            assert written == held


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
