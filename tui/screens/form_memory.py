"""What was filled into forms that were left: offered again when the same form is opened in this run of hythe."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from widgets.fields import FieldValue

MOST_FORMS = 20


class FormMemory:
    """The values of the last forms that were left unsent, by a key that says which form on which object."""

    def __init__(self, most: int = MOST_FORMS) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, dict[str, FieldValue]] = OrderedDict()

    def recall(self, key: Hashable) -> Mapping[str, FieldValue] | None:
        """Return what was kept, or None."""
        return self._kept.get(key)

    def keep(self, key: Hashable, values: Mapping[str, FieldValue]) -> None:
        """Keep values; the oldest ones make room."""
        self._kept[key] = dict(values)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """Drop what was kept."""
        self._kept.pop(key, None)
