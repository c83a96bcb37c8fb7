"""The editors inside fields and dialogs: how a paste goes in, and texts that cannot be edited as they are."""

from __future__ import annotations

from textual.events import Paste
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, TextArea

from widgets.literal import literal


def unified(text: str) -> str:
    """A pasted text with one kind of line end: terminals send carriage returns."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def taken_around(editor: Widget, text: str) -> bool:
    """Offer a pasted text to what stands around an editor, from the inside; whether any of it took the text.

    Who may take one has `take_paste(text)`, which returns whether it did: then the text is not inserted.
    """
    takers = (getattr(around, "take_paste", None) for around in editor.ancestors)
    return any(taker(text) for taker in takers if taker is not None)


def pasted(editor: Widget, event: Paste) -> str | None:
    """Take a paste in the editor's stead, and return its text; None where what stands around the editor took it."""
    event.prevent_default()
    event.stop()
    text = unified(event.text)
    return None if taken_around(editor, text) else text


class Line(Input):
    """An input of one line that neither blinks nor drops what is pasted after a line end."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        suggester: Suggester | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(
            value,
            placeholder=literal(placeholder),
            password=password,
            suggester=suggester,
            select_on_focus=False,
            compact=True,
            id=id,
        )
        self.cursor_blink = False

    def on_paste(self, event: Paste) -> None:
        """Join pasted lines as a shell does: a line that ends in a backslash goes on, any other end is a space."""
        text = pasted(self, event)
        if text is None:
            return
        lines = text.replace("\\\n", "").splitlines()
        self.replace(literal(" ".join(lines).replace("\t", " ")), *sorted(self.selection))


class Lines(TextArea):
    """An editor of several lines that takes nothing from a paste that steers the terminal."""

    def on_paste(self, event: Paste) -> None:
        """Insert the pasted lines as they can be drawn; tabs stay."""
        text = pasted(self, event)
        if text is None:
            return
        lines = ["\t".join(map(literal, line.split("\t"))) for line in text.splitlines()]
        start, end = sorted((self.selection.start, self.selection.end))
        self.replace("\n".join(lines), start, end, maintain_selection_offset=False)


class Shown:
    """Keeps texts that cannot be edited as they are (line ends, control characters) behind what is shown for them."""

    def __init__(self) -> None:
        self._originals: dict[str, str] = {}

    def show(self, text: str) -> str:
        """The text as it can be edited."""
        shown = literal(text)
        if shown != text:
            self._originals[shown] = text
        return shown

    def restore(self, shown: str) -> str:
        """The text that was meant: the original, unless what was shown for it was edited."""
        return self._originals.get(shown, shown)
