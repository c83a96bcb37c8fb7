"""Networks and published ports of containers: addresses, conflicts, and their events."""

import ipaddress

from tui.demo.errors import ApiError
from tui.demo.jsonish import as_list, as_map, as_str, as_words
from tui.demo.records import Container, Endpoint, Network
from tui.demo.world import World

_EPHEMERAL = 32768


def attach_at_creation(world: World, container: Container, wanted: dict[str, object]) -> None:
    """Give a new container its networks: those asked for, else the one of its network mode."""
    mode = str(container.host.get("NetworkMode") or "default")
    names = list(wanted) or [mode]
    if mode not in ("default", "") and mode not in names:
        names.insert(0, mode)
    for name in names:
        if name.startswith("container:"):
            continue
        plain = "bridge" if name == "default" else name
        known = next((n for n in world.networks.values() if plain in (n.name, n.id)), None)
        endpoint = wanted_endpoint(as_map(wanted.get(name)), known.id if known else "")
        container.networks[known.name if known else plain] = endpoint


def wanted_endpoint(config: dict[str, object], network_id: str) -> Endpoint:
    """Return an endpoint as an EndpointConfig asks for it, without addresses yet."""
    aliases = as_words(config.get("Aliases")) or None
    wanted = as_str(as_map(config.get("IPAMConfig")).get("IPv4Address"))
    return Endpoint(network_id, aliases=aliases, wanted_ip=wanted, asked=config)


def connect_all(world: World, container: Container) -> None:
    """Give the endpoints their addresses as the container starts."""
    for name, endpoint in container.networks.items():
        network = world.find_network(endpoint.network_id or name)
        connect(world, container, network, endpoint)


def connect(world: World, container: Container, network: Network, endpoint: Endpoint) -> None:
    """Give one endpoint its address."""
    endpoint.network_id = network.id
    endpoint.endpoint_id = world.new_id("endpoint")
    if network.driver == "bridge":
        subnet = ipaddress.IPv4Network(network.subnet)
        pool = ipaddress.IPv4Network(network.ip_range) if network.ip_range else subnet
        host = network.next_host
        network.next_host = host + 1 if host < min(65_000, pool.num_addresses - 2) else 2
        if endpoint.wanted_ip and any(endpoint.wanted_ip == end.ip for end in _ends(world, network)):
            raise ApiError(500, "failed to set up container networking: Address already in use")
        endpoint.ip = endpoint.wanted_ip or str(pool.network_address + host)
        endpoint.prefix_length = subnet.prefixlen
        endpoint.gateway = network.gateway
        tail = ":".join(f"{int(part):02x}" for part in endpoint.ip.split("."))
        endpoint.mac = as_str(endpoint.asked.get("MacAddress")) or f"02:42:{tail}"
    _tell(world, "connect", network, container)


def _ends(world: World, network: Network) -> list[Endpoint]:
    return [c.networks[network.name] for c in world.containers.values() if network.name in c.networks]


def disconnect(world: World, container: Container, network: Network, endpoint: Endpoint) -> None:
    """Take one endpoint's address away."""
    endpoint.endpoint_id = endpoint.ip = endpoint.gateway = endpoint.mac = ""
    endpoint.prefix_length = 0
    _tell(world, "disconnect", network, container)


def disconnect_all(world: World, container: Container) -> None:
    """Take the addresses and ports away as the container stops."""
    release(world, container)
    for endpoint in container.networks.values():
        network = world.networks.get(endpoint.network_id)
        if network is not None:
            disconnect(world, container, network, endpoint)


def detach_all(world: World, container: Container) -> None:
    """Forget ports of a container that is removed."""
    release(world, container)


def _tell(world: World, action: str, network: Network, container: Container) -> None:
    attributes = {"container": container.id, "name": network.name, "type": network.driver}
    world.emit("network", action, network.id, attributes)


def check_bindings(host: dict[str, object]) -> None:
    """Raise ApiError 400 for a port binding that no daemon takes."""
    for port, bindings in as_map(host.get("PortBindings")).items():
        number = port.split("/")[0]
        if not number.isdigit() or not 0 < int(number) < 65536:
            raise ApiError(400, f'invalid port specification: "{port}"')
        for binding in as_list(bindings):
            wanted = str(as_map(binding).get("HostPort") or "")
            first, _, last = wanted.partition("-")
            if wanted and not all(p.isdigit() and int(p) < 65536 for p in (first, last or first)):
                raise ApiError(400, f'invalid port specification: "{wanted}"')


def bind(world: World, container: Container) -> None:
    """Reserve the published ports; raises ApiError 500 when one is taken, 404 when a network is missing."""
    for name, endpoint in container.networks.items():
        world.find_network(endpoint.network_id or name)
    taken: dict[str, list[dict[str, str]]] = {}
    bindings = as_map(container.host.get("PortBindings"))
    if container.host.get("PublishAllPorts"):
        bindings = {**{port: [None] for port in as_map(container.config.get("ExposedPorts"))}, **bindings}
    for port, wanted in bindings.items():
        protocol = port.partition("/")[2] or "tcp"
        for binding in as_list(wanted) or [None]:
            asked = as_map(binding)
            address = str(asked.get("HostIp") or "")
            number = _reserve(world, container, protocol, address, str(asked.get("HostPort") or ""))
            pair = [address] if address else ["0.0.0.0", "::"]
            key = port if "/" in port else f"{port}/tcp"
            taken.setdefault(key, []).extend({"HostIp": ip, "HostPort": str(number)} for ip in pair)
    for port in as_map(container.config.get("ExposedPorts")):
        taken.setdefault(port, [])
    container.ports = taken


def _reserve(world: World, container: Container, protocol: str, address: str, wanted: str) -> int:
    number = int(wanted.split("-")[0] or 0) if wanted else 0
    if not number:
        number = world.next_port
        if len(world.ports) > 30_000:
            raise ApiError(500, "all ports are allocated")
        while f"{number}/{protocol}" in world.ports:
            number = number + 1 if number < 65_535 else _EPHEMERAL
        world.next_port = number + 1 if number < 65_535 else _EPHEMERAL
    key = f"{number}/{protocol}"
    owner = world.ports.get(key)
    if owner is not None and owner != container.id:
        release(world, container)
        raise ApiError(
            500,
            "failed to set up container networking: driver failed programming external connectivity on endpoint "
            f"{container.name} ({world.new_id('endpoint')}): Bind for {address or '0.0.0.0'}:{number} failed: "
            "port is already allocated",
        )
    world.ports[key] = container.id
    return number


def release(world: World, container: Container) -> None:
    """Free the container's published ports."""
    for port, bindings in container.ports.items():
        protocol = port.partition("/")[2] or "tcp"
        for binding in bindings:
            key = f"{binding['HostPort']}/{protocol}"
            if world.ports.get(key) == container.id:
                del world.ports[key]
    container.ports = {}
