"""Makes the pictures of the README from the demo engine: seed and clock are fixed, so they change with hythe alone."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "screens")]

from stage import StageApp, dashboard, text_of, until  # noqa: E402 - the path must be set first

PICTURES = {
    "dashboard": (("j", "j"), "shop-api-1"),
    "layers": (("2", "slash", *"team/api:1.4.2", "enter", "L"), "A "),
}


async def take(name: str, keys: tuple[str, ...], seen: str) -> Path:
    """Press the keys on the dashboard, wait for `seen`, and write the picture."""
    app = StageApp()
    async with app.run_test(size=(120, 36)) as pilot:
        await dashboard(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: seen in text_of(app), seen)
        shown = ""
        while shown != (now := text_of(app)):
            shown = now
            await pilot.pause(0.3)
        path = ROOT / "docs" / f"{name}.svg"
        path.write_text(app.export_screenshot(title="hythe"), encoding="utf-8")
        return path


def main() -> None:
    """Make them all, and say where they are."""
    for name, (keys, seen) in PICTURES.items():
        print(asyncio.run(take(name, keys, seen)).relative_to(ROOT))


if __name__ == "__main__":
    main()
