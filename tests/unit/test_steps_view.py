"""The list of steps: what each state says, which rows are painted, and when the cursor goes along."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import App, ComposeResult

from widgets.steps_view import Step, StepsView

STEPS = [
    Step("1", "FROM [red]base", "cached", group="stage one"),
    Step("2", "RUN make", "done", 10.0, 12.5, group="stage one"),
    Step("3", "RUN test", "running", 12.5, detail="\x1b]0;x\x07", group="stage two"),
    Step("4", "COPY . .", "waiting", group="stage two"),
]


class Steps(App[None]):
    def __init__(self, ascii: bool = False) -> None:
        super().__init__()
        self.view = StepsView(ascii=ascii)
        self.met: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    def on_steps_view_highlighted(self, event: StepsView.Highlighted) -> None:
        self.met.append(event.step.id)


def lines(app: Steps) -> list[str]:
    return [app.view.render_line(y).text.rstrip() for y in range(app.view.size.height)]


async def test_a_step_says_its_state_in_a_glyph_and_a_word() -> None:
    app = Steps()
    async with app.run_test(size=(60, 8)):
        app.view.set_steps(STEPS, now=20)
        assert [line.split() for line in lines(app)[:6]] == [
            ["▾", "stage", "one", "2", "of", "2", "2.5s"],
            ["≡", "cached", "FROM", "[red]base"],
            ["✔", "done", "RUN", "make", "2.5s"],
            ["▾", "stage", "two", "0", "of", "2", "7.5s"],
            ["▶", "running", "RUN", "test", "␛]0;x␇", "7.5s"],
            ["·", "waiting", "COPY", ".", "."],
        ]


async def test_the_cursor_goes_along_until_the_user_moves_it() -> None:
    app = Steps()
    async with app.run_test(size=(60, 8)) as pilot:
        app.view.set_steps(STEPS)
        assert app.view.cursor_step == STEPS[2]
        steps = [
            *STEPS[:2],
            replace(STEPS[2], state="done", ended=13.0),
            replace(STEPS[3], state="running", started=13),
        ]
        app.view.set_steps(steps)
        assert app.view.cursor_step == steps[3]
        await pilot.press("k", "k")
        assert app.view.cursor_step == steps[1]
        app.view.set_steps([*steps, Step("5", "RUN more", "running")])
        assert app.view.cursor_step == steps[1]
        await pilot.press("f")
        assert app.view.cursor_step is not None
        assert app.view.cursor_step.id == "5"
        await pilot.press("g")
        assert app.view.cursor_step == steps[0]
        await pilot.pause()
        assert app.met == ["3", "4", "3", "2", "5", "1"]


async def test_the_failed_step_stays_under_the_cursor() -> None:
    app = Steps()
    async with app.run_test(size=(60, 8)):
        app.view.set_steps([STEPS[0], replace(STEPS[2], state="failed"), replace(STEPS[3], state="cancelled")])
        assert app.view.cursor_step is not None
        assert app.view.cursor_step.state == "failed"


async def test_only_rows_that_changed_are_painted() -> None:
    app = Steps()
    async with app.run_test(size=(60, 8)) as pilot:
        app.view.set_steps(STEPS, now=20)
        await pilot.pause()
        painted: list[int] = []
        render = app.view.render_line
        app.view.render_line = lambda y: painted.append(y) or render(y)  # type: ignore[method-assign]
        app.view.set_steps(STEPS, now=21)
        await pilot.pause()
        assert painted == [3, 4]  # the step, and its group


@pytest.mark.parametrize("size", [(1, 1), (12, 2), (40, 10)])
async def test_it_fits_every_size_in_ascii(size: tuple[int, int]) -> None:
    app = Steps(ascii=True)
    async with app.run_test(size=size) as pilot:
        app.view.set_steps(STEPS, now=1e9)
        await pilot.press("k", "k", "k", "G")
        for y in range(app.view.size.height):
            strip = app.view.render_line(y)
            assert strip.cell_length == app.view.size.width
            assert strip.text.isascii()
        app.view.set_steps([])
        await pilot.press("j", "k", "G", "f", "enter")
        assert app.view.cursor_step is None


async def test_groups_fold_and_the_cursor_stands_on_what_is_folded() -> None:
    app = Steps()
    async with app.run_test(size=(60, 8)) as pilot:
        app.view.set_steps(STEPS, now=20)
        await pilot.press("left")
        assert app.view.cursor_group is not None
        assert app.view.cursor_group.name == "stage two"
        assert [line.split() for line in lines(app)[3:5]] == [["▸", "▶", "stage", "two", "0", "of", "2", "7.5s"], []]
        app.view.set_steps(STEPS, now=21)
        assert app.view.cursor_group is not None
        await pilot.press("k", "left", "j")
        assert [line.split()[2:4] for line in lines(app)[:2]] == [["stage", "one"], ["stage", "two"]]
        await pilot.press("right")
        assert app.view.cursor_step == STEPS[2]
        assert app.view.select("1")
        assert app.view.cursor_step == STEPS[0]
        assert not app.view.select("9")


async def test_bars_show_what_went_on_at_the_same_time() -> None:
    app = Steps()
    async with app.run_test(size=(100, 8)):
        steps = [
            Step("1", "one", "done", 100.0, 110.0),
            Step("2", "two", "done", 100.0, 105.0),
            Step("3", "three", "done", 105.0, 105.0),
            Step("4", "four", "waiting"),
        ]
        app.view.set_steps(steps, now=110)
        bars = [line[72:92] for line in lines(app)[:4]]
        assert bars == ["━" * 20, "━" * 10 + " " * 10, " " * 10 + "╸" + " " * 9, ""]
        app.view.set_steps([*steps, Step("5", "five", "running", 110.0)], now=111)
        assert lines(app)[0][72:92] == "━" * 10 + " " * 10  # of twenty seconds, which it may come to
