"""The theme switcher: the theme under the cursor is shown at once, and kept when it is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice, ChoiceList


class ThemeScreen(ListScreen):
    """Every theme; leaving without choosing brings back the one before."""

    heading = "theme"
    hints = (("enter", "keep"),)
    own_keys = (
        ("j k", "look at another theme"),
        ("enter", "keep it, also for the next run"),
        ("esc q", "back as it was"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._before = ""

    def on_mount(self) -> None:
        self._before = self.hythe.theme
        super().on_mount()
        names = [choice.key for choice in self.choices()]
        self.lines.move_to(names.index(self._before) if self._before in names else 0)

    def choices(self) -> Sequence[Choice]:
        themes = self.hythe.available_themes
        own = sorted(name for name in themes if name in self.hythe.own_themes)
        others = sorted(name for name in themes if name not in self.hythe.own_themes)
        samples = (("  good", "good"), ("  warn", "warn"), ("  bad", "bad"), ("  accent", "accent"), ("  info", "info"))
        return [
            Choice(name, ((f"{name:<28}", ""), *samples, ("" if name in own else "  Textual", "dim")))
            for name in (*own, *others)
        ]

    def on_choice_list_moved(self, message: ChoiceList.Moved) -> None:
        if self._before:
            self.hythe.theme = message.key

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        self.hythe.theme = message.key
        self.hythe.remember_theme(message.key)
        self.hythe.pop_screen()

    def action_leave(self) -> None:
        self.hythe.theme = self._before
        super().action_leave()
