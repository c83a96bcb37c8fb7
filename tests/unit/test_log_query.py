"""What is searched for in lines: texts and expressions, with and without case, and expressions that never end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.log_query import Query, QueryError, TooSlow

EXPRESSIONS = (
    "a",
    "^a",
    "a$",
    "a.*b",
    "[^a]*",
    r"\s",
    "a|b$",
    "(?=b)",
    "(?<!a)b",
    "^$",
    "a++b",
    r"\Aa",
    r"b\Z",
    "x?",
    "a\nb",
)
lines_of = st.lists(st.text("ab \tA", max_size=6), min_size=1, max_size=8)


def test_how_a_query_is_meant() -> None:
    plain, without, expression = Query("Err[or]"), Query("!x"), Query(r"~er+\S")
    assert (plain.text, plain.is_regex, plain.inverted, plain.exact) == ("Err[or]", False, False, True)
    assert (without.text, without.is_regex, without.inverted) == ("x", False, True)
    assert (expression.text, expression.is_regex, expression.exact) == (r"er+\S", True, False)
    both = Query("!~a.b")
    assert (both.text, both.is_regex, both.inverted) == ("a.b", True, True)
    for typed, text in (("!", "!"), ("~", "~"), (r"\!x", "!x"), (r"\~x", "~x"), ("a!b~", "a!b~"), (r"\x", r"\x")):
        assert Query(typed).text == text
        assert not Query(typed).is_regex


@pytest.mark.parametrize("typed", ["~(", "~[a", "~a{2,1}", "~*", "~(?P<x", "!~)", "~(?z)", "~\\"])
def test_a_wrong_expression_says_what_is_wrong(typed: str) -> None:
    with pytest.raises(QueryError) as caught:
        Query(typed)
    assert str(caught.value)


@given(lines_of, st.text("abA ", min_size=1, max_size=3), st.booleans())
def test_a_text_is_found_line_by_line(lines: list[str], wanted: str, inverted: bool) -> None:
    query = Query(("!" if inverted else "") + wanted)
    same_case = wanted != wanted.lower()
    expected = [at for at, line in enumerate(lines) if (wanted in (line if same_case else line.lower())) != inverted]
    assert query.lines("\n".join(lines), len(lines)) == expected
    assert [at for at, line in enumerate(lines) if query.test(line)] == expected


@given(lines_of, st.sampled_from(EXPRESSIONS), st.booleans())
def test_an_expression_means_on_many_lines_what_it_means_on_each(
    lines: list[str], pattern: str, inverted: bool
) -> None:
    query = Query(("!~" if inverted else "~") + pattern)
    try:
        expected = [at for at, line in enumerate(lines) if query.test(line)]
    except TooSlow:
        pytest.fail("nothing here is slow")
    assert query.lines("\n".join(lines), len(lines)) == expected
    if "++" not in pattern and r"\Z" not in pattern:  # what the standard library knows is the judge
        judge = re.compile(pattern, re.MULTILINE | re.IGNORECASE)
        assert expected == [at for at, line in enumerate(lines) if (judge.search(line) is not None) != inverted]


def test_an_expression_that_never_ends_is_given_up() -> None:
    hard = "a" * 200 + "b"
    query = Query("~(a|aa)+$")
    assert query.lines(f"x\n{hard}\naaa", 3) == [2]  # one hard line is passed over
    with pytest.raises(TooSlow):
        query.lines("\n".join([hard] * 10), 10)
    assert Query("~(a|aa)+$").ranges(hard) == []


def test_where_it_stands_in_a_text() -> None:
    assert Query("ab").ranges("xAByab") == [(1, 3), (4, 6)]
    assert Query("~b*").ranges("abba") == [(1, 3)]
    assert Query("!ab").ranges("ab") == []
