"""The tables of volumes and networks: live, and their commands ask as they must."""

from stage import StageApp, dashboard, text_of, until


async def test_a_volume_comes_and_goes_as_the_daemon_says() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("3")
        await until(pilot, lambda: "shop_pgdata" in text_of(app))
        await screen.session.engine.volumes.create("fresh-one")
        await until(pilot, lambda: "fresh-one" in text_of(app))
        await screen.session.engine.volumes.remove("fresh-one")
        await until(pilot, lambda: "fresh-one" not in screen.table.order)


async def test_removing_a_volume_wants_its_name_typed() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("3", "slash", *"backup", "enter", "d")
        await until(pilot, lambda: "with all files?" in text_of(app))
        await pilot.press("enter")
        assert "old_backup" in screen.session.state.volumes
        await pilot.press(*"old_backup", "enter")
        await until(pilot, lambda: "old_backup" not in screen.session.state.volumes)
        assert [entry.line for entry in screen.session.history] == ["docker volume rm old_backup"]


async def test_a_volume_in_use_stays_with_the_daemons_words() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("3", "slash", *"pgdata", "enter", "d")
        await until(pilot, lambda: "used by shop-db-1" in text_of(app))
        await pilot.press(*"shop_pgdata", "enter")
        await until(pilot, lambda: "volume is in use" in text_of(app))
        assert "shop_pgdata" in screen.session.state.volumes


async def test_a_network_of_the_daemon_itself_can_not_be_removed() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("4", "slash", *"host", "enter", "d")
        await until(pilot, lambda: "the daemon made it for itself" in text_of(app))
        made = await screen.session.engine.networks.create("fresh-net")
        await pilot.press("slash", "ctrl+u", *"fresh-net", "enter")
        await until(pilot, lambda: screen.table.cursor_key == made)
        await pilot.press("d")
        await until(pilot, lambda: "Remove 1 network?" in text_of(app))
        await pilot.press("y")
        await until(pilot, lambda: made not in screen.session.state.networks)


async def test_the_details_of_both_are_their_inspect_answers() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await dashboard(pilot)
        await pilot.press("3")
        await until(pilot, lambda: "Mountpoint:" in text_of(app))
        await pilot.press("4", "right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "EnableIPv6:" in text_of(app))
