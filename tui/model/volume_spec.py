"""A volume that is to be made: the grammar of its name and options, and the equal docker line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_PASSWORD = re.compile(r"(?i)((?:^|,)(?:pass\w*|password2?|secret)=)[^,]*")
"""A password among the options of a mount, as those of cifs have it."""

MASK = "***"
LOCAL_OPTIONS = ("type", "o", "device", "size")
"""What the local driver takes; it refuses any other."""


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """What `docker volume create` takes; `options` and `labels` are `KEY=VALUE` texts."""

    name: str = ""
    driver: str = "local"
    options: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def check_volume_name(text: str) -> str | None:
    """Return what is wrong with a volume's name, or None; without one the daemon makes one up."""
    name = text.strip()
    if not name or _NAME.fullmatch(name):
        return None
    if len(name) == 1:
        return "a name has two characters at least"
    return "letters, digits, and _ . - after the first: a volume's name has nothing else"


def check_option(text: str) -> str | None:
    """Return what is wrong with a `KEY=VALUE` of a driver's options, or None."""
    key, equals, _ = text.partition("=")
    if not key.strip() or not equals:
        return "write KEY=VALUE"
    return "a NUL cannot be part of an option" if "\0" in text else None


def option_problem(spec: VolumeSpec) -> str | None:
    """Return what is wrong with the options for the driver, or None; what another driver takes is not known here."""
    given = pairs(spec.options)
    if spec.driver != "local" or not given:
        return None
    wrong = next((key for key in given if key not in LOCAL_OPTIONS), None)
    if wrong is not None:
        return f"the local driver takes {', '.join(LOCAL_OPTIONS)}, and no {wrong}"
    if ("type" in given) != ("device" in given) and given.get("type") != "tmpfs":
        return "type and device go together: what to mount, and as what"
    return None


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return `KEY=VALUE` texts by their keys; a key alone has an empty value."""
    split = (text.strip().partition("=") for text in texts)
    return {key.strip(): value for key, _, value in split}


def volume_line(spec: VolumeSpec, hide: Callable[[str], bool] | None = None) -> str:
    """Return the equal docker line; `hide` tells the keys whose values are masked, with passwords among the options."""
    words = ["docker volume create"]
    if spec.driver != "local":
        words.append(f"--driver {shlex.quote(spec.driver)}")
    for flag, texts in (("--opt", spec.options), ("--label", spec.labels)):
        for key, value in pairs(texts).items():
            shown = value if hide is None else MASK if hide(key) else _PASSWORD.sub(rf"\1{MASK}", value)
            words.append(f"{flag} {shlex.quote(f'{key}={shown}' if shown else key)}")
    return " ".join([*words, *([shlex.quote(spec.name)] if spec.name else [])])
