"""The grammar of the pretend shell: words, pipelines, lists, loops and conditions."""

from __future__ import annotations

from dataclasses import dataclass, field

OPERATORS = ("&&", "||", ">>", "2>&1", ">&2", "1>&2", "2>", "1>", "&>", ";;", ";", "|", ">", "<", "&", "(", ")", "\n")
_STOP = {"do", "done", "then", "fi", "else", "elif", "}", ")"}


class ShellSyntaxError(Exception):
    """The text is no command line that this shell reads."""


@dataclass(slots=True)
class Simple:
    """A command with its redirections (operator, target)."""

    words: list[str]
    redirects: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(slots=True)
class Pipe:
    """Commands whose output feeds the next."""

    parts: list[Command]


@dataclass(slots=True)
class Sequence:
    """Commands joined by `;`, `&&` or `||` (the operator before each)."""

    items: list[tuple[str, Command]]


@dataclass(slots=True)
class Loop:
    """`while` or `until`."""

    condition: Command
    body: Command
    until: bool = False


@dataclass(slots=True)
class ForEach:
    """`for name in words`."""

    name: str
    words: list[str]
    body: Command


@dataclass(slots=True)
class Branch:
    """`if`, `elif`, `else`."""

    arms: list[tuple[Command, Command]]
    otherwise: Command | None


@dataclass(slots=True)
class Group:
    """A `{ }` or `( )` group with its redirections."""

    body: Command
    redirects: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


Command = Simple | Pipe | Sequence | Loop | ForEach | Branch | Group


def tokens(text: str) -> list[str]:
    """Return words (quotes kept) and operators; raises ShellSyntaxError on an open quote."""
    out: list[str] = []
    word, at = "", 0
    text = text.replace("\\\n", "")
    while at < len(text):
        char = text[at]
        if char in "'\"":
            end = _closing(text, at)
            word += text[at : end + 1]
            at = end + 1
            continue
        if char == "$" and text[at + 1 : at + 2] == "(":
            end = _paren(text, at + 1)
            word += text[at : end + 1]
            at = end + 1
            continue
        if char == "\\" and at + 1 < len(text):
            word += text[at : at + 2]
            at += 2
            continue
        operator = next((o for o in OPERATORS if text.startswith(o, at) and not (o[0].isdigit() and word)), None)
        if operator or char in " \t":
            if word:
                out.append(word)
            word = ""
            at += len(operator) if operator else 1
            if operator:
                out.append(operator)
            continue
        if char == "#" and not word:
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
            continue
        word += char
        at += 1
    return [*out, word] if word else out


def _closing(text: str, at: int) -> int:
    quote, at = text[at], at + 1
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 1
        elif text[at] == quote:
            return at
        at += 1
    raise ShellSyntaxError("syntax error: unterminated quoted string")


def _paren(text: str, at: int) -> int:
    depth = 0
    for index in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise ShellSyntaxError("syntax error: unexpected end of file")


def parse(text: str) -> Command:
    """Return the parsed script; raises ShellSyntaxError."""
    parser = _Parser(tokens(text))
    command = parser.sequence()
    if parser.peek() is not None:
        raise ShellSyntaxError(f'syntax error: unexpected "{parser.peek()}"')
    return command


class _Parser:
    def __init__(self, words: list[str]) -> None:
        self.words, self.at = words, 0

    def peek(self) -> str | None:
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self, expected: str | None = None) -> str:
        word = self.peek()
        if word is None:
            raise ShellSyntaxError("syntax error: unexpected end of file")
        if expected is not None and word != expected:
            raise ShellSyntaxError(f'syntax error: unexpected "{word}" (expecting "{expected}")')
        self.at += 1
        return word

    def skip(self, *words: str) -> None:
        while self.peek() in words:
            self.at += 1

    def sequence(self) -> Command:
        items: list[tuple[str, Command]] = []
        joint = ";"
        self.skip(";", "\n")
        while (word := self.peek()) is not None and word not in _STOP:
            items.append((joint, self.pipe()))
            joint = ";"
            if self.peek() in (";", "\n", "&", "&&", "||"):
                joint = self.take()
                self.skip("\n") if joint in ("&&", "||") else self.skip(";", "\n")
        return Sequence(items)

    def pipe(self) -> Command:
        parts = [self.command()]
        while self.peek() == "|":
            self.take()
            parts.append(self.command())
        return parts[0] if len(parts) == 1 else Pipe(parts)

    def command(self) -> Command:
        match self.peek():
            case "while" | "until":
                until = self.take() == "until"
                condition = self.sequence()
                self.take("do")
                body = self.sequence()
                self.take("done")
                return Loop(condition, body, until)
            case "for":
                return self.for_each()
            case "if":
                return self.branch()
            case "{" | "(":
                closing = "}" if self.take() == "{" else ")"
                body = self.sequence()
                self.take(closing)
                return Group(body, self.redirects())
            case _:
                return self.simple()

    def for_each(self) -> Command:
        self.take("for")
        name = self.take()
        words: list[str] = []
        if self.peek() == "in":
            self.take()
            while self.peek() not in (";", "\n", None):
                words.append(self.take())
        self.skip(";", "\n")
        self.take("do")
        body = self.sequence()
        self.take("done")
        return ForEach(name, words, body)

    def branch(self) -> Command:
        arms: list[tuple[Command, Command]] = []
        otherwise: Command | None = None
        self.take("if")
        while True:
            condition = self.sequence()
            self.take("then")
            arms.append((condition, self.sequence()))
            word = self.take()
            if word == "elif":
                continue
            if word == "else":
                otherwise = self.sequence()
                self.take("fi")
            elif word != "fi":
                raise ShellSyntaxError(f'syntax error: unexpected "{word}"')
            return Branch(arms, otherwise)

    def redirects(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while (word := self.peek()) in (">", ">>", "<", "2>", "1>", "&>", "2>&1", ">&2", "1>&2"):
            self.take()
            found.append((str(word), "" if word in ("2>&1", ">&2", "1>&2") else self.take()))
        return found

    def simple(self) -> Command:
        words: list[str] = []
        redirects = self.redirects()
        while (word := self.peek()) is not None and word not in (";", "\n", "&", "&&", "||", "|", ")", "("):
            words.append(self.take())
            redirects += self.redirects()
        if not words and not redirects:
            raise ShellSyntaxError(f'syntax error: unexpected "{self.peek()}"')
        return Simple(words, redirects)
