"""The history under a pilot's fingers: what it says of how each ended, and in which tone."""

from __future__ import annotations

from typing import cast

from stage import StageApp, dashboard, text_of, until

from tui.screens.history import HistoryScreen


async def test_only_what_failed_is_told_as_bad() -> None:
    app = StageApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await dashboard(pilot)
        for outcome, detail in (("ok", "exit 0"), ("failed", "no such container"), ("cancelled", "given up")):
            entry = screen.session.history.begin(f"docker exec {outcome}", "here")
            entry.close(outcome, detail)
        await pilot.press("H")
        await until(pilot, lambda: "no such container" in text_of(app), "the history")
        lines = cast("HistoryScreen", app.screen).choices()
        tones = {text.strip(): tone for line in lines for text, tone in line.spans}
        assert (tones["exit 0"], tones["no such container"], tones["given up"]) == ("dim", "bad", "warn")
