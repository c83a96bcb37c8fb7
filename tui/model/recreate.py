"""Making a container again from its image, which may be a newer one: what it was given itself, and nothing else.

What it has from its old image is left out, so that the new one's defaults take its place. Volumes go with it, those
without a name by theirs, and so do its networks with aliases, addresses and links.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from tui.model.kept import kept_for
from tui.model.run_body import MANY_NETWORKS, Body, CreateRequest
from tui.model.run_network import OWN_NETWORKS, asked_names, network_of_mode, parse_link

_IMAGE_KEYS: Final = ("User", "WorkingDir", "StopSignal", "StopTimeout", "Healthcheck", "Shell")
_OF_THE_IMAGE_ALONE: Final = ("OnBuild", "ArgsEscaped")

Json = dict[str, Any]


class Made(msgspec.Struct, frozen=True):
    """How a container is made again: the request, and the docker line that it equals, secrets masked."""

    request: CreateRequest
    line: str


def recreate_request(
    inspect: Mapping[str, Any],
    old_image: Mapping[str, Any] | None,
    *,
    image: str = "",
    api: tuple[int, int] = MANY_NETWORKS,
    successors: Mapping[str, str] | None = None,
    daemon: str = "",
) -> CreateRequest:
    """Return the request for the same container under the same name.

    `inspect` is the whole answer of `GET /containers/{id}/json`, `old_image` the `Config` of the image that it was
    made from (None where that is gone: then everything counts as its own), `image` what to make it from where that is
    not the reference it had; `successors` gives by the IDs of containers that were put aside those in their places;
    `daemon` is the name of its machine, as `GET /info` has it. Raises KeyError or TypeError for an answer that is none.
    """
    config = _own_config(inspect, dict(old_image or {}))
    _leave_names_to(daemon, config, inspect)
    if image:
        config["Image"] = image
    host = _host_config(inspect, successors or {})
    ends = _endpoints(inspect)
    connect: list[tuple[str, Body]] = []
    if api < MANY_NETWORKS:
        first = _first(inspect) or next(iter(ends), "")
        if mac := _map(inspect["Config"]).get("MacAddress"):
            config["MacAddress"] = mac
        for end in ends.values():
            end.pop("MacAddress", None)
        connect = [(name, end) for name, end in ends.items() if name != first]
        ends = {name: end for name, end in ends.items() if name == first}
    config["HostConfig"] = host
    config["NetworkingConfig"] = {"EndpointsConfig": ends}
    name = str(inspect["Name"]).removeprefix("/")
    return CreateRequest(config, name, "", tuple(connect))


def _map(value: object) -> Json:
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list) else []


def _own_config(inspect: Mapping[str, Any], image: Json) -> Json:
    config = _map(inspect["Config"])
    for key in (*_OF_THE_IMAGE_ALONE, "MacAddress"):
        config.pop(key, None)
    for key in _IMAGE_KEYS:
        if config.get(key) == image.get(key):
            config.pop(key, None)
    if _list(config.get("Entrypoint")) == _list(image.get("Entrypoint")):
        config.pop("Entrypoint", None)
        if _list(config.get("Cmd")) == _list(image.get("Cmd")):
            config.pop("Cmd", None)
    elif not config.get("Entrypoint"):
        config["Entrypoint"] = [""]  # how the image's own is said to be none
    config["Env"] = _own_env(_list(config.get("Env")), _list(image.get("Env")))
    given = _map(image.get("Labels"))
    config["Labels"] = {k: v for k, v in _map(config.get("Labels")).items() if given.get(k, None) != v}
    for key in ("ExposedPorts", "Volumes"):
        theirs = _map(image.get(key))
        config[key] = {name: value for name, value in _map(config.get(key)).items() if name not in theirs}
    return config


def _leave_names_to(daemon: str, config: Json, inspect: Mapping[str, Any]) -> None:
    """Take out the host and domain name where the daemon chose them."""
    host = _map(inspect["HostConfig"])
    hostname, domainname = asked_names(
        str(config.pop("Hostname", None) or ""), str(config.pop("Domainname", None) or ""),
        container=str(inspect["Id"]), network_mode=str(host.get("NetworkMode") or ""),
        uts_mode=str(host.get("UTSMode") or ""), daemon=daemon,
    )  # fmt: skip
    config |= {key: name for key, name in (("Hostname", hostname), ("Domainname", domainname)) if name}


def _own_env(env: list[str], given: list[str]) -> list[str]:
    """The variables of its own, and by their bare names those of the image that it was made without."""
    names = {text.partition("=")[0] for text in env}
    gone = [name for name in (text.partition("=")[0] for text in given) if name not in names]
    return [*(text for text in env if text not in given), *gone]


def _host_config(inspect: Mapping[str, Any], successors: Mapping[str, str]) -> Json:
    host = _map(inspect["HostConfig"])
    host["Links"] = [_link(link) for link in _list(host.get("Links"))] or None
    for key in ("NetworkMode", "PidMode", "IpcMode"):
        kind, _, id = str(host.get(key) or "").partition(":")
        if kind == "container":
            host[key] = f"container:{successors.get(id, id)}"
    others = [text.partition(":") for text in _list(host.get("VolumesFrom"))]
    host["VolumesFrom"] = [successors.get(name, name) + colon + mode for name, colon, mode in others] or None
    mounts = [_map(mount) for mount in _list(host.get("Mounts"))]
    nameless = {mount["Target"] for mount in mounts if mount.get("Type") == "volume" and not mount.get("Source")}
    host["Mounts"] = [mount for mount in mounts if mount.get("Target") not in nameless] or None
    named = {mount.get("Target") for mount in mounts} - nameless
    named |= {bind.split(":")[1] for bind in _list(host.get("Binds")) if ":" in bind}
    nameless |= set(_map(_map(inspect["Config"]).get("Volumes"))) - named
    host["Binds"] = [*_list(host.get("Binds")), *_by_name(inspect, nameless)] or None
    return host


def _link(text: str) -> str:
    """A link as a client writes it. One to a container that was put aside means the one that has its name now."""
    name, alias = parse_link(text)
    return f"{kept_for(name) or name}:{alias}"


def _by_name(inspect: Mapping[str, Any], targets: set[str]) -> list[str]:
    """The volumes that the daemon made names for, as binds by these names: what is in them goes along."""
    return [
        f"{mount['Name']}:{mount['Destination']}" + ("" if mount.get("RW", True) else ":ro")
        for mount in map(_map, _list(inspect.get("Mounts")))
        if mount.get("Type") == "volume" and mount.get("Name") and mount.get("Destination") in targets
    ]


def _first(inspect: Mapping[str, Any]) -> str:
    """Which of its networks its mode means, empty where it is none of them."""
    ids = {name: str(_map(end).get("NetworkID") or "") for name, end in _networks(inspect).items()}
    return network_of_mode(str(_map(inspect["HostConfig"]).get("NetworkMode") or ""), ids)


def _networks(inspect: Mapping[str, Any]) -> Json:
    return _map(_map(inspect.get("NetworkSettings")).get("Networks"))


def _endpoints(inspect: Mapping[str, Any]) -> dict[str, Json]:
    """Its networks with what was asked of each, in the words of `NetworkingConfig.EndpointsConfig`."""
    mode = str(_map(inspect["HostConfig"]).get("NetworkMode") or "default")
    if mode.startswith("container:") or mode in ("host", "none"):
        return {}
    short = str(inspect["Id"])[:12]
    asked_mac = _map(inspect["Config"]).get("MacAddress")
    found: dict[str, Json] = {}
    first = _first(inspect)
    for name, value in _networks(inspect).items():
        end = _map(value)
        kept: Json = {
            "Aliases": [alias for alias in _list(end.get("Aliases")) if alias != short],
            "Links": [_link(link) for link in _list(end.get("Links"))],
            "IPAMConfig": _map(end.get("IPAMConfig")) if name not in OWN_NETWORKS else {},
            "DriverOpts": _map(end.get("DriverOpts")),
            "GwPriority": end.get("GwPriority"),
            "MacAddress": asked_mac if name == first else _lasting_mac(end),
        }
        found[name] = {key: value for key, value in kept.items() if value}
    return found


def _lasting_mac(end: Json) -> str:
    """The MAC address in a further network, unless it was made of the IP address, as older daemons do by themselves."""
    mac, address = str(end.get("MacAddress") or ""), str(end.get("IPAddress") or "")
    made = "02:42:" + ":".join(f"{int(part):02x}" for part in address.split(".")) if address.count(".") == 3 else ""
    return "" if mac == made else mac
