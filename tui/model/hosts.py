"""The hosts that can be chosen: where each is, what the last probe of it said, and how it is to be treated."""

from __future__ import annotations

from typing import Literal

import msgspec

HostKind = Literal["default", "context", "missing", "named", "socket", "demo"]
"""docker's default context, one of its store, one that is current but not there, one that the settings or the
command line name, a socket that was found, the demo engine."""

Link = Literal["local", "plain", "TLS", "TLS unverified", "ssh", ""]
"""How the daemon is reached; plain is TCP that is neither encrypted nor authenticated."""

ANSWERS = "answers"
UNUSABLE = "unusable"


class Probe(msgspec.Struct, frozen=True):
    """What came of asking a host: `state` is "answers", or in which way it did not, with `reason` and `hint` in words.

    `engine` is "28.5.2" or "Podman 4.3.1"; `seconds` the round trip of a ping on an open connection; `at` when it was,
    on a monotonic clock in seconds.
    """

    state: str
    engine: str = ""
    api: str = ""
    seconds: float | None = None
    reason: str = ""
    hint: str = ""
    at: float = 0.0


class Host(msgspec.Struct, frozen=True):
    """A host as Docker's contexts, the settings or its socket name it.

    `source` says in words where it comes from; `problem` why it can't be used, with `hint` what to do; `warning` what
    is odd about it. `current` is whether docker without any option would speak to it.
    """

    key: str
    kind: HostKind
    name: str
    url: str
    source: str
    description: str = ""
    link: Link = ""
    problem: str = ""
    hint: str = ""
    warning: str = ""
    current: bool = False


class HostRow(msgspec.Struct, frozen=True):
    """A host with all that is known of it; `title` is the name to show, `in_use` whether hythe is connected to it."""

    host: Host
    title: str
    tone: str = ""
    probe: Probe | None = None
    guarded: bool = False
    read_only: bool = False
    groups: tuple[str, ...] = ()
    in_use: bool = False

    @property
    def name(self) -> str:
        """The host's own name."""
        return self.host.name

    @property
    def is_context(self) -> bool:
        """Whether it is an entry of docker's context store."""
        return self.host.kind == "context"
