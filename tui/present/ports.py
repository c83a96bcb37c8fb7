"""The published ports of a container: what a row says of them, and by which address each is reached from here."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.containers import Port

WILDCARDS = ("", "0.0.0.0", "::")


def ports_text(ports: Sequence[Port], arrow: str = "→", host: str = "") -> str:
    """Return the published ports, IPv4 and IPv6 of one binding as one: "8080→80, 127.0.0.1:53→53/udp".

    `host` is what reaches the daemon's machine where that is another: "8080→80 on 10.0.0.5".
    """
    texts: dict[str, None] = {}
    for port in published(ports):
        address = "" if port.ip in WILDCARDS else f"{_bracketed(port.ip)}:"
        protocol = "" if port.protocol == "tcp" else f"/{port.protocol}"
        texts[f"{address}{port.public}{arrow}{port.private}{protocol}"] = None
    text = ", ".join(texts)
    return f"{text} on {host}" if text and host else text


def published(ports: Sequence[Port]) -> list[Port]:
    """Return the ports that the machine publishes, one bound to every address once."""
    kept: dict[tuple[int, int, str, str], Port] = {}
    for port in ports:
        if port.public:
            ip = "" if port.ip in WILDCARDS else port.ip
            kept.setdefault((port.public, port.private, port.protocol, ip), port)
    return list(kept.values())


def address_of(port: Port, host: str = "") -> str:
    """Return where a published port is reached from here, `host:port`; empty where it is not.

    `host` is what reaches the daemon's machine, empty for this machine. A port that another machine binds to its own
    loopback alone is reached only through a tunnel.
    """
    if port.ip in WILDCARDS:
        return f"{_bracketed(host) if host else 'localhost'}:{port.public}"
    if host and (port.ip.startswith("127.") or port.ip == "::1"):
        return ""
    return f"{_bracketed(port.ip)}:{port.public}"


def _bracketed(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
