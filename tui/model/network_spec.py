"""A network that is to be made, and a container's end in one: their grammar, checked, and the equal docker lines."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tui.model.networks import PREDEFINED, Network, Subnet
from tui.model.volume_spec import MASK, pairs

DRIVERS = ("bridge", "macvlan", "ipvlan", "overlay")

Range = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_ALIAS = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What `docker network create` takes; a `subnet6` beside `subnet` makes it of both families."""

    name: str = ""
    driver: str = "bridge"
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    subnet6: str = ""
    gateway6: str = ""
    internal: bool = False
    attachable: bool = False
    ipv6: bool = False
    options: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        """The ranges as the API takes them."""
        found = (Subnet(self.subnet, self.gateway, self.ip_range), Subnet(self.subnet6, self.gateway6))
        return tuple(each for each in found if each.subnet)

    @property
    def takes_ipv6(self) -> bool:
        """Whether containers get IPv6 addresses."""
        return self.ipv6 or bool(self.subnet6)


def check_network_name(text: str) -> str | None:
    """Return what is wrong with a network's name, or None."""
    name = text.strip()
    if not name:
        return "a name is needed"
    if name in PREDEFINED or name == "default":
        return f"{name} is the daemon's own"
    if not _NAME.fullmatch(name):
        return "letters, digits, and _ . - after the first: a network's name has nothing else"
    return None


def parse_range(text: str, version: int) -> Range:
    """Return a range of addresses in CIDR notation. Raises ValueError, which says what is wrong."""
    text = text.strip()
    if "/" not in text:
        raise ValueError(f"write it with its prefix, such as {text or '10.5.0.0'}/{24 if version == 4 else 64}")
    try:
        found = ipaddress.ip_network(text)
    except ValueError as error:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(str(error)) from None
        raise ValueError(f"bits are set behind the prefix: is {meant} meant?") from None
    if found.version != version:
        raise ValueError(f"an IPv{version} range is needed here")
    return found


def check_range(text: str, version: int) -> str | None:
    """Return what is wrong with a subnet by itself, or None; an empty text leaves it to the daemon."""
    if not text.strip():
        return None
    try:
        found = parse_range(text, version)
    except ValueError as error:
        return str(error)
    return "there is no room in it for a gateway and a container" if found.num_addresses < 4 else None


def overlap_of(text: str, version: int, networks: Iterable[Network]) -> str | None:
    """Return which network's range overlaps with a faultless subnet, in words, or None."""
    if not text.strip() or check_range(text, version):
        return None
    wanted = parse_range(text, version)
    for network in networks:
        for subnet in network.subnets:
            try:
                taken = ipaddress.ip_network(subnet.subnet, strict=False)
            except ValueError:
                continue
            if taken.version == wanted.version and taken.overlaps(wanted):  # type: ignore[arg-type] both of one version
                return f"it overlaps with {subnet.subnet} of the network {network.name}"
    return None


def check_inside(text: str, subnet: str, version: int, *, what: str) -> str | None:
    """Return why an address (a gateway, a container's) does not go with its subnet, or None; empty: none asked for."""
    text = text.strip()
    if not text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return f"{text!r} is no address"
    if address.version != version:
        return f"an IPv{version} address is needed here"
    if not subnet.strip():
        return f"{what} needs a subnet"
    try:
        within = parse_range(subnet, version)
    except ValueError:
        return None  # the subnet is told of at its own place
    if address not in within:
        return f"it is not in {within}"
    edges = (within.network_address, within.broadcast_address) if version == 4 else (within.network_address,)
    return "it is the first or the last of the range, which no host may have" if address in edges else None


def check_part(text: str, subnet: str) -> str | None:
    """Return why a range is no part of its subnet, or None."""
    if not text.strip():
        return None
    if not subnet.strip():
        return "a part needs a subnet that it is of"
    try:
        part, whole = parse_range(text, 4), parse_range(subnet, 4)
    except ValueError as error:
        return str(error) if check_range(subnet, 4) is None else None
    return None if part.version == whole.version and part.subnet_of(whole) else f"it is no part of {whole}"  # type: ignore[arg-type] both of one version


def check_alias(text: str) -> str | None:
    """Return what is wrong with a name by which other containers find one, or None."""
    if not text.strip():
        return None
    return None if _ALIAS.fullmatch(text.strip()) else "letters, digits, and - . between them: a host's name"


def network_line(spec: NetworkSpec, hide: Callable[[str], bool] | None = None) -> str:
    """Return the equal docker line; `hide` tells the keys whose values are masked."""
    words = ["docker network create"]
    if spec.driver != "bridge":
        words.append(f"--driver {shlex.quote(spec.driver)}")
    for flag, value in (
        ("--subnet", spec.subnet), ("--gateway", spec.gateway), ("--ip-range", spec.ip_range),
        ("--subnet", spec.subnet6), ("--gateway", spec.gateway6),
    ):  # fmt: skip
        if value:
            words.append(f"{flag} {shlex.quote(value)}")
    flags = {"--internal": spec.internal, "--attachable": spec.attachable, "--ipv6": spec.takes_ipv6}
    words += [flag for flag, is_set in flags.items() if is_set]
    for flag, texts in (("--opt", spec.options), ("--label", spec.labels)):
        for key, value in pairs(texts).items():
            shown = MASK if hide is not None and value and hide(key) else value
            words.append(f"{flag} {shlex.quote(f'{key}={shown}' if shown else key)}")
    return " ".join([*words, shlex.quote(spec.name) if spec.name else "NAME"])


def connect_line(network: str, container: str, aliases: Iterable[str] = (), ipv4: str = "", ipv6: str = "") -> str:
    """Return the docker line that attaches a container."""
    words = ["docker network connect", *(f"--alias {shlex.quote(alias)}" for alias in aliases)]
    words += [f"--ip {shlex.quote(ipv4)}"] if ipv4 else []
    words += [f"--ip6 {shlex.quote(ipv6)}"] if ipv6 else []
    return " ".join([*words, shlex.quote(network), shlex.quote(container)])
