"""Text from outside is drawn literally and measured rightly."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from widgets.literal import cells, fit, literal, literal_lines, one_cell_each, wrap

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
EMOJI = ["👍", "👨‍👩‍👧", "🏳️‍🌈", "🇩🇪", "❤️", "1️⃣", "🧑🏽‍🚀"]

anything = st.text(st.characters(), max_size=60) | st.text(
    st.sampled_from("aé中ﬃ\u0301\u200d\ufe0f\u202e\x1b\x9b\n\t\x00\ud800\ufffe👍🧑🏽🚀🇩\u3164\u2028"), max_size=40
)


def steers(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character != "\u200d"


@given(anything, st.booleans(), st.none() | st.integers(0, 50))
def test_nothing_that_steers_a_terminal_is_left(text: str, ascii: bool, limit: int | None) -> None:
    drawn = literal(text, limit, ascii=ascii)
    assert not [character for character in drawn if steers(character)]
    assert not set(drawn) & set(BIDI)
    assert not ascii or drawn.isascii()
    if limit is None:
        assert literal(drawn, ascii=ascii) == drawn


@given(anything)
def test_a_joiner_stays_between_two_emoji_only(text: str) -> None:
    drawn = literal(text)
    for found in re.finditer("\u200d", drawn):
        before, after = drawn[: found.start()].removesuffix("\ufe0f")[-1:], drawn[found.end() :][:1]
        assert before > "\u2000"
        assert after > "\u2000"


@given(anything, st.integers(-1, 30), st.sampled_from(["left", "right"]), st.sampled_from(["…", "~", "", "..."]))
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int, align, ellipsis: str) -> None:
    assert cell_len(fit(literal(text), width, align, ellipsis)) == max(0, width)


@given(anything)
def test_replacing_in_place_takes_one_cell_a_character(text: str) -> None:
    drawn = one_cell_each(text)
    assert not [character for character in drawn if steers(character)]
    assert one_cell_each(drawn) == drawn


@given(anything, st.integers(1, 20))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    drawn = literal(text)
    lines = wrap(drawn, max(2, width))
    assert all(cells(line) <= max(2, width) for line in lines)
    assert "".join("".join(lines).split()) == "".join(drawn.split())


@pytest.mark.parametrize("text", ["web-1", "", "a b", "~!@#"])
def test_plain_text_is_the_same_object(text: str) -> None:
    assert literal(text) is text
    assert one_cell_each(text) is text


@pytest.mark.parametrize("text", [*EMOJI, "café", "中文", "naïve", "Ω", "e\u0301", "\xa0"])
def test_honest_text_is_left_alone(text: str) -> None:
    assert literal(text) == text


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\x1b[31mb", "a␛[31mb"),
        ("a\nb\tc\rd\x00", "a␊b␉c␍d␀"),
        ("\x7f\x9b", "␡\\x9b"),
        ("x\u202ey", "x\\u202ey"),
        ("a\u200db", "a\\u200db"),
        ("👍\u200d", "👍\\u200d"),
        ("\u200d👍", "\\u200d👍"),
        ("a\ufe0f", "a\\ufe0f"),
        ("\ud800\ufffe", "\\ud800\\ufffe"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u2028b", "a↵b"),
        ("\u0301a", "◌\u0301a"),
        ("\u3164\xad\ufeff", "\\u3164\\xad\\ufeff"),
        ("[red]x[/]", "[red]x[/]"),
    ],
)
def test_what_would_be_obeyed_or_hidden_is_shown(text: str, drawn: str) -> None:
    assert literal(text) == drawn


def test_ascii_terminals_get_ascii() -> None:
    assert literal("reading … — web ended —", ascii=True) == "reading ... - web ended -"
    assert literal("reading … — web ended —") == "reading … — web ended —"
    assert literal_lines("é …\nb\x1b", ascii=True) == "\\xe9 ...\nb^["
    assert literal("é中\x1b\x9b\x7f", ascii=True) == "\\xe9\\u4e2d^[\\x9b^?"


def test_a_limit_cuts_first_and_says_so() -> None:
    assert literal("x" * 10_000_000, 5) == "xxxxx…"
    assert literal("xxxxx", 5) == "xxxxx"
    assert literal("é" * 10, 2, ascii=True) == "\\xe9\\xe9~"


@pytest.mark.parametrize(
    ("text", "width", "align", "drawn"),
    [
        ("abc", 5, "left", "abc  "),
        ("abc", 5, "right", "  abc"),
        ("abcdef", 4, "left", "abc…"),
        ("中中中", 4, "left", "中… "),
        ("中中", 4, "left", "中中"),
        ("👨‍👩‍👧x", 3, "left", "👨‍👩‍👧x"),
        ("abc", 1, "left", "…"),
        ("abc", 0, "left", ""),
        ("e\u0301" * 3, 2, "left", "e\u0301…"),
        ("x" * 100_000, 3, "right", "xx…"),
        ("e" + "\u0301" * 100_000, 3, "left", "e" + "\u0301" * 111 + "…"),
    ],
)
def test_fit(text: str, width: int, align, drawn: str) -> None:
    assert fit(text, width, align).rstrip() == drawn.rstrip()
    assert cell_len(fit(text, width, align)) == width


def test_wrap_breaks_at_spaces() -> None:
    assert wrap("no such host: dial tcp", 10) == ["no such", "host: dial", "tcp"]
    assert wrap("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrap("", 3) == []
