"""Making a container out of what a client asks for."""

import re

from tui.demo import joining, links, netports
from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap, as_list, as_map, as_str, as_strings, as_words
from tui.demo.records import Container, Image, Mount
from tui.demo.views_host import default_host
from tui.demo.world import DATA_ROOT, World

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")
_LEFT = [
    "agitated",
    "bold",
    "brave",
    "calm",
    "clever",
    "dazzled",
    "eager",
    "elegant",
    "focused",
    "gifted",
    "happy",
    "jolly",
    "keen",
    "kind",
    "lucid",
    "modest",
    "nifty",
    "quiet",
]
_RIGHT = [
    "albattani",
    "bardeen",
    "bell",
    "bohr",
    "curie",
    "darwin",
    "euler",
    "fermat",
    "gauss",
    "hopper",
    "kepler",
    "lovelace",
    "mendel",
    "newton",
    "noether",
    "turing",
]
_MINIMUM_MEMORY = 6 << 20


def create(world: World, name: str, body: JsonMap) -> Container:
    """Create a container; raises ApiError 400, 404 or 409."""
    ref = as_str(body.get("Image"))
    if not ref:
        raise ApiError(400, "no command specified")
    image = world.find_image(ref)
    if name and not _NAME.match(name.removeprefix("/")):
        raise ApiError(400, f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    host = _host(as_map(body.get("HostConfig")))
    _check(host, body)
    name = name.removeprefix("/") or _random_name(world)
    taken = world.name_taken(name)
    if taken:
        raise taken
    id_ = world.new_id("container")
    joining.resolve(world, host)
    config = _config(body, image, id_)
    config["Hostname"] = config["Hostname"] or joining.first_name(host, id_)
    words = [*as_words(config["Entrypoint"]), *as_words(config["Cmd"])]
    if not words:
        raise ApiError(400, "no command specified")
    container = Container(id_, name, ref, image.id, world.now(), config, host, words[0], words[1:])
    _mounts(world, container)
    links.make_links(world, container)
    world.add_container(container)
    links.touch_linked(world, container)
    netports.attach_at_creation(world, container, as_map(as_map(body.get("NetworkingConfig")).get("EndpointsConfig")))
    world.emit_container(container, "create")
    return container


def _host(asked: JsonMap) -> JsonMap:
    host = default_host()
    # what is said to be nothing is what the daemon gives by itself
    host.update({key: value for key, value in asked.items() if value is not None and (value or not host.get(key))})
    if host["NetworkMode"] in ("", "default"):
        host["NetworkMode"] = "bridge"
    log = as_map(host["LogConfig"])
    host["LogConfig"] = {"Type": log.get("Type") or "json-file", "Config": as_strings(log.get("Config"))}
    host["MemorySwap"] = host["MemorySwap"] or 2 * host["Memory"]
    host["MemorySwappiness"] = None if host["MemorySwappiness"] == -1 else host["MemorySwappiness"]
    host["PidsLimit"] = host["PidsLimit"] or None
    policy = as_map(host.get("RestartPolicy"))
    host["RestartPolicy"] = {
        "Name": policy.get("Name") or "no",
        "MaximumRetryCount": policy.get("MaximumRetryCount") or 0,
    }
    return host


def check_limits(host: JsonMap) -> None:
    """Raise ApiError 400 for limits that no daemon takes."""
    memory = host.get("Memory") or 0
    if memory and memory < _MINIMUM_MEMORY:
        raise ApiError(400, "Minimum memory limit allowed is 6MB")
    name = as_map(host.get("RestartPolicy")).get("Name") or "no"
    if name not in ("no", "always", "unless-stopped", "on-failure"):
        raise ApiError(
            400,
            f"invalid restart policy: unknown policy '{name}'; use one of 'no', 'always', 'on-failure', "
            "or 'unless-stopped'",
        )


def _check(host: JsonMap, body: JsonMap) -> None:
    check_limits(host)
    if host.get("AutoRemove") and host["RestartPolicy"]["Name"] not in ("", "no"):
        raise ApiError(400, "can't create 'AutoRemove' container with restart policy")
    for item in as_words(body.get("Env")):
        if item.startswith("=") or not item:
            raise ApiError(400, f"invalid environment variable: {item}")
    netports.check_bindings(host)
    joining.check_names(host, as_str(body.get("Hostname")))


def _random_name(world: World) -> str:
    while True:
        name = f"{world.rng.choice(_LEFT)}_{world.rng.choice(_RIGHT)}"
        if name in world.names:
            name += str(world.rng.randrange(10_000))
        if name not in world.names:
            return name


def merged_env(base: list[str] | None, own: list[str]) -> list[str] | None:
    """Return the container's own variables, then those of the image that it does not name; a bare name hides one."""
    named = {item.partition("=")[0] for item in own}
    given = [item for item in base or [] if item.partition("=")[0] not in named]
    return [*(item for item in own if "=" in item), *given] or None


def _config(body: JsonMap, image: Image, id_: str) -> JsonMap:
    base = image.run_config
    entrypoint, command = as_words(body.get("Entrypoint")), as_words(body.get("Cmd"))
    if not entrypoint:
        entrypoint = list(base.get("Entrypoint") or [])
        command = command or list(base.get("Cmd") or [])
    elif entrypoint == [""]:
        entrypoint = []
    exposed = {**as_map(base.get("ExposedPorts")), **as_map(body.get("ExposedPorts"))}
    for port in as_map(as_map(body.get("HostConfig")).get("PortBindings")):
        exposed.setdefault(port if "/" in port else f"{port}/tcp", {})
    config: JsonMap = {
        "Hostname": as_str(body.get("Hostname")),
        "Domainname": as_str(body.get("Domainname")),
        "User": as_str(body.get("User")) or base.get("User") or "",
        **{key: bool(body.get(key)) for key in ("AttachStdin", "AttachStdout", "AttachStderr")},
        **({"ExposedPorts": exposed} if exposed else {}),
        **{key: bool(body.get(key)) for key in ("Tty", "OpenStdin", "StdinOnce")},
        "Env": merged_env(base.get("Env"), as_words(body.get("Env"))),
        "Cmd": command or None,
        "Image": as_str(body.get("Image")),
        "Volumes": {**as_map(base.get("Volumes")), **as_map(body.get("Volumes"))} or None,
        "WorkingDir": as_str(body.get("WorkingDir")) or base.get("WorkingDir") or "",
        "Entrypoint": entrypoint or None,
        "OnBuild": None,
        "Labels": {**as_strings(base.get("Labels")), **as_strings(body.get("Labels"))},
    }
    check = as_map(body.get("Healthcheck")) or as_map(base.get("Healthcheck"))
    if check:
        config["Healthcheck"] = check
    if mac := _mac(body):
        config["MacAddress"] = mac
    for key in ("StopSignal", "StopTimeout", "Shell"):
        value = body.get(key) if body.get(key) is not None else base.get(key)
        if value is not None:
            config[key] = value
    return config


def _mac(body: JsonMap) -> str:
    """Return the MAC address that is asked for in the first network, in either of the places where clients write it."""
    mode = as_str(as_map(body.get("HostConfig")).get("NetworkMode"))
    ends = as_map(as_map(body.get("NetworkingConfig")).get("EndpointsConfig"))
    return as_str(body.get("MacAddress")) or as_str(as_map(ends.get(mode)).get("MacAddress"))


def _mounts(world: World, container: Container) -> None:
    for bind in as_words(container.host.get("Binds")):
        parts = bind.split(":")
        if len(parts) < 2 or not parts[1].startswith("/"):
            raise ApiError(400, f"invalid volume specification: '{bind}'")
        _mount(world, container, parts[0], parts[1], rw="ro" not in parts[2:])
    for asked in as_list(container.host.get("Mounts")):
        mount = as_map(asked)
        kind, target = as_str(mount.get("Type"), "volume"), as_str(mount.get("Target"))
        if kind == "tmpfs":
            container.mounts.append(Mount("tmpfs", "", "", target))
        else:
            _mount(world, container, as_str(mount.get("Source")), target, rw=not mount.get("ReadOnly"))
    known = {mount.destination for mount in container.mounts}
    for path in as_map(container.config.get("Volumes")):
        if path not in known:
            _mount(world, container, "", path, rw=True)


def _mount(world: World, container: Container, source: str, target: str, *, rw: bool) -> None:
    if source.startswith("/"):
        container.mounts.append(Mount("bind", "", source, target, rw))
        return
    name = source or world.new_id("volume")
    volume = world.ensure_volume(name, anonymous=not source)
    container.mounts.append(Mount("volume", volume.name, f"{DATA_ROOT}/volumes/{name}/_data", target, rw))
