"""Which keys run which commands, after the user's preset and their own changes, and what is wrong in those."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

SHARED_SCOPE = "app"
"""The scope of commands that are there on every screen: their keys must differ from those of all others."""

PRESETS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "default": {},
    "lazydocker": {
        "container.logs": ("m",),
        "container.limits": ("M",),
    },
}
"""Keys that differ from the commands' own, for hands that know another program."""

RESERVED: Mapping[str, str] = {
    "ctrl+a": "is screen's prefix",
    "ctrl+b": "is tmux's prefix",
    "ctrl+c": "interrupts",
    "ctrl+h": "is backspace in many terminals",
    "ctrl+i": "is tab in every terminal",
    "ctrl+j": "is enter in many terminals",
    "ctrl+m": "is enter in every terminal",
    "ctrl+q": "resumes the terminal's output",
    "ctrl+s": "stops the terminal's output",
    "ctrl+z": "suspends the program",
    "ctrl+backslash": "ends the program in the terminal",
    "ctrl+left_square_bracket": "is escape in every terminal",
}
"""Keys that the terminal, the line discipline, tmux or screen take before a program sees them, and for what."""

NAMED = frozenset(
    (
        *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace"),
        *("enter", "tab", "space", "escape", *(f"f{number}" for number in range(1, 25))),
    )
)
_ALIASES = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "del": "delete",
    "ins": "insert",
    " ": "space",
}
_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
# the names that Textual shortens; all others are Unicode's, in small letters with underscores
_SHORTENED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


@dataclass(frozen=True)
class KeymapProblem:
    """A wrong entry in a keymap: the command's id (or empty), the key (or empty), and what was done about it."""

    command: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.command, self.key, self.message) if part)


def normalize_key(text: str) -> str:
    """The name Textual has for the key a person wrote as *text*: `?`, `esc`, `Ctrl+Up`, `^x`, `F5`.

    Raises:
        ValueError: there is no such key; says what comes closest.
    """
    text = text.strip() or text[:1]
    if re.fullmatch(r"\^[A-Za-z]", text):
        text = f"ctrl+{text[1].lower()}"
    *modifiers, base = [*text[:-2].split("+"), "+"] if text.endswith("++") else text.split("+") if text != "+" else "+"
    modifiers = [modifier.strip().lower() for modifier in modifiers]
    if unknown := [modifier for modifier in modifiers if modifier not in _MODIFIERS]:
        raise ValueError(f"{unknown[0]!r} is not one of {', '.join(_MODIFIERS)}")
    base = _base_key(base.strip() or base)
    if modifiers == ["shift"] and len(base) == 1 and base.isalpha():
        return base.upper()
    if "shift" in modifiers and len(base) == 1:
        raise ValueError("terminals do not tell shift apart there: leave it out")
    key = "+".join((*sorted(set(modifiers)), base.lower() if modifiers and len(base) == 1 else base))
    return "ctrl+space" if key == "ctrl+at" else key


def names_sent(keys: Iterable[str]) -> list[str]:
    """The *keys* by all names that Textual has for what terminals send: most have NUL, `ctrl+@`, for ctrl+space."""
    return [name for key in keys for name in ((key, "ctrl+@") if key == "ctrl+space" else (key,))]


def _base_key(base: str) -> str:
    if len(base) == 1 and base not in _ALIASES:
        return base if base.isalnum() else _character_name(base)
    name = _ALIASES.get(base.lower(), base.lower())
    if name in NAMED or name in _punctuation():
        return name
    close = get_close_matches(name, [*NAMED, *_punctuation()], n=1)
    raise ValueError(f"there is no key {base!r}" + (f" (did you mean {close[0]}?)" if close else ""))


def _character_name(char: str) -> str:
    """Textual's name of the key that types *char*, which is neither a letter nor a digit."""
    try:
        name = unicodedata.name(char).lower().replace("-", "_").replace(" ", "_")
    except ValueError:
        raise ValueError(f"there is no key {char!a}") from None
    return _SHORTENED.get(name, name)


