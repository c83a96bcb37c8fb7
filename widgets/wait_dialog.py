"""Says what is waited for, while it is, and lets it be given up."""

from __future__ import annotations

from widgets.dialogs import TextDialog


class WaitDialog(TextDialog[bool]):
    """Only escape gives up: what is typed ahead is not meant for it. Who opened it closes it with True at the end."""

    def __init__(self, title: str, text: str, *, ascii: bool = False) -> None:
        super().__init__(title, text.splitlines(), keys="esc gives up", ascii=ascii)

    def cancelled(self) -> bool:
        return False
