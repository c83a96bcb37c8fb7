"""What to do about a pull or a push that failed, by the daemon's words, which are all that tells why it did."""

from __future__ import annotations

import re
from typing import Final

_RULES: Final[tuple[tuple[str, str], ...]] = (
    ("no space left on device", "the disk under the daemon is full: X shows what takes its space, and cleans up"),
    (
        "x509:|certificate signed by unknown|failed to verify certificate",
        "the daemon does not trust its certificate: put that of its authority into /etc/docker/certs.d/{host}/ca.crt"
        " on the daemon's machine",
    ),
    (
        "http response to https client|first record does not look like a tls handshake",
        "it speaks no TLS: name {host} in insecure-registries of the daemon, if you trust it all the same",
    ),
    ("toomanyrequests|too many requests|rate limit", "asked too often: try again later{or_login}"),
    (
        "no basic auth credentials|unauthorized|authentication required|access denied|denied:|access forbidden",
        "{login}",
    ),
    ("no matching manifest", "it is not made for this platform: name one that it has; I shows them"),
    ("manifest unknown|not found: |repository name not known", "I lists the repositories and the tags that {host} has"),
    ("verification failed|digest mismatch|unexpected eof", "what came is not what the registry promised: try again"),
    (
        "connection refused|no such host|no route to host|network is unreachable|i/o timeout|tls handshake timeout"
        "|request canceled while waiting|deadline exceeded",
        "{host} is asked from the daemon's machine: does it answer there, and is that its port?",
    ),
    ("unexpected http status: 5", "the registry is in trouble itself: try again later"),
)


def advice(words: str, host: str, *, logged_in: bool) -> str:
    """Return what may help against a failure of a transfer from or to the registry `host`; empty for who knows."""
    if logged_in:
        login = "the login is refused, or may not do this: log in again (L among the registries, I)"
    else:
        login = "log in first (L among the registries, I), or look at its name: many say so of what is not there, too"
    or_login = "" if logged_in else ", or log in"
    for pattern, text in _RULES:
        if re.search(pattern, words, re.IGNORECASE):
            return text.format(host=host, login=login, or_login=or_login)
    return ""
