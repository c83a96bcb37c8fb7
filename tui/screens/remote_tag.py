"""What a tag of a registry holds, without a pull: its platforms, and the layers of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.model.registry import RemoteTag
from tui.present.remote import remote_lines
from tui.screens.text_list import ListScreen
from widgets.choice_list import Choice


class RemoteTagScreen(ListScreen):
    """A heading a platform, and below it a line a layer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("P", "pull", "Pull", show=False, id="remote_tag.pull")]
    heading = "in the registry"
    hints = (("P", "pull"),)
    own_keys = (("P", "pull it"), ("esc q", "back"))

    def __init__(self, reference: str, found: RemoteTag) -> None:
        super().__init__()
        self._reference, self._found = reference, found

    def choices(self) -> Sequence[Choice]:
        lines = remote_lines(self._reference, self._found, self.session.now())
        return [Choice(str(number), tuple(spans)) for number, spans in enumerate(lines)]

    def action_pull(self) -> None:
        """Open the pull form on it."""
        if not self.refuses("image.pull"):
            self.open("pull", reference=self._reference)
