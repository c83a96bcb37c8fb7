"""Takes the values of secrets out of what a builder says, also where one comes in two pieces."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tui.model.build import BuildEvent, BuildFailure, BuildLog, BuildStep, BuildWarning
from tui.model.build_spec import MASK
from tui.model.log_record import Stream

Source = tuple[str, Stream]
"""A step and its stream."""

_Span = tuple[int, int]
_NOTHING: Final = ("", False)


class Masking:
    """Masks events in their order. What ends a piece of output and may begin a secret waits for the next piece."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret})
        self._several_lines = any("\n" in secret for secret in self._secrets)
        self._held: dict[Source, tuple[str, bool]] = {}
        """The output that waits, and whether it begins within what is masked already."""

    def events(self, events: Iterable[BuildEvent]) -> Iterator[BuildEvent]:
        """Yield the events without secrets; the end of a step, and of the build, brings what of its output waited."""
        for event in events:
            if not self._secrets:
                yield event
                continue
            match event:
                case BuildLog():
                    yield from self._output(event)
                case BuildStep():
                    if event.state.ended:
                        yield from self._rest(event.id)
                    yield msgspec.structs.replace(event, name=self.text(event.name), error=self.text(event.error))
                case BuildFailure():
                    yield from self.rest()
                    yield msgspec.structs.replace(event, message=self.text(event.message))
                case BuildWarning():
                    detail = tuple(map(self.text, event.detail))
                    yield msgspec.structs.replace(event, text=self.text(event.text), detail=detail)
                case _:
                    yield event

    def rest(self) -> Iterator[BuildEvent]:
        """Yield the output that waits: no more is to come."""
        for source in tuple(self._held):
            yield from self._release(source)

    def text(self, text: str) -> str:
        """Return a whole text without secrets."""
        return _without(text, _merged(self._found(text)), len(text))

    def _output(self, event: BuildLog) -> Iterator[BuildEvent]:
        source = (event.step_id, event.stream)
        held, within = self._held.pop(source, _NOTHING)
        text = held + event.text
        found = self._found(text)
        stop = self._beginning(text)
        # a secret that ends in what may begin another one waits whole
        stop = min((start for start, end in found if start < stop < end), default=stop)
        spans = _merged(found)
        shown = _without(text, spans, stop, within=within)
        if stop < len(text):
            self._held[source] = (text[stop:], (within and stop == 0) or any(s < stop < e for s, e in spans))
        if shown:
            yield msgspec.structs.replace(event, text=shown)

    def _rest(self, step_id: str) -> Iterator[BuildEvent]:
        for source in tuple(self._held):
            if source[0] == step_id:
                yield from self._release(source)

    def _release(self, source: Source) -> Iterator[BuildEvent]:
        text, within = self._held.pop(source)
        if shown := _without(text, _merged(self._found(text)), len(text), within=within):
            yield BuildLog(*source, shown)

    def _found(self, text: str) -> list[_Span]:
        """The places of all secrets, which may overlap, from the left."""
        found: list[_Span] = []
        for secret in self._secrets:
            place = text.find(secret)
            while place >= 0:
                found.append((place, place + len(secret)))
                place = text.find(secret, place + 1)
        return sorted(found)

    def _beginning(self, text: str) -> int:
        """Where the longest end of a text starts that a secret begins with; the text's length where there is none."""
        least = 0 if self._several_lines else text.rfind("\n") + 1
        found = len(text)
        if least == found:
            return found
        for secret in self._secrets:
            place = text.find(secret[0], max(least, len(text) - len(secret) + 1), found)
            while place >= 0:
                if secret.startswith(text[place:]):
                    found = place
                    break
                place = text.find(secret[0], place + 1, found)
        return found


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """Spans from the left, with those that overlap made one."""
    merged: list[_Span] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _without(text: str, spans: Iterable[_Span], stop: int, *, within: bool = False) -> str:
    """A text up to a place, with a mask for each span; `within`: that of a span at the start was written already."""
    shown: list[str] = []
    place = 0
    for start, end in spans:
        if start >= stop:
            break
        shown.append(text[place:start])
        if start or not within:
            shown.append(MASK)
        place = end
    return "".join([*shown, text[place:stop]])
