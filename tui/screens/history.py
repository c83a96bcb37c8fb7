"""What hythe asked of the daemon in this session, as the docker lines that it equals."""

from __future__ import annotations

from collections.abc import Sequence

from tui.present.units import duration, stamp
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice, ChoiceList

TONES = {"ok": "good", "failed": "bad", "cancelled": "warn", "running": "busy"}


class HistoryScreen(ListScreen):
    """Newest first: when, how it ended, how long it took, and the line; `enter` copies the line."""

    heading = "history: what was asked of the daemon, as docker lines"
    hints = (("enter", "copy the line"),)
    own_keys = (("enter", "copy the line"), ("esc q", "back"))

    def choices(self) -> Sequence[Choice]:
        lines: list[Choice] = []
        for number, entry in enumerate(self.hythe.history):
            took = duration(entry.ended - entry.started) if entry.ended else "…"
            outcome = f"{entry.outcome:<9} {took:>7}  "
            spans = ((f"{stamp(entry.started)}  ", "dim"), (outcome, TONES[entry.outcome]), (entry.line, ""))
            lines.append(Choice(f"{number}", spans))
            if entry.detail:
                lines.append(Choice.note(f"    {entry.detail}", "bad"))
        return lines or [Choice.note("nothing yet: commands that change the daemon are listed here", "dim")]

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        self.copy(list(self.hythe.history)[int(message.key)].line)
