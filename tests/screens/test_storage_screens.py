"""Disk, clean up, volumes to tar files, networks, ports and events, with keys as a user presses them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest
from stage import StageApp, dashboard, text_of, until
from textual.pilot import Pilot

from tui.model.disk import KINDS, DiskKind, DiskUse
from tui.screens.clean_up import CleanUpScreen
from tui.screens.dashboard import DashboardScreen
from tui.screens.events import EventsScreen
from tui.screens.form_screen import FormScreen
from tui.settings import Settings

Compare = Callable[..., bool]


async def open_disk(pilot: Pilot[int]) -> DashboardScreen:
    """The disk screen, with everything counted."""
    screen = await dashboard(pilot)
    await pilot.press("X")
    app = pilot.app
    assert isinstance(app, StageApp)
    await until(pilot, lambda: "build cache:" in text_of(app) and not screen.session.disk.reading, "all is counted")
    await until(pilot, lambda: "counted" in text_of(app))
    return screen


async def open_clean_up(pilot: Pilot[int], *choice: str) -> DashboardScreen:
    screen = await open_disk(pilot)
    await pilot.press("c")
    app = pilot.app
    assert isinstance(app, StageApp)
    await until(pilot, lambda: "docker system prune" in text_of(app) or "Clean up" in text_of(app), "the prunes")
    await pilot.press(*choice, "enter")
    await until(pilot, lambda: isinstance(app.screen, CleanUpScreen) and " ticked" in text_of(app), "the preview")
    return screen


async def test_ages_on_the_disk_screen_move_on() -> None:
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await screen.session.engine.volumes.create("just-made")
        await open_disk(pilot)
        await pilot.press("slash", *"just-made", "enter")
        await until(pilot, lambda: "just-made" in text_of(app).splitlines()[8])
        before = text_of(app).splitlines()[8]
        await app.clock.advance(90)
        await until(pilot, lambda: text_of(app).splitlines()[8] != before, "the age of the volume")


async def test_to_stop_is_offered_only_while_something_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await open_disk(pilot)
        await until(pilot, lambda: "stop reading" not in text_of(app), "nothing is being read")
        await pilot.press("x")
        await until(pilot, lambda: "nothing is being read" in text_of(app))
        disk, held = screen.session.engine.disk, asyncio.Event()
        count = disk.use

        async def slowly(kinds: Sequence[DiskKind] = KINDS) -> AsyncGenerator[DiskUse]:
            await held.wait()
            async for part in count(kinds):
                yield part

        monkeypatch.setattr(disk, "use", slowly)
        await pilot.press("f5")
        await until(pilot, lambda: "stop reading" in text_of(app).splitlines()[-1], "the daemon counts")
        held.set()
        await until(pilot, lambda: "stop reading" not in text_of(app).splitlines()[-1], "it has counted")


async def test_what_is_unticked_stays() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await open_clean_up(pilot)
        front = app.screen
        assert isinstance(front, CleanUpScreen)
        every = [each.id for each in front.ticked()]
        assert len(every) >= 2
        await pilot.press("space")
        (kept,) = set(every) - {each.id for each in front.ticked()}
        await pilot.press("d")
        await until(pilot, lambda: f"Remove {len(every) - 1} object" in text_of(app), "the question")
        await pilot.press("y")
        await until(pilot, lambda: "by the daemon's own count" in text_of(app), "what came of it")
        await until(pilot, lambda: not set(every) & screen.session.state.containers.keys() - {kept})
        assert kept in screen.session.state.containers
        assert all(entry.line.startswith("docker rm ") for entry in screen.session.history)
        assert len(list(screen.session.history)) == len(every) - 1


async def test_what_a_filter_hides_is_not_removed() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await open_clean_up(pilot)
        front = app.screen
        assert isinstance(front, CleanUpScreen)
        one = front.ticked()[0]
        await pilot.press("slash", *one.name, "enter")
        await until(pilot, lambda: [each.name for each in front.ticked()] == [one.name])
        await pilot.press("escape")
        await until(pilot, lambda: len(front.ticked()) > 1)


async def test_volumes_want_their_number_typed() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await open_clean_up(pilot, "down", "down", "down", "down")
        front = app.screen
        assert isinstance(front, CleanUpScreen)
        count = len(front.ticked())
        assert "old_backup" in {each.name for each in front.ticked()}
        await pilot.press("d")
        await until(pilot, lambda: "To go on, type" in text_of(app))
        await pilot.press(*str(count), "enter")
        await until(pilot, lambda: "old_backup" not in screen.session.state.volumes)
        assert "shop_pgdata" in screen.session.state.volumes


async def test_nothing_is_removed_on_a_host_that_is_read_only() -> None:
    app = StageApp(Settings(read_only=True))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await open_disk(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "read-only" in text_of(app))


async def fill(pilot: Pilot[int], text: str) -> None:
    """Put a text in the place of what a prompt suggests."""
    await pilot.press("ctrl+u", *text)


async def test_a_volume_is_backed_up_and_restored(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        session = screen.session
        await pilot.press("3")
        await until(pilot, lambda: "sizes as of" in text_of(app), "the sizes come by themselves, once")
        await pilot.press("slash", *"backup", "enter", "S")
        await until(pilot, lambda: "Back up old_backup" in text_of(app))
        await fill(pilot, str(tmp_path / "v.tar"))
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "v.tar").exists())
        await until(pilot, lambda: not session.jobs.running)
        await pilot.press("R")
        await until(pilot, lambda: "Restore old_backup" in text_of(app))
        await fill(pilot, str(tmp_path / "v.tar"))
        await pilot.press("enter")
        await until(pilot, lambda: "files of the same name are overwritten" in text_of(app), "what is in it")
        await pilot.press(*"old_backup", "enter")
        await until(pilot, lambda: len(list(session.history)) == 2 and not session.jobs.running)
        assert [entry.outcome for entry in session.history] == ["ok", "ok"]
        assert "tar x -C /v <" in next(iter(session.history)).line


async def test_a_file_that_is_no_tar_is_told_while_it_is_typed(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("nothing")
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("3")
        await until(pilot, lambda: "old_backup" in text_of(app))
        await pilot.press("R")
        await until(pilot, lambda: "Restore" in text_of(app))
        await fill(pilot, str(tmp_path / "notes"))
        await until(pilot, lambda: "it is no tar" in text_of(app))


async def test_a_new_volume_is_under_the_cursor() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("3", "n")
        await until(pilot, lambda: isinstance(app.screen, FormScreen))
        await pilot.press(*"old_backup")
        await until(pilot, lambda: "there is a volume of this name" in text_of(app))
        await pilot.press("2", "f2")
        await until(pilot, lambda: app.screen is screen and screen.table.cursor_key == "old_backup2")
        assert [entry.line for entry in screen.session.history] == ["docker volume create old_backup2"]


async def test_a_network_is_made_and_a_container_connected_and_disconnected() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        session = screen.session
        await pilot.press("4", "n")
        await until(pilot, lambda: isinstance(app.screen, FormScreen))
        await pilot.press(*"lab", "tab", "tab", *"10.66.0.1/24")
        await until(pilot, lambda: "is 10.66.0.0/24 meant?" in text_of(app))
        await pilot.press("ctrl+u", *"10.66.0.0/24", "tab", *"10.67.0.1")
        await until(pilot, lambda: "it is not in 10.66.0.0/24" in text_of(app))
        await pilot.press("ctrl+u", *"10.66.0.254", "f2")
        await until(pilot, lambda: app.screen is screen and screen.table.cursor_row is not None
                    and screen.table.cursor_row.name == "lab")  # fmt: skip
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, FormScreen) and "connect a container to lab" in text_of(app))
        await pilot.press(*"shop-db-1", "tab", *"db2", "tab", *"10.66.0.9", "f2")
        await until(pilot, lambda: app.screen is screen and "shop-db-1  10.66.0.9" in text_of(app), "the attached one")
        await pilot.press("x")
        await until(pilot, lambda: "Disconnect from lab" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Disconnect from lab?" in text_of(app))
        await pilot.press("y")
        await until(pilot, lambda: "nobody is attached" in text_of(app), "the tab follows")
        assert [entry.line for entry in reversed(list(session.history))] == [
            "docker network create --subnet 10.66.0.0/24 --gateway 10.66.0.254 lab",
            "docker network connect --alias db2 --ip 10.66.0.9 lab shop-db-1",
            "docker network disconnect lab shop-db-1",
        ]


async def test_what_is_done_is_appended_to_the_audit_file(tmp_path: Path) -> None:
    app = StageApp(Settings(audit=str(tmp_path / "no" / "audit")))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        (tmp_path / "no").mkdir()
        await pilot.press("p")
        await until(pilot, lambda: (tmp_path / "no" / "audit").exists())
        (line,) = (tmp_path / "no" / "audit").read_text().splitlines()
        assert json.loads(line)["line"].startswith("docker ")
        assert json.loads(line)["host"] == "demo engine"


async def test_an_audit_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    app = StageApp(Settings(audit=str(tmp_path)))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "nothing is written to the audit file" in text_of(app))


async def test_who_reaches_whom_is_a_tab() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("4", "slash", *"shop_default", "enter", "right_square_bracket")
        await until(pilot, lambda: "shop-db-1  reaches " in text_of(app))


async def test_events_come_are_filtered_and_saved(tmp_path: Path) -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("V")
        await until(pilot, lambda: isinstance(app.screen, EventsScreen) and "live" in text_of(app))
        await screen.session.engine.volumes.create("fresh-one")
        await screen.session.engine.volumes.create("fresh-two")
        await until(pilot, lambda: "fresh-two" in text_of(app))
        await pilot.press("slash", *"fresh-one", "enter")
        await until(pilot, lambda: "fresh-two" not in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: "driver=local" in text_of(app), "in full")
        await pilot.press("escape", "S")
        await until(pilot, lambda: "Save 1 event" in text_of(app))
        await fill(pilot, str(tmp_path / "e.ndjson"))
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "e.ndjson").exists())
        (line,) = (tmp_path / "e.ndjson").read_text().splitlines()
        assert json.loads(line)["Actor"]["ID"] == "fresh-one"
        await pilot.press("escape", "s")
        await until(pilot, lambda: "Events since" in text_of(app))
        await fill(pilot, "nonsense")
        await until(pilot, lambda: "is no moment" in text_of(app))
        await fill(pilot, "10m")
        await pilot.press("enter")
        await until(pilot, lambda: "10m  live" in text_of(app) and "fresh-two" in text_of(app), "from before")
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: screen.session.event_log.state == "closed", "the stream is closed")


async def test_the_port_under_the_cursor_leads_to_its_container() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("O")
        await until(pilot, lambda: "open to the world" in text_of(app) and "/tcp" in text_of(app))
        name = next(line for line in text_of(app).splitlines() if "/tcp" in line)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        row = screen.containers.cursor_row
        assert row is not None
        assert row.name in name


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
@pytest.mark.parametrize("key", ["X", "O", "V"])
async def test_small_terminals_show_what_there_is(size: tuple[int, int], key: str) -> None:
    app = StageApp(Settings(ascii=True))
    async with app.run_test(size=size, notifications=True) as pilot:
        await dashboard(pilot) if size[0] == 80 else await until(
            pilot, lambda: isinstance(app.screen, DashboardScreen) and app.screen.session.state.condition.is_live
        )
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(app.screen, DashboardScreen) and " hythe " in text_of(app))
        assert text_of(app).isascii()


def looks(*keys: str, seen: str) -> Callable[[Pilot[int]], object]:
    async def before(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, StageApp)
        await open_disk(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: seen in text_of(app), seen)

    return before


def test_the_disk_looks(snap_compare: Compare) -> None:
    assert snap_compare(StageApp(), terminal_size=(80, 24), run_before=looks(seen="counted"))


def test_the_preview_looks(snap_compare: Compare) -> None:
    keys = ("c", *("down",) * 8, "enter")
    assert snap_compare(StageApp(), terminal_size=(100, 24), run_before=looks(*keys, seen=" ticked"))
