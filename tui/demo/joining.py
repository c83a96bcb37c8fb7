"""Containers in the network of another one or of the host, whose names they take over."""

from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap
from tui.demo.records import Container
from tui.demo.world import HOST_NAME, World

_ANOTHER = "container:"


def check_names(host: JsonMap, hostname: str) -> None:
    """Raise ApiError 400 for a host name that is asked for where there is another one's already."""
    for key, mode, words in (("UTSMode", "host", "the UTS mode"), ("NetworkMode", _ANOTHER, "the network mode")):
        if hostname and str(host.get(key)).startswith(mode):
            raise ApiError(400, f"conflicting options: hostname and {words}")


def resolve(world: World, host: JsonMap) -> None:
    """Write the ID of the container whose network is to be joined in the place of its name; one may come later."""
    mode = str(host["NetworkMode"])
    if mode.startswith(_ANOTHER):
        try:
            host["NetworkMode"] = _ANOTHER + world.find_container(mode.removeprefix(_ANOTHER)).id
        except ApiError as error:
            if error.status != 404:
                raise


def first_name(host: JsonMap, id_: str) -> str:
    """Return the host name of a new container that asks for none."""
    return HOST_NAME if host["NetworkMode"] == "host" else id_[:12]


def take_names(world: World, container: Container) -> None:
    """Take over the names of the container whose network is joined; raises ApiError 409 and 500."""
    mode = str(container.host.get("NetworkMode"))
    if not mode.startswith(_ANOTHER):
        return
    try:
        other = world.find_container(mode.removeprefix(_ANOTHER))
    except ApiError as error:
        raise ApiError(500, f"joining network namespace of container: {error.message}") from None
    if not other.running:
        words = f"container {other.name} is {other.state}"
        raise ApiError(409, f"cannot join network namespace of a non running container: {words}")
    for key in ("Hostname", "Domainname"):
        container.config[key] = other.config[key]