def _punctuation() -> frozenset[str]:
    return frozenset(_character_name(chr(code)) for code in range(0x21, 0x7F) if not chr(code).isalnum())


def key_problem(key: str) -> str | None:
    """Why no command can have *key* (a name as normalize_key gives it), or None."""
    taken = RESERVED.get(key)
    return f"{taken}: choose another key" if taken else None


def scope_of(command: str) -> str:
    """The scope of a command's id: what stands before its first dot. Keys of one scope must differ."""
    return command.partition(".")[0]


def resolve_keymap(
    defaults: Mapping[str, Sequence[str]],
    overrides: Mapping[str, Sequence[str]],
    preset: str = "default",
) -> tuple[dict[str, tuple[str, ...]], list[KeymapProblem]]:
    """The keys of each command of *defaults*, and a problem for each entry that could not be taken as it stands.

    The user's *overrides* count before the *preset*, that before the defaults; an entry replaces all keys of its
    command, an empty one takes them away. In one scope a key belongs to one command: the entry that counts more keeps
    it, and the other loses it, which is told.
    """
    problems: list[KeymapProblem] = []
    chosen = PRESETS.get(preset)
    if chosen is None:
        close = get_close_matches(preset, list(PRESETS), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(PRESETS)}"
        problems.append(KeymapProblem("", "", f"there is no keymap {preset!r} ({hint})"))
        chosen = PRESETS["default"]
    ranked: list[Mapping[str, tuple[str, ...]]] = [
        _checked(overrides, defaults, problems),
        _checked(chosen, defaults, problems),
    ]
    keys = {command: tuple(keys) for command, keys in defaults.items()}
    for layer in reversed(ranked):
        keys |= layer
    for rank, layer in enumerate(ranked):
        settled = {command for above in ranked[:rank] for command in above}
        for command in layer:
            if command not in settled:
                _claim(command, keys, settled, problems)
                settled.add(command)
    return keys, problems


def _checked(
    entries: Mapping[str, Sequence[str]], known: Iterable[str], problems: list[KeymapProblem]
) -> dict[str, tuple[str, ...]]:
    """The entries for commands that exist, with the keys that can be had, in Textual's names."""
    right: dict[str, tuple[str, ...]] = {}
    names = list(known)
    for command, keys in entries.items():
        if command not in names:
            close = get_close_matches(command, names, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            problems.append(KeymapProblem(command, "", f"there is no such command{hint}"))
            continue
        good: list[str] = []
        for text in keys:
            try:
                key = normalize_key(text)
                message = key_problem(key)
            except ValueError as error:
                key, message = text, str(error)
            if message:
                problems.append(KeymapProblem(command, key, message))
            elif key not in good:
                good.append(key)
        if good or not keys:
            right[command] = tuple(good)
    return right


def _claim(
    command: str, keys: dict[str, tuple[str, ...]], settled: Iterable[str], problems: list[KeymapProblem]
) -> None:
    """Settle who has each key of *command*: those settled before keep theirs, all others in its scope yield."""
    settled = set(settled)
    for other in keys:
        if other == command or not _meet(command, other):
            continue
        for key in [key for key in keys[command] if key in keys[other]]:
            loser, winner = (command, other) if other in settled else (other, command)
            keys[loser] = tuple(kept for kept in keys[loser] if kept != key)
            rest = f"{loser} keeps {', '.join(keys[loser])}" if keys[loser] else f"{loser} now has no key"
            problems.append(KeymapProblem(loser, key, f"{winner} has this key now; {rest}"))


def _meet(one: str, other: str) -> bool:
    """True when both commands can be there at once, so that their keys must differ."""
    scopes = {scope_of(one), scope_of(other)}
    return len(scopes) == 1 or SHARED_SCOPE in scopes
