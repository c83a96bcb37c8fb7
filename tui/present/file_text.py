"""The content of a file as lines in colours, or as a dump in hexadecimal digits."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Final

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType] its options are untyped
from pygments.token import Comment, Keyword, Name, Number, String, Token
from pygments.util import ClassNotFound

Span = tuple[str, str]
Line = list[Span]

HEX_BYTES: Final = 16
MOST_COLOURED: Final = 256 << 10
"""Characters up to which a text is coloured."""

LONGEST_COLOURED: Final = 2_000
"""Characters of a line up to which a text is coloured: the patterns of a language may be slow on long ones."""

_SAMPLE: Final = 8 << 10
_MOST_ODD: Final = 0.05
_LANGUAGES: Final = {
    "bash": "sh bash ash ksh zsh profile bashrc ebuild",
    "c": "c h",
    "cpp": "cc cpp cxx hpp hh",
    "css": "css",
    "diff": "diff patch",
    "docker": "dockerfile containerfile",
    "go": "go",
    "html": "html htm xhtml",
    "ini": "ini cfg conf properties service socket timer mount target desktop repo editorconfig gitconfig",
    "java": "java",
    "javascript": "js mjs cjs",
    "json": "json",
    "lua": "lua",
    "make": "makefile mk",
    "perl": "pl pm",
    "php": "php",
    "python": "py pyi",
    "ruby": "rb gemspec rakefile gemfile",
    "rust": "rs",
    "sql": "sql",
    "toml": "toml",
    "typescript": "ts",
    "xml": "xml svg xsd plist",
    "yaml": "yaml yml",
}
_BY_NAME: Final = {word: language for language, words in _LANGUAGES.items() for word in words.split()}
_SHEBANG: Final = re.compile(r"#!\s*\S*?(?:env\s+)?(?:-S\s+)?(?:\S*/)?(python|bash|ash|sh|dash|zsh|perl|ruby|node|php)")
_INTERPRETERS: Final = {"ash": "bash", "sh": "bash", "dash": "bash", "zsh": "bash", "node": "javascript"}
_TONES: Final = (
    (Comment, "dim"),
    (Keyword.Constant, "constant"),
    (Keyword, "key"),
    (String, "string"),
    (Number, "number"),
    (Name.Builtin, "constant"),
    (Name.Function, "accent"),
    (Name.Class, "accent"),
    (Name.Tag, "key"),
    (Name.Attribute, "accent"),
    (Name.Variable, "number"),
    (Token.Generic.Inserted, "added"),
    (Token.Generic.Deleted, "removed"),
)


def is_text(content: bytes) -> bool:
    """Return whether a file's beginning reads as text: UTF-8, or nearly so, without NUL bytes."""
    sample = content[:_SAMPLE]
    if b"\0" in sample:
        return False
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        if len(sample) - error.start > 3:  # else a character that the end of the sample cuts
            odd = sum(byte > 126 or (byte < 32 and byte not in b"\t\n\r\f\x1b") for byte in sample)
            return odd <= len(sample) * _MOST_ODD
    return True


def text_lines(path: str, content: bytes) -> list[Line]:
    """Return a text's lines, in the colours of its language where that is told by its name or its first line."""
    text = content.decode("utf-8", "replace")
    plain = [_expanded(line) for line in text.removesuffix("\n").split("\n")]
    lexer = _lexer(path, plain[0])
    if lexer is None or len(text) > MOST_COLOURED or max(map(len, plain)) > LONGEST_COLOURED:
        return [[(line, "")] for line in plain]
    lines: list[Line] = [[]]
    for token, value in lexer.get_tokens("\n".join(plain)):
        tone = next((tone for kind, tone in _TONES if token in kind), "")
        first, *others = value.split("\n")
        if first:
            lines[-1].append((first, tone))
        lines += [[(part, tone)] if part else [] for part in others]
    return lines[: len(plain)]


def _expanded(line: str) -> str:
    """A line without the end that Windows writes, its tabs as blanks; what ends a line elsewhere ends none here."""
    return line.removesuffix("\r").replace("\r", "␍").expandtabs(8)


def language_of(path: str, first_line: str) -> str:
    """Return the language of a file, by its name or the interpreter that its first line names; empty: none known."""
    name = posixpath.basename(path).lower().lstrip(".")
    language = _BY_NAME.get(name) or _BY_NAME.get(name.rpartition(".")[2]) or _BY_NAME.get(name.partition(".")[0])
    if language is None and (found := _SHEBANG.match(first_line[:200])):
        language = _INTERPRETERS.get(found[1], found[1])
    return language or ""


def _lexer(path: str, first_line: str) -> Lexer | None:
    language = language_of(path, first_line)
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False) if language else None
    except ClassNotFound:
        return None


def hex_line(content: bytes, row: int) -> Line:
    """Return a row of a dump: the place, sixteen bytes, and what of them is printable ASCII."""
    start = row * HEX_BYTES
    piece = content[start : start + HEX_BYTES]
    halves = (piece[:8], piece[8:])
    digits = "  ".join(half.hex(" ").ljust(23) for half in halves)
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
    return [(f"{start:08x}  ", "dim"), (digits, ""), (f"  {shown}", "string")]


def hex_rows(content: bytes) -> int:
    """Return how many rows a dump has."""
    return -(-len(content) // HEX_BYTES)


def hex_hits(content: bytes, query: str) -> list[int]:
    """Return the rows of a dump in which a text begins, in whatever case of ASCII letters."""
    needle, folded = query.encode("utf-8", "replace").lower(), content.lower()
    rows: list[int] = []
    place = folded.find(needle) if needle else -1
    while place >= 0:
        row = place // HEX_BYTES
        rows.append(row)
        place = folded.find(needle, (row + 1) * HEX_BYTES)
    return rows


def joined(lines: Iterable[Line]) -> str:
    """Return the text of lines."""
    return "\n".join("".join(text for text, _ in line) for line in lines)
