"""Which proxy the environment names for a URL, by the rules of Go's httpproxy package, which docker goes by."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Final

from yarl import URL

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PORT: Final = re.compile(r"(?:\[(?P<inside>[^\[\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>[^:]*)")


class BadProxy(ValueError):
    """The environment names a proxy that can't be used; says which variable, and not what may be a secret in it."""


def proxy_of(url: URL, environment: Mapping[str, str] | None = None) -> URL | None:
    """Return the proxy for an http or https URL, or None for none: HTTPS_PROXY or HTTP_PROXY, but for NO_PROXY.

    Names in capitals count before the others, an address without a scheme is one of HTTP, and this machine is always
    reached without.

    Raises:
        BadProxy: the variable holds no address, or one of a proxy that is not spoken to through HTTP.
    """
    values = os.environ if environment is None else environment
    variable, text = _first(values, f"{url.scheme}_proxy")
    host = (url.raw_host or "").lower()
    if not text or not host or _goes_past(host, url.port or 0, _first(values, "no_proxy")[1]):
        return None
    try:
        proxy = URL(text if _SCHEME.match(text) else f"http://{text}")
        named, _ = proxy.host, proxy.port  # which are looked at no sooner, and may be nonsense
    except ValueError:
        raise BadProxy(f"{variable} holds no address of a proxy") from None
    if not named:
        raise BadProxy(f"{variable} holds no address of a proxy")
    if proxy.scheme not in ("http", "https"):
        raise BadProxy(f"{variable} names a proxy of {proxy.scheme}: only those of http and https are spoken to")
    return proxy


def _first(values: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the variable that counts, and its value."""
    variable = name.upper() if values.get(name.upper()) else name
    return variable, values.get(variable, "").strip()


def _goes_past(host: str, port: int, excepted: str) -> bool:
    """Whether a host is reached without the proxy: as one of this machine, or by NO_PROXY's list."""
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry.strip().lower(), host, port, address) for entry in excepted.split(","))


def _matches(entry: str, host: str, port: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    """Whether an entry of NO_PROXY is one of a host: `*`, an address or a range of them, a domain; perhaps a port."""
    if entry in ("", "*"):
        return entry == "*"
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    if found := _PORT.fullmatch(entry):
        entry, only = found["inside"] or found["host"] or "", found["port"]
        if only and only != str(port):
            return False
    if (own := _address(entry.strip("[]"))) is not None:
        return own == address
    entry = entry.removeprefix("*")
    if not entry or address is not None:
        return False
    if entry.startswith("."):
        return host.endswith(entry)
    name = URL.build(scheme="http", host=entry).raw_host or entry if not entry.isascii() else entry
    return host == name or host.endswith(f".{name}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address
