"""Words of a Dockerfile as a builder reads them: split, unquoted, variables filled in, here-documents named."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

import msgspec

MOST_VALUE: Final = 4_096
"""Characters that are kept of a value: arguments that name each other could grow without end."""
_MOST_READ: Final = 4 * MOST_VALUE
_MOST_MATCHED: Final = 200
_DEEPEST: Final = 20
_WORD: Final = re.compile(r"""(?:<<[ \t]*|[^\s"'\\]|\\.?|'[^']*'|"(?:[^"\\]|\\.)*")+""", re.DOTALL)
_BLANKS: Final = re.compile(r"\s*")
_HEREDOC: Final = re.compile(r"\d*<<(-?)\s*([^<]+)", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_]\w*|\d", re.ASCII)
_OPERATOR: Final = re.compile(r":?[-+?]|##?|%%?|//?")


class Heredoc(msgspec.Struct, frozen=True):
    """A here-document: the line `name` ends it, behind tabs too where `chomp` is set."""

    name: str
    chomp: bool = False


def words_of(text: str) -> list[str]:
    """Returns the words with their quotes; none where a quote has no end, as the builder finds none then.

    Blanks behind `<<` part no words.
    """
    words: list[str] = []
    place = _end(_BLANKS, text, 0)
    while place < len(text):
        word = _WORD.match(text, place)
        if word is None:
            return []
        words.append(word[0])
        place = _end(_BLANKS, text, word.end())
        if place == word.end() < len(text):
            return []
    return words


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found is not None else place


def heredocs_of(text: str) -> list[Heredoc]:
    """Returns the here-documents that an instruction opens, in their order: those named at the start of a word."""
    if "<<" not in text:
        return []
    found = (_HEREDOC.fullmatch(word) for word in words_of(text))
    named = (Heredoc(expand(match[2], {}, keep=True), bool(match[1])) for match in found if match is not None)
    return [heredoc for heredoc in named if heredoc.name]


def expand(text: str, values: Mapping[str, str], *, keep: bool = False) -> str:
    """Returns a word without its quotes, its variables filled in: those that have no value are nothing.

    Knows `$name`, `${name}` and the builder's `:-`, `:+`, `-`, `+`, `#`, `##`, `%`, `%%`, `/` and `//` in braces.
    `keep` leaves variables as they are. What is longer than `MOST_VALUE` is cut.
    """
    return _Expansion(text[:_MOST_READ], values, keep=keep).until("")[:MOST_VALUE]


class _Expansion:
    """Reads a text once from its start to its end."""

    def __init__(self, text: str, values: Mapping[str, str], *, keep: bool) -> None:
        self._text = text
        self._values = values
        self._keep = keep
        self._place = 0
        self._depth = 0

    def until(self, end: str) -> str:
        """What comes before `end` outside of quotes, expanded, and goes behind it; empty is the text's end."""
        text, parts, quoted = self._text, list[str](), False
        while self._place < len(text):
            character = text[self._place]
            self._place += 1
            if character == "'" and not quoted:
                closing = text.find("'", self._place)
                closing = len(text) if closing < 0 else closing
                parts.append(text[self._place : closing])
                self._place = closing + 1
            elif character == '"':
                quoted = not quoted
            elif character == "\\":
                parts.append(text[self._place : self._place + 1])
                self._place += 1
            elif character == end and not quoted:
                break
            elif character == "$" and not self._keep:
                parts.append(self._variable())
            else:
                parts.append(character)
        return "".join(parts)

    def _variable(self) -> str:
        braces = self._text.startswith("{", self._place)
        name = _NAME.match(self._text, self._place + braces)
        if name is None:
            return "$"
        self._place = name.end()
        value = self._values.get(name[0])
        if not braces:
            return value or ""
        operator = _OPERATOR.match(self._text, self._place)
        self._place = operator.end() if operator is not None else self._place
        if self._depth >= _DEEPEST:
            self._place = len(self._text)
            return ""
        self._depth += 1
        word = self.until("}")
        self._depth -= 1
        return _modified(value, operator[0] if operator is not None else "", word)


def _modified(value: str | None, operator: str, word: str) -> str:
    known = bool(value) if operator.startswith(":") else value is not None
    value = value or ""
    match operator[-1:]:
        case "-":
            return value if known else word
        case "+":
            return word if known else ""
        case "#" | "%" | "/" if len(value) <= _MOST_MATCHED:
            return _cut(value, operator, word)
        case _:
            return value


def _cut(value: str, operator: str, word: str) -> str:
    """The value without its part that matches a pattern, at its start or its end, or with another text for it."""
    lengths = range(len(value) + 1)
    if operator[0] == "/":
        pattern, _, instead = word.partition("/")
        return _replaced(value, pattern, instead, all_of_them=operator == "//")
    for length in lengths if len(operator) == 1 else reversed(lengths):
        if operator[0] == "#" and fnmatchcase(value[:length], word):
            return value[length:]
        if operator[0] == "%" and fnmatchcase(value[len(value) - length :], word):
            return value[: len(value) - length]
    return value


def _replaced(value: str, pattern: str, instead: str, *, all_of_them: bool) -> str:
    parts: list[str] = []
    place = 0
    while pattern and place < len(value):
        end = next((end for end in range(len(value), place, -1) if fnmatchcase(value[place:end], pattern)), None)
        parts.append(value[place] if end is None else instead)
        place = place + 1 if end is None else end
        if end is not None and not all_of_them:
            break
    return "".join(parts) + value[place:]
