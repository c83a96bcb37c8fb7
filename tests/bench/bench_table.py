"""Figures of the live table and of the writer: `python tests/bench/bench_table.py [rows]`. It judges nothing."""

import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, cast

from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.widgets import Static

sys.path.insert(0, str(Path(__file__).parents[2]))

from widgets.cell_diff import CellDiffDisplay
from widgets.grouped_table import GroupedTable
from widgets.live_table import LiveTable
from widgets.live_table_groups import Group

SIZE = (160, 50)
ROUNDS = 15
STATES = ("running", "exited", "paused")


class Row:
    """A record that compares by what it says, like those of the application."""

    __slots__ = ("cpu", "group", "image", "name", "state")

    def __init__(self, name: str, image: str, state: str, cpu: float) -> None:
        self.name, self.image, self.state, self.cpu = name, image, state, cpu
        self.group = f"team-{int(name.rpartition('-')[2]) % 200:03}"


class Field:
    """A column that shows one attribute of a row."""

    def __init__(
        self, key: str, width: int, tone: str = "", flex: int = 0, align: Literal["left", "right"] = "left"
    ) -> None:
        self.key = key
        self.title = key.upper()
        self.width = width
        self.min_width = width // 2
        self.flex = flex
        self.align: Literal["left", "right"] = align
        self.priority = 10
        self.shorter = None
        self.tone = tone

    def cell(self, row: Row) -> tuple[str, str]:
        return str(getattr(row, self.key)), self.tone

    def sort_key(self, row: Row) -> Any:
        return getattr(row, self.key)


COLUMNS = (
    Field("name", 24, flex=1),
    Field("image", 24, "muted"),
    Field("state", 9, "good"),
    Field("cpu", 7, align="right"),
)


def text_of(row: Row) -> str:
    """What the filter looks into."""
    return f"{row.name} {row.image} {row.state}"


class Recorder(HeadlessDriver):
    """A terminal that counts what it is sent."""

    count = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.count += len(data.encode())


class Bench(App[None]):
    """One table over the whole screen."""

    def compose(self) -> ComposeResult:
        yield LiveTable[Row](COLUMNS, search_text=text_of, sort="name", id="table")
        yield Static("foot")


class DiffBench(CellDiffDisplay, Bench):
    """The same, with the writer of cells that differ."""


class Teams:
    """200 groups, by the digits of the name."""

    lead = "name"

    def group_of(self, row: Row) -> str:
        return row.group

    def rank(self, group: str) -> Any:
        return group

    def cell(self, column: str, group: Group, marked: int, *, filtered: bool) -> tuple[str, str]:
        return (group.id, "") if column == "name" else (str(len(group.keys)), "muted")


class GroupedBench(CellDiffDisplay, App[None]):
    """The same, in 200 groups."""

    def compose(self) -> ComposeResult:
        table = GroupedTable[Row](COLUMNS, Teams(), search_text=text_of, sort="name", id="table")
        table.group(True)
        yield table
        yield Static("foot")


def rows_of(count: int) -> dict[str, Row]:
    return {
        f"{index * 2654435761 % 2**32:08x}": Row(
            f"service-{index * 7919 % count:05}", f"registry/app:{index % 97}", STATES[index % 3], index * 31 % 997 / 10
        )
        for index in range(count)
    }


def say(text: str) -> None:
    """Print past the app, which takes what is printed for its own."""
    print(text, file=sys.__stdout__, flush=True)


def median_ms(times: list[float]) -> str:
    return f"{statistics.median(times) * 1000:8.2f} ms  (worst {max(times) * 1000:.2f})"


async def measure(pilot: Pilot[None], act: Callable[[int], object], rounds: int = ROUNDS) -> tuple[str, float]:
    """The time from a call to its paint, and the bytes that it cost."""
    driver: Any = pilot.app._driver  # pyright: ignore[reportPrivateUsage] - counts what is written
    painted = asyncio.Event()
    pilot.app.post_display_hook = painted.set  # type: ignore[method-assign]
    times: list[float] = []
    driver.count = 0
    for turn in range(rounds):
        painted.clear()
        start = perf_counter()
        act(turn)
        try:
            async with asyncio.timeout(0.2):
                await painted.wait()
            times.append(perf_counter() - start)
        except TimeoutError:
            pass
    return (median_ms(times) if times else "     nothing painted"), driver.count / rounds


async def figures(pilot: Pilot[None], count: int) -> None:
    table = cast("LiveTable[Row]", pilot.app.query_one("#table"))
    rows = rows_of(count)
    start = perf_counter()
    table.show(rows)
    say(f"  first show                 {(perf_counter() - start) * 1000:8.2f} ms")
    await pilot.pause()
    keys = [key for key in table.visible_keys if table.row_of(key) is not None]
    far = table.order[-1]

    def replace(key: str, turn: int) -> None:
        nonlocal rows
        old = rows[key]
        rows = {**rows, key: Row(old.name, old.image, old.state, turn + 1000.5)}
        table.show(rows)

    def only_show(key: str) -> str:
        times: list[float] = []
        for turn in range(ROUNDS):
            old = rows[key]
            changed = {**rows, key: Row(old.name, old.image, old.state, -turn)}
            start = perf_counter()
            table.show(changed)
            times.append(perf_counter() - start)
        return median_ms(times)

    say(f"  show, one row changed      {only_show(far)}  without the paint")
    await pilot.pause()
    acts: dict[str, Callable[[int], object]] = {
        "one cell in sight": lambda turn: replace(keys[3], turn),
        "sort by cpu / name": lambda turn: table.sort_by("name" if turn % 2 else "cpu"),
        "filter / unfilter": lambda turn: table.filter("" if turn % 2 else "service-01"),
        "touch, 49 cells": lambda turn: [setattr(rows[key], "cpu", turn + 0.25) for key in keys] and table.touch(),
        "cursor down": lambda turn: table.action_move(1),
        "page down": lambda turn: table.action_page(1),
        "home / end": lambda turn: table.action_first() if turn % 2 else table.action_last(),
        "repaint of all": lambda turn: pilot.app.refresh(),
    }
    if isinstance(table, GroupedTable):
        grouped = cast("GroupedTable[Row]", table)
        acts |= {
            "fold / unfold all": lambda turn: grouped.toggle_all_folds(),
            "fold / unfold one": lambda turn: grouped.toggle_fold(),
            "group / one list": lambda turn: grouped.group(bool(turn % 2)),
        }
    for name, act in acts.items():
        table.filter("")
        table.sort_by("name")
        table.action_first()
        await pilot.pause()
        keys[:] = [key for key in table.visible_keys if table.row_of(key) is not None]
        time, size = await measure(pilot, act)
        say(f"  {name:26} {time:36} {size:9.0f} B")


async def run(app: App[None], act: Callable[[Pilot[None]], Awaitable[None]]) -> None:
    async def drive(pilot: Pilot[Any]) -> None:
        await act(pilot)
        app.exit()

    await app.run_async(size=SIZE, auto_pilot=drive, mouse=False)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    kinds: tuple[tuple[str, type[App[None]]], ...] = (
        ("Textual's writer", Bench),
        ("cells that differ", DiffBench),
        ("cells that differ, 200 groups", GroupedBench),
    )
    for title, kind in kinds:
        say(f"{title}, {count} rows, {SIZE[0]}x{SIZE[1]}")

        async def act(pilot: Pilot[None]) -> None:
            await pilot.pause()
            await figures(pilot, count)

        asyncio.run(run(kind(driver_class=Recorder), act))


if __name__ == "__main__":
    main()
