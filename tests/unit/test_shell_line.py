"""A line splits into words as a shell's would, and nothing in it is run: what a shell would do is told at its place."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.shell_line import place, split_line


def words(text: str) -> list[list[str]]:
    return [[word.text for word in command] for command in split_line(text).commands]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a b", [["a", "b"]]),
        ("a\\\n b", [["a", "b"]]),
        ("a\\\nb", [["ab"]]),
        ("a \\\r\n  b", [["a", "b"]]),
        ("a `\n b ^\n c", [["a", "b", "c"]]),
        ("'a b' \"c d\" e\\ f", [["a b", "c d", "e f"]]),
        ("''", [[""]]),
        ("a''b", [["ab"]]),
        ('"a\\"b\\$c\\x"', [['a"b$c\\x']]),
        ("a # b\nc", [["a"], ["c"]]),
        ("a#b", [["a#b"]]),
        ("a; b && c || d", [["a"], ["b"], ["c"], ["d"]]),
        ("a\nb", [["a"], ["b"]]),
        ("a \\\n # comment\n b", [["a", "b"]]),
        ("a \\  # comment\n b", [["a", "b"]]),
        ("a >out 2>&1 <in b", [["a", "b"]]),
        ("a\\", [["a"]]),
        ("x^", [["x^"]]),
        ("'a\nb'", [["a\nb"]]),
        ("a= `#optional` \\\n b", [["a=", "b"]]),
        ("a`# x`b", [["ab"]]),
    ],
)
def test_words(text: str, expected: list[list[str]]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "part", "fatal"),
    [
        ("a 'b", 2, "never closed", True),
        ('a "b', 2, "never closed", True),
        ("a $(b", 2, "$( is never closed", True),
        ("a ${b", 2, "${ is never closed", True),
        ("a `b", 2, "never closed", True),
        ("a (b)", 2, "parenthesis", True),
        ("a $(pwd)/x", 2, "$(pwd) would be run by a shell", False),
        ('a "$(echo ")")"', 3, "would be run by a shell", False),
        ("a `id`", 2, "`id` would be run", False),
        ("a $HOME/x", 2, "$HOME is a shell's variable", False),
        ("a ${X:-y}", 2, "${X:-y} is a shell's variable", False),
        ("a $1", 2, "$1 is a shell's variable", False),
        ("a ~/x", 2, "~ is a shell's", False),
        ("a | b", 2, "a pipe", False),
        ("a & b", 2, "& is a shell's", False),
        ("a > b", 2, "> b is a shell's", False),
        ("a $'b'", 2, "only some shells", False),
        ("a \\ \n b", 2, "something stands behind", False),
        ("a \\\n#c\nb", 4, "at this comment", False),
    ],
)
def test_what_a_shell_would_do_is_told_at_its_place(text: str, at: int, part: str, fatal: bool) -> None:
    found = split_line(text).problems
    assert [(problem.start, problem.fatal) for problem in found[:1]] == [(at, fatal)]
    assert part in found[0].message


def test_what_a_shell_would_put_in_is_kept_as_it_is_written() -> None:
    assert words("$(pwd)/x \"$HOME\" `id` ${A:-b c} ~/y '$X' \\$Y $") == [
        ["$(pwd)/x", "$HOME", "`id`", "${A:-b c}", "~/y", "$X", "$Y", "$"]
    ]
    assert not split_line("'$X' \\$Y '`a`' $").problems


def test_the_place_is_a_line_and_a_column_from_one() -> None:
    text = "ab\ncd 'e"
    assert place(text, split_line(text).problems[0].start) == (2, 4)
    assert place("", 0) == (1, 1)


@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1, max_size=6))
def test_quoted_words_come_back_as_they_were(texts: list[str]) -> None:
    split = split_line(shlex.join(texts))
    assert [word.text for word in split.commands[0]] == texts
    assert split.problems == ()


@given(st.text(alphabet="ab 'x\"$(){}`\\\n\r#;|&<>~^\t-=", max_size=40))
def test_any_text_splits_and_every_word_has_its_place(text: str) -> None:
    split = split_line(text)
    ends = [0]
    for command in split.commands:
        assert command
        for word in command:
            assert ends[-1] <= word.start < word.end <= len(text)
            ends.append(word.end)
    for problem in split.problems:
        assert 0 <= problem.start <= problem.end <= len(text)
        assert problem.message
