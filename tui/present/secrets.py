"""Which environment variables look as if their value were a secret, so that it is not written down."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(
    r"(?i)password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key|credential"
    r"|(?:^|[_.-])(?:pass|pwd|pw|pin|key|auth|cookie|dsn|salt)(?:$|[_.-])"
)
_LOGIN_IN_URL = re.compile(r"[a-zA-Z][\w+.-]*://[^/\s:@]*:[^/\s@]+@")


def looks_secret(name: str, value: str = "") -> bool:
    """Return whether a variable holds a secret, by its name or because its value is a URL with a password."""
    return _NAME.search(name) is not None or _LOGIN_IN_URL.search(value) is not None


def secret_names(env: Iterable[str]) -> frozenset[str]:
    """Return the names among `KEY=VALUE` texts whose values look like secrets."""
    pairs = (text.partition("=") for text in env)
    return frozenset(name for name, _, value in pairs if looks_secret(name, value))
