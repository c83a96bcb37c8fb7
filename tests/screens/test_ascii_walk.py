"""Screens where nothing but ASCII can be drawn: hythe's own words are words there, not the codes of what they hold."""

from __future__ import annotations

import re

import pytest
from stage import StageApp, dashboard, settle, text_of, until
from test_engine_fails import IMAGE, SCREENS, SWARM, WEB
from textual.content import Content
from textual.widgets import Input, TextArea

from tui.commands.registry import COMMANDS
from tui.screens.logs import LogsScreen
from tui.screens.palette import help_of
from tui.settings import Settings

CODE = re.compile(r"\\u2[0-7][0-9a-f]{2}")
"""The code of punctuation, an arrow, a line or a mark: names of the demo engine have none."""

LOOKED_AT = (
    "logs-tab", "inspect-tab", "history-tab", "layers", "logs", "commit-form", "build-form", "hosts", "history", "jobs",
    "palette", "help", "volumes", "networks", "kill", "recreate", "container-layers", "projects", "files",
    "environment", "processes", "limits", "stats-tab", "compare-stats", "problems",
)  # fmt: skip
WALKS: dict[str, tuple[str, ...]] = {
    **{name: (*SCREENS[name][0], *SCREENS[name][1]) for name in LOOKED_AT},
    "copy": (*WEB, "y"),
    "run-form": (*IMAGE, "n", "f2"),
    "pull": ("2", "P"),
    "disk": ("X",),
    "published": ("O",),
    "events": ("V",),
    "waste": (*IMAGE, "L", "w"),
    "layers-compare": (*IMAGE, "L", "equals_sign", "slash", *"alpine", "enter", "enter"),
    "volume-files": ("3", "f"),
    "one-off": (*WEB, "exclamation_mark", *"id", "enter"),
    "network-form": ("4", "n"),
    "newer": ("2", "N"),
}


def check(app: StageApp) -> None:
    """Say what is on the screen and must not be."""
    shown = text_of(app)
    drawn = [character for character in shown if not character.isascii()]
    assert not drawn, f"{drawn}\n{shown}"
    assert not CODE.search(shown), shown
    for field in app.screen.query(Input):
        assert field.placeholder.isascii()
    for area in app.screen.query(TextArea):
        assert str(area.placeholder).isascii()


async def walk(app: StageApp, keys: tuple[str, ...]) -> None:
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        check(app)
        for key in keys:
            await pilot.press(key)
            check(app)
        await settle(pilot)
        check(app)


@pytest.mark.parametrize("name", WALKS)
async def test_a_walk_in_ascii(name: str) -> None:
    await walk(StageApp(Settings(ascii=True)), WALKS[name])


@pytest.mark.parametrize("name", SWARM)
async def test_a_walk_through_a_swarm_in_ascii(name: str) -> None:
    keys, more = SWARM[name]
    await walk(StageApp(Settings(ascii=True), swarm=True), (*keys, *more))


async def test_what_a_log_says_of_its_container_is_in_ascii() -> None:
    app = StageApp(Settings(ascii=True))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await dashboard(pilot)
        await pilot.press(*WEB, "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and "GET" in text_of(app), "the log")
        web = next(each for each in screen.session.state.containers.values() if "web" in each.name)
        await screen.session.engine.containers.kill(web.id, "SIGKILL")
        await until(pilot, lambda: f"- {web.name} ended" in text_of(app), "its end")
        check(app)


def test_the_palette_shows_each_docker_line_as_it_is() -> None:
    lines = [command for command in COMMANDS if command.line]
    assert any("[" in command.line for command in lines)
    for command in lines:
        assert Content.from_markup(help_of(command) or "").plain == command.line


async def test_the_palette_shows_what_may_be_left_out_of_a_line() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard(pilot)
        await pilot.press("colon", *"shell or another command")
        await until(pilot, lambda: "docker exec -it [OPTIONS] CONTAINER" in text_of(app), "the line")
