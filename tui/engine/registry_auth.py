"""How a registry wants to be asked: its challenge read (RFC 9110), and answered with a login or a token."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tui.engine.credentials import Credentials

_SCHEME: Final = re.compile(r"\s*,?\s*([A-Za-z][\w-]*)(?:\s+|$)")
_PARAMETER: Final = re.compile(r'\s*,?\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
LONGEST: Final = 8_192
"""Characters of a challenge that are looked at."""


class Challenge(msgspec.Struct, frozen=True):
    """One way in that a registry offers: `scheme` in small letters, and its parameters by names in small letters."""

    scheme: str
    parameters: Mapping[str, str] = {}


class Token(msgspec.Struct, frozen=True):
    """The answer of a token service; older ones say `token`, OAuth 2 says `access_token`."""

    token: str = ""
    access_token: str = ""

    def __repr__(self) -> str:
        return "Token(…)"  # never in a log or a traceback


def parse_challenges(text: str) -> list[Challenge]:
    """Return the challenges of a WWW-Authenticate header; what cannot be understood ends the list."""
    found: list[Challenge] = []
    at, text = 0, text[:LONGEST]
    while scheme := _SCHEME.match(text, at):
        at = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(text, at):
            at = parameter.end()
            quoted = parameter[2]
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else parameter[3]
            parameters[parameter[1].lower()] = value
        found.append(Challenge(scheme[1].lower(), parameters))
    return found


def basic(login: Credentials) -> str:
    """Return the value of Authorization for a name and a password."""
    return "Basic " + base64.b64encode(f"{login.username}:{login.secret}".encode()).decode()
