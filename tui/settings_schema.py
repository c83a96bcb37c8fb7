"""What may stand in the settings: each key with the check of its value."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from themes.toml_file import did_you_mean, type_name

Check = Callable[[object], Any]
HOST_COLORS = ("primary", "secondary", "accent", "success", "warning", "error")
COLORS = ("auto", "full", "ansi", "none")
SCANNERS = ("auto", "trivy", "grype", "scout")
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


class Wrong(Exception):
    """A value that cannot be used: why, and the value that counts instead where the default would be less safe."""

    def __init__(self, message: str, safe: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.safe = safe


def suggestion(key: str, known: Iterable[str]) -> str:
    """What to add to "unknown key": the closest one that is known, or all of them when they are few."""
    names = sorted(known)
    close = did_you_mean(key, names)
    return close or (f" (known: {', '.join(names)})" if len(names) <= 8 else "")


def check_text(value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str):
        raise Wrong(f"must be text in quotes, not {type_name(value)}")
    if not value.strip():
        raise Wrong("is empty: leave the key out instead")
    return value.strip()


def check_path(value: object) -> str:
    """A path that means the same wherever hythe is started."""
    text = check_text(value)
    if not text.startswith(("/", "~")):
        raise Wrong(f'must be a whole path, such as "~/hythe-audit.ndjson", not {text!r}')
    return text


def check_flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong(f"must be true or false, not {type_name(value)}")
    return value


def check_guard(value: object) -> bool:
    """True or false, and true as long as it cannot be told."""
    try:
        return check_flag(value)
    except Wrong as wrong:
        raise Wrong(f"{wrong.message}; counts as true until this is put right", safe=True) from None


def check_slow(value: object) -> bool | str:
    """True, false, or "auto"."""
    if value != "auto" and not isinstance(value, bool):
        raise Wrong(
            f'must be true, false or "auto", not {type_name(value) if not isinstance(value, str) else repr(value)}'
        )
    return cast("bool | str", value)


def check_flag_text(value: object) -> bool:
    """A yes or no from the environment, and yes as long as it cannot be told."""
    word = str(value).strip().lower()
    if word not in _TRUE + _FALSE:
        raise Wrong(f"{value!r} is neither 1 nor 0; counts as 1", safe=True)
    return word in _TRUE


def one_of(*choices: str) -> Check:
    """The check that a value is one of *choices*."""

    def check(value: object) -> str:
        text = check_text(value)
        if text not in choices:
            raise Wrong(f"{text!r} is not one of {', '.join(choices)}{did_you_mean(text, choices)}")
        return text

    return check


def whole_number(least: int, most: int) -> Check:
    """The check that a value is a whole number from *least* to *most*."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"must be a whole number, not {type_name(value)}")
        if not least <= value <= most:
            raise Wrong(f"must be from {least} to {most:,}")
        return value

    return check


def check_keys(value: object) -> tuple[str, ...]:
    """One key, several, or none at all for a command."""
    keys = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all((isinstance(key, str) and key.strip(" ")) or key == " " for key in keys):
        raise Wrong('must be a key in quotes, such as "f7", or a list of keys; [] takes the key away')
    return tuple(str(key) for key in keys)


def check_names(value: object) -> tuple[str, ...]:
    """A list of names that is not empty, each of them once."""
    names = cast("list[object]", value) if isinstance(value, list) else []
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise Wrong('must be a list of contexts or hosts in quotes, such as ["prod-1", "prod-2"]')
    return tuple(dict.fromkeys(str(name).strip() for name in names))


def check_table(value: object) -> Mapping[str, object]:
    """A table."""
    if not isinstance(value, dict):
        raise Wrong(f"must be a table, not {type_name(value)}")
    return cast("dict[str, object]", value)


KEYS: Mapping[str, Check] = {
    "host": check_text,
    "context": check_text,
    "read_only": check_guard,
    "guarded": check_guard,
    "theme": check_text,
    "ascii": check_flag,
    "slow": check_slow,
    "color": one_of(*COLORS),
    "mouse": check_flag,
    "keymap": check_text,
    "keys": check_table,
    "hosts": check_table,
    "groups": check_table,
    "log_tail": whole_number(0, 1_000_000),
    "check_newer": check_flag,
    "by_project": check_flag,
    "scanner": one_of(*SCANNERS),
    "stop_timeout": whole_number(0, 86_400),
    "audit": check_path,
}
"""The keys at the top of the file. `log_tail` is in lines, `stop_timeout` in seconds."""

HOST_KEYS: Mapping[str, Check] = {
    "url": check_text,
    "context": check_text,
    "color": one_of(*HOST_COLORS),
    "guarded": check_guard,
    "read_only": check_guard,
}
"""The keys of a table [hosts.NAME]."""

ENVIRONMENT: Mapping[str, tuple[str, Check]] = {
    "HYTHE_THEME": ("theme", check_text),
    "HYTHE_READ_ONLY": ("read_only", check_flag_text),
    "HYTHE_ASCII": ("ascii", check_flag_text),
}
"""The variables that stand for a key; HYTHE_CONFIG names the file itself."""
