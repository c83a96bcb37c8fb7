"""Splits a command line into words as a POSIX shell does, each with its place; what only a shell could do is told."""

import re
from typing import Final

import msgspec

_BLANK: Final = " \t\r"
_SPECIAL: Final = "#?$!@*-0123456789"
_CONTINUED: Final = re.compile(r"\\(?:\r?\n|$)")
_CONTINUED_ELSEWHERE: Final = re.compile(r"[`^]\r?\n")
_CONTINUED_WIDELY: Final = re.compile(r"\\[ \t]+(?:#[^\n]*)?(?:\r?\n|$)")
_OPERATOR: Final = re.compile(r"&&|\|\||;;|[;&|]")
_REDIRECTION: Final = re.compile(r"(?:[0-9]+|&)?(?:>>|>&|<<<?|<&|>\||[<>])")
_NOTHING: Final = re.compile(r"(?:`\s*#[^`]*`)+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPED_IN_QUOTES: Final = '$`"\\'


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, or noteworthy, at a place of a text: the characters from `start` up to `end`.

    A `fatal` one loses something that was meant; any other is only told.
    """

    start: int
    end: int
    message: str
    fatal: bool = True


class Word(msgspec.Struct, frozen=True):
    """One word without its quotes, and where it stands with them."""

    text: str
    start: int
    end: int


class Split(msgspec.Struct, frozen=True):
    """The commands of a text, each as its words, and what was noticed, in the order of the text."""

    commands: tuple[tuple[Word, ...], ...]
    problems: tuple[Problem, ...]


def split_line(text: str) -> Split:
    """Returns the words of every command in `text`. Nothing is run or expanded: `$X` stays `$X`, and is told.

    Lines go on after a backslash (also the backquote of PowerShell and the caret of cmd), comments end with their line.
    """
    lexer = _Lexer(text)
    lexer.run()
    return Split(tuple(lexer.commands), tuple(sorted(lexer.problems, key=lambda problem: problem.start)))


def place(text: str, offset: int) -> tuple[int, int]:
    """Returns the line and the column of an offset, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.words: list[Word] = []
        self.commands: list[tuple[Word, ...]] = []
        self.problems: list[Problem] = []
        self._continued = False

    def run(self) -> None:
        while self._skip_blanks():
            if self.text[self.at] == "\n":
                self.at += 1
                self._end_command()
            elif self.text[self.at] == "#":
                self._comment()
            elif operator := _OPERATOR.match(self.text, self.at):
                self._operate(operator[0])
            elif redirection := _REDIRECTION.match(self.text, self.at):
                self._redirect(redirection.end())
            elif self.text[self.at] in "()":
                self._tell(self.at, self.at + 1, "a parenthesis without quotes is a shell's: quote it")
                self.at += 1
            else:
                self._continued = False
                word = self._word()
                if not _NOTHING.fullmatch(self.text, word.start, word.end):
                    self.words.append(word)
        self._end_command()

    def _tell(self, start: int, end: int, message: str, *, fatal: bool = True) -> None:
        self.problems.append(Problem(start, end, message, fatal))

    def _end_command(self) -> None:
        if self.words:
            self.commands.append(tuple(self.words))
        self.words = []
        self._continued = False

    def _skip_blanks(self) -> bool:
        """Go to the next word or operator; whether there is one."""
        while self.at < len(self.text):
            if self.text[self.at] in _BLANK:
                self.at += 1
            elif not self._go_on():
                return True
        return False

    def _go_on(self) -> bool:
        """Pass a line end that does not end the command; whether there was one."""
        found = _CONTINUED.match(self.text, self.at) or _CONTINUED_ELSEWHERE.match(self.text, self.at)
        if found:
            self.at = found.end()
        elif found := _CONTINUED_WIDELY.match(self.text, self.at):
            self._tell(
                self.at, self.at + 1, "something stands behind this backslash: taken as if nothing did", fatal=False
            )
            self.at = found.end()
        else:
            return False
        self._continued = True
        return True

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        if self._continued and self.words and end < len(self.text):
            self._tell(
                self.at, end, "a shell would end the command at this comment: taken as if it went on", fatal=False
            )
            self.at = end + 1
        else:
            self.at = end

    def _operate(self, operator: str) -> None:
        if operator == "|":
            self._tell(self.at, self.at + 1, "a pipe is a shell's: what follows is left out", fatal=False)
        elif operator == "&" and self.words:
            self._tell(self.at, self.at + 1, "& is a shell's: left out", fatal=False)
        self.at += len(operator)
        self._end_command()

    def _redirect(self, end: int) -> None:
        """Leave out a redirection and its target."""
        start, self.at = self.at, end
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in "\n;&|<>()":
            self._word()
        self._tell(start, self.at, f"{self.text[start : self.at]} is a shell's: left out", fatal=False)

    # words

    def _word(self) -> Word:
        start = self.at
        pieces: list[str] = []
        if self.text[start] == "~":
            self._tell(start, start + 1, "~ is a shell's: kept as it is written", fatal=False)
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in _BLANK or character in "\n;&|<>()" or (character == "\\" and self._ends_line()):
                break
            pieces.append(self._piece(character))
        return Word("".join(pieces), start, self.at)

    def _ends_line(self) -> bool:
        """Whether the line goes on here; a word is then whole only where a blank begins the next line."""
        if found := _CONTINUED.match(self.text, self.at):
            following = self.text[found.end() : found.end() + 1]
            return not following or following in _BLANK + "\n"
        return _CONTINUED_WIDELY.match(self.text, self.at) is not None

    def _piece(self, character: str) -> str:
        if character == "'":
            return self._single()
        if character == '"':
            return self._double()
        if character == "$":
            return self._dollar(quoted=False)
        if character == "`":
            return self._backquoted()
        if character == "\\":
            if found := _CONTINUED.match(self.text, self.at):
                self.at = found.end()
                return ""
            self.at += 2
            return self.text[self.at - 1]
        self.at += 1
        return character

    def _single(self) -> str:
        start = self.at
        end = self.text.find("'", start + 1)
        if end < 0:
            self._tell(start, start + 1, "this quote is never closed")
            self.at = len(self.text)
            return self.text[start + 1 :]
        self.at = end + 1
        return self.text[start + 1 : end]

    def _double(self) -> str:
        start = self.at
        self.at += 1
        pieces: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == '"':
                self.at += 1
                return "".join(pieces)
            if character == "$":
                pieces.append(self._dollar(quoted=True))
            elif character == "`":
                pieces.append(self._backquoted())
            elif character == "\\":
                pieces.append(self._escaped_in_quotes())
            else:
                pieces.append(character)
                self.at += 1
        self._tell(start, start + 1, "this quote is never closed")
        return "".join(pieces)

    def _escaped_in_quotes(self) -> str:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "\n":
            self.at += 2
            return ""
        if following and following in _ESCAPED_IN_QUOTES:
            self.at += 2
            return following
        self.at += 1
        return "\\"

    # what a shell would put in the place of something: kept as it is written

    def _keep(self, start: int, end: int, what: str) -> str:
        kept = self.text[start:end]
        self._tell(start, end, f"{kept} {what}: kept as it is written", fatal=False)
        self.at = end
        return kept

    def _dollar(self, *, quoted: bool) -> str:
        start = self.at
        following = self.text[start + 1 : start + 2]
        if following == "(":
            end = _closing(self.text, start + 1)
            if end is None:
                return self._unclosed(start, "$( is never closed")
            return self._keep(start, end, "would be run by a shell, never by this")
        if following == "{":
            end = self.text.find("}", start)
            if end < 0:
                return self._unclosed(start, "${ is never closed")
            return self._keep(start, end + 1, "is a shell's variable")
        if name := _NAME.match(self.text, start + 1):
            return self._keep(start, name.end(), "is a shell's variable")
        if following and following in _SPECIAL:
            return self._keep(start, start + 2, "is a shell's variable")
        if following in ("'", '"') and not quoted:
            self._tell(start, start + 2, f"${following} is a quote that only some shells know", fatal=False)
        self.at += 1
        return "$"

    def _unclosed(self, start: int, message: str) -> str:
        self._tell(start, min(start + 2, len(self.text)), message)
        self.at = len(self.text)
        return self.text[start:]

    def _backquoted(self) -> str:
        start = self.at
        end = start + 1
        while end < len(self.text) and self.text[end] != "`":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            return self._unclosed(start, "this backquote is never closed")
        if self.text[start + 1 :].lstrip().startswith("#"):
            # some write `#optional` for a comment within a line: to a shell it comes to nothing
            self.at = end + 1
            return ""
        return self._keep(start, end + 1, "would be run by a shell, never by this")


def _closing(text: str, start: int) -> int | None:
    """Returns the place behind the parenthesis that closes the one at `start`, or None where none does."""
    depth = 0
    at = start
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif character in "'\"":
            end = text.find(character, at + 1)
            if end < 0:
                return None
            at = end
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    return None
