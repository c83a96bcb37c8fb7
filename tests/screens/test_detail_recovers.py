"""The detail pane after the line to the daemon broke: what is under the cursor is read again by itself."""

import pytest
from stage import StageApp, dashboard, text_of, until
from test_engine_fails import break_engine

TABS = {"timeline": ("w", "created from"), "environment": ("v", "1 variable"), "inspect": ("i", 'Created: "')}


@pytest.mark.parametrize("tab", TABS)
async def test_a_tab_is_read_again_once_the_daemon_answers(tab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is the same before and after: nothing but the line says that it has to be read again."""
    key, words = TABS[tab]
    app = StageApp()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await dashboard(pilot)
        await pilot.press("slash", *"web", "enter")
        with monkeypatch.context() as patch:
            await break_engine(app, patch, "lost")
            await pilot.press(key)
            await until(pilot, lambda: f"{tab}: connection lost" in text_of(app), "why there is nothing")
            await until(pilot, lambda: not screen.session.state.condition.answers, "a broken line")
        screen.session.feed.refresh()
        await until(pilot, lambda: words in text_of(app), "what is under the cursor")
