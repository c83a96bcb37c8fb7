"""SGR parsing: only SGR is obeyed, everything else is seen, and a hostile line stays cheap."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets import sgr
from widgets.literal import literal
from widgets.sgr import PLAIN, Look, style_of

SGR = re.compile(r"\x1b\[[0-9;:]*m")

parameters = st.text("0123456789;:", max_size=12)
sequences = parameters.map(lambda text: f"\x1b[{text}m")
other_escapes = st.sampled_from(
    ["\x1b[2J", "\x1b]52;c;aGk=\x07", "\x1b]8;;http://x\x1b\\", "\x1bP1$q\x1b\\", "\x9b31m", "\x1b["]
)
texts = st.lists(st.one_of(sequences, other_escapes, st.text(max_size=8)), max_size=12).map("".join)


def looks(text: str) -> list[tuple[str, Look]]:
    return list(sgr.split(text))


@given(texts)
def test_what_is_left_is_the_text_without_its_sequences(text: str) -> None:
    assert "".join(piece for piece, _ in sgr.split(text)) == SGR.sub("", text) == sgr.strip(text)


@given(texts)
def test_what_is_drawn_is_literal(text: str) -> None:
    drawn = "".join(piece for piece, _ in sgr.visible(text))
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in drawn)
    if "\t" not in text:
        assert drawn == "".join(literal(piece) for piece in SGR.split(text))


@given(texts)
def test_every_look_has_a_style(text: str) -> None:
    for _, look in sgr.split(text):
        style_of(look)


@pytest.mark.parametrize(
    ("parameters", "look"),
    [
        ("", PLAIN),
        ("0", PLAIN),
        ("1;31", Look(fore=1, bold=True)),
        ("97;104", Look(fore=15, back=12)),
        ("38;5;208", Look(fore=208)),
        ("48;2;1;2;3", Look(back=(1, 2, 3))),
        ("38:2::1:2:3", Look(fore=(1, 2, 3))),
        ("38:2:1:2:3", Look(fore=(1, 2, 3))),
        ("38:5:9", Look(fore=9)),
        ("4:3", Look(underline=True)),
        ("4:0", PLAIN),
        ("2;3;4;7;9", Look(dim=True, italic=True, underline=True, reverse=True, strike=True)),
        ("38;5;999", PLAIN),
        ("38;2;1;2", PLAIN),
        ("38", PLAIN),
        ("38;9;1", Look(bold=True)),
        ("99999999999", PLAIN),
        ("5", PLAIN),
        ("1;22", PLAIN),
        ("31;39", PLAIN),
        ("38;5;1;1", Look(fore=1, bold=True)),
        ("4;58;5;1", Look(underline=True)),
        ("58;2;1;2;31;3", Look(italic=True)),
    ],
)
def test_parameters(parameters: str, look: Look) -> None:
    assert looks(f"\x1b[{parameters}mx") == [("x", look)]


def test_a_look_holds_until_it_is_reset() -> None:
    assert looks("a\x1b[31mb\x1b[1mc\x1b[md") == [("a", PLAIN), ("b", Look(1)), ("c", Look(1, bold=True)), ("d", PLAIN)]


def test_tabs_go_to_the_next_stop_whatever_the_colours() -> None:
    assert "".join(text for text, _ in sgr.visible("ab\t\x1b[31mc\td")) == "ab      c       d"


def test_a_bound_is_kept_without_reading_on() -> None:
    drawn = "".join(text for text, _ in sgr.visible("x" * 10_000_000, most=80))
    assert 80 <= len(drawn) < 1_000


@pytest.mark.parametrize("part", ["\x1b[1;31m\x1b[0;32m", "\x1b[1;31mx"], ids=["together", "apart"])
def test_of_ten_megabytes_of_sequences_few_are_obeyed(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    obeyed: list[str] = []
    original = sgr.apply
    monkeypatch.setattr(sgr, "apply", lambda look, parameters: obeyed.append(parameters) or original(look, parameters))
    text = part * (10_000_000 // len(part)) + "end"
    assert "".join(piece for piece, _ in sgr.visible(text)) == SGR.sub("", text)
    assert len(obeyed) <= sgr.MOST_PARAMETERS
