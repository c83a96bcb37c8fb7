"""The rows of the hosts table: what there is, as the settings treat it, and which of it hythe is connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.engine.endpoint import Endpoint
from tui.engine.hosts import Named
from tui.model.hosts import Host, HostRow
from tui.present.hosts import HOST_TONES
from tui.settings import Settings
from tui.store.hosts import HostBook

DEMO, DEMO_NAME = "demo", "demo engine"

Connected = Sequence[tuple[str, Endpoint]]
"""The hosts that hythe is connected to, by the name in its header."""


def named_hosts(settings: Settings, connected: Connected) -> list[Named]:
    """Return the hosts that the settings name by their URL, and those that are connected, but for the demo engine."""
    hosts = settings.hosts.values()
    found = [Named(host.name, host.url, "settings") for host in hosts if host.url and host.url == host.target]
    return found + [
        Named(name, endpoint.url, endpoint.source, endpoint)
        for name, endpoint in connected
        if endpoint.name != DEMO_NAME
    ]


def host_rows(book: HostBook, settings: Settings, connected: Connected) -> Mapping[str, HostRow]:
    """Return every host by its key, the demo engine last; none before docker's contexts are read."""
    found = book.found.values()
    if not found:
        return {}
    used = _used([each.host for each in found], connected)
    contexts: dict[str, list[str]] = {}
    for each in found:
        if each.host.kind == "context":
            contexts.setdefault(each.host.url, []).append(each.host.name)
    rows: dict[str, HostRow] = {}
    for each in found:
        host = each.host
        context = host.name if host.kind in ("default", "context") else None
        treated = settings.host_settings(host.url, context, contexts.get(host.url, ()))
        title = host.name if host.kind == "socket" and treated.name == host.url else treated.name or host.name
        members = {host.name, host.url, title}
        rows[host.key] = HostRow(
            host,
            title,
            HOST_TONES.get(treated.color or "", ""),
            book.probes.get(host.key),
            treated.guarded,
            treated.read_only,
            tuple(name for name, group in settings.groups.items() if members & set(group)),
            host.key in used,
        )
    demo = Host(DEMO, "demo", DEMO_NAME, "", "simulated containers: nothing of yours is touched")
    rows[DEMO] = HostRow(demo, DEMO_NAME, in_use=any(endpoint.name == DEMO_NAME for _, endpoint in connected))
    return rows


def _used(hosts: Sequence[Host], connected: Connected) -> set[str]:
    """The keys of the hosts that hythe is connected to: by name and address, else by the address alone."""
    keys: set[str] = set()
    for _, endpoint in connected:
        there = [host for host in hosts if host.url == endpoint.url]
        named = [host for host in there if host.name == (endpoint.name or "default")]
        keys |= {host.key for host in named or there}
    return keys
