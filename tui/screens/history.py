"""What hythe asked of the daemon in this session, as the docker lines that it equals."""

from __future__ import annotations

from collections.abc import Sequence

from tui.commands.history import Entry
from tui.present.units import duration, stamp
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice, ChoiceList
from widgets.line_view import Span

TONES = {"ok": "good", "failed": "bad", "cancelled": "warn", "running": "busy"}

WIDE = 100
"""Columns of the terminal from which there is room for the date and the seconds beside a line."""


class HistoryScreen(ListScreen):
    """Newest first: when, how it ended, how long it took, and the line; `enter` copies the line."""

    heading = "history: what was asked of the daemon, as docker lines"
    hints = (("enter", "copy the line"),)
    own_keys = (("enter", "copy the line"), ("esc q", "back"))

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.5, self.fill)

    def on_resize(self) -> None:
        self.fill()

    def choices(self) -> Sequence[Choice]:
        # by what they are: their places change with each that comes
        self._entries = {str(id(entry)): entry for entry in self.hythe.history}
        lines: list[Choice] = []
        for key, entry in self._entries.items():
            lines.append(Choice(key, tuple(self._spans(entry))))
            if entry.detail:
                tone = "dim" if entry.outcome == "ok" else TONES[entry.outcome]
                lines.append(Choice.note(f"    {entry.detail}", tone))
        return lines or [Choice.note("nothing yet: commands that change the daemon are listed here", "dim")]

    def _spans(self, entry: Entry) -> Sequence[Span]:
        wide = self.size.width >= WIDE
        when = stamp(entry.started)
        took = duration(entry.ended - entry.started) if entry.ended else "…"
        return (
            (f"{when if wide else when.split()[1]}  ", "dim"),
            (f"{entry.outcome:<9} " + (f"{took:>7}  " if wide else ""), TONES[entry.outcome]),
            (f"{entry.host}  " if self.hythe.many_hosts else "", "accent"),
            (entry.line, ""),
        )

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        if (entry := self._entries.get(message.key)) is not None:
            self.copy(entry.line)
