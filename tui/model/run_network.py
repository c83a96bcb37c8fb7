"""The grammar of `docker run`'s network options: networks, addresses, names of hosts, links."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tui.model.run_limits import fields_of, parse_whole
from tui.model.run_options import InvalidOption

_LONG: Final = re.compile(r"\w+=\w+", re.ASCII)
_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_ID: Final = re.compile(r"[0-9a-f]{12,64}")
OWN_NETWORKS: Final = ("bridge", "host", "none", "default")


class Attachment(msgspec.Struct, frozen=True):
    """One `--network`: a name, or `host`, `none`, `container:NAME`; the rest is this network's own."""

    name: str
    aliases: tuple[str, ...] = ()
    ip: str = ""
    ip6: str = ""
    mac: str = ""
    link_local: tuple[str, ...] = ()
    driver_options: tuple[tuple[str, str], ...] = ()
    priority: int = 0

    @property
    def is_user_defined(self) -> bool:
        """Whether it is none of the daemon's own and no other container's."""
        return self.name not in OWN_NETWORKS and not self.name.startswith("container:")

    @property
    def container(self) -> str:
        """The container whose network it is, or nothing."""
        return self.name.removeprefix("container:") if self.name.startswith("container:") else ""


def parse_network(text: str) -> Attachment:
    """Returns the network of a `--network`: a name, or `name=NAME,alias=…,ip=…,ip6=…,mac-address=…`.

    Raises InvalidOption.
    """
    if not _LONG.search(text):
        if not text.strip() or re.search(r"\s", text):
            raise InvalidOption(f"{text!r} is not the name of a network")
        if text.startswith("container:") and text == "container:":
            raise InvalidOption("the container's name is missing: container:NAME")
        return Attachment(text)
    name = ip = ip6 = mac = ""
    aliases: list[str] = []
    link_local: list[str] = []
    options: list[tuple[str, str]] = []
    priority = 0
    for key, value in fields_of(text):
        value = (value or "").strip()
        match key:
            case "name":
                name = value
            case "alias":
                aliases.append(value)
            case "ip":
                ip = parse_ip4(value)
            case "ip6":
                ip6 = parse_ip6(value)
            case "mac-address":
                mac = parse_mac(value)
            case "link-local-ip":
                link_local.append(parse_address(value))
            case "driver-opt":
                option, _, setting = value.partition("=")
                options.append((option.strip(), setting.strip()))
            case "gw-priority":
                priority = parse_whole(value, -(1 << 31), (1 << 31) - 1)
            case _:
                raise InvalidOption(f"{key!r} is unknown: name, alias, ip, ip6, mac-address, driver-opt and "
                                    "gw-priority are known")  # fmt: skip
    if not name:
        raise InvalidOption("the network's name is missing: name=NAME")
    return Attachment(name, tuple(aliases), ip, ip6, mac, tuple(link_local), tuple(options), priority)


def parse_address(text: str) -> str:
    """Returns an IP address in its shortest form. Raises InvalidOption."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise InvalidOption(f"{text!r} is not an IP address") from None


def parse_ip4(text: str) -> str:
    """Returns an IPv4 address. Raises InvalidOption."""
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise InvalidOption(f"{text!r} is not an IPv4 address") from None


def parse_ip6(text: str) -> str:
    """Returns an IPv6 address. Raises InvalidOption."""
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise InvalidOption(f"{text!r} is not an IPv6 address") from None


def parse_mac(text: str) -> str:
    """Returns a MAC address. Raises InvalidOption."""
    if not _MAC.fullmatch(text):
        raise InvalidOption(f"{text!r} is not a MAC address, such as 92:d0:c6:0a:29:33")
    return text


def parse_domain(text: str) -> str:
    """Returns a domain of `--dns-search`; `.` is none at all. Raises InvalidOption."""
    text = text.strip()
    bare = text.removesuffix(".")
    if text == ".":
        return text
    if not re.search(r"[A-Za-z]", bare) or not all(_LABEL.fullmatch(label) for label in bare.split(".")):
        raise InvalidOption(f"{text!r} is not a domain")
    return text


def parse_extra_host(text: str) -> str:
    """Returns an `--add-host`, `HOST:IP` or `HOST=IP`, as the API takes it. `host-gateway` stands for an address.

    Raises InvalidOption.
    """
    found = re.match(r"([^:=]*)[:=](.*)", text, re.DOTALL)
    host, address = (found[1], found[2]) if found else ("", "")
    if not host:
        raise InvalidOption(f"{text!r} is not HOST:IP")
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if bare != "host-gateway":
        try:
            ipaddress.ip_address(bare)
        except ValueError:
            raise InvalidOption(f"{address!r} is neither an IP address nor host-gateway") from None
    return f"{host}:{bare}"


def parse_link(text: str) -> tuple[str, str]:
    """Returns the container and the alias of a `--link NAME[:ALIAS]`. Raises InvalidOption.

    A link as inspect tells it, `/db:/web/db`, is one too.
    """
    name, colon, alias = text.partition(":")
    if not name or ":" in alias or (colon and not alias):
        raise InvalidOption(f"{text!r} is not NAME or NAME:ALIAS")
    return name.removeprefix("/"), alias.rpartition("/")[2] if alias else name.removeprefix("/")


def network_of_mode(mode: str, ids: Mapping[str, str]) -> str:
    """Returns which of a container's networks its `NetworkMode` means, empty where it is none of them.

    `ids` are the networks' IDs by their names. The mode is what a client wrote: a name, an ID or the beginning of one.
    """
    name = "bridge" if mode in ("", "default") else mode
    if name in ids:
        return name
    if found := next((network for network, id in ids.items() if id.startswith(name)), ""):
        return found
    # the daemon tells no IDs before the first start: one of the names must be it
    return next(iter(ids), "") if _ID.fullmatch(name) and not any(ids.values()) else ""


def asked_names(
    hostname: str, domainname: str, *, container: str, network_mode: str, uts_mode: str, daemon: str
) -> tuple[str, str]:
    """Returns the host and domain name that a container was asked to have, empty where the daemon chose them.

    It writes into the configuration what it chose: the beginning of the ID (`container`), as it starts in another
    container's network that one's names, and in the host's network the name of the machine (`daemon`: as `GET /info`
    has it). To ask for that again is refused, or holds on to what may change.
    """
    if network_mode.startswith("container:"):
        return "", ""
    chosen = (container[:12], daemon) if network_mode == "host" else (container[:12],)
    return "" if uts_mode == "host" or hostname in chosen else hostname, domainname


def parse_hostname(text: str) -> str:
    """Returns a host's name, which has at most 64 characters. Raises InvalidOption."""
    if len(text) > 64:
        raise InvalidOption(f"a host's name has at most 64 characters, not {len(text)}")
    if re.search(r"[\s/]", text):
        raise InvalidOption(f"{text!r} is not a host's name")
    return text
