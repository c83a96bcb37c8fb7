"""Links between containers: the further names that they give, and that what is linked to must run."""

from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap, as_words
from tui.demo.records import Container
from tui.demo.world import World


def make_links(world: World, container: Container) -> None:
    """Find what a new container links to; raises ApiError 404."""
    for text in as_words(container.host.get("Links")):
        name, _, alias = text.partition(":")
        try:
            target = world.find_container(name)
        except ApiError as error:
            raise ApiError(400, f"could not get container for {name}: {error.message}") from None
        container.links.append((target.id, alias.rpartition("/")[2] or target.name))
        target.linked_by.append(container.id)
        target.touch()


def host_with_links(world: World, container: Container) -> JsonMap:
    """Return the host configuration with the links by the names that the containers have now."""
    if not container.links:
        return container.host
    known = [(world.containers[id], alias) for id, alias in container.links if id in world.containers]
    return {**container.host, "Links": [f"/{c.name}:/{container.name}/{alias}" for c, alias in known] or None}


def names_of(world: World, container: Container) -> list[str]:
    """Return the container's own name and those that links to it give it."""
    given = {
        f"/{other.name}/{alias}"
        for other in (world.containers[id] for id in container.linked_by if id in world.containers)
        for id, alias in other.links
        if id == container.id
    }
    return [*sorted(given), f"/{container.name}"]


def touch_linked(world: World, container: Container) -> None:
    """Drop the cached rows of what a container links to: they show names that it gives."""
    for id, _ in container.links:
        if id in world.containers:
            world.containers[id].touch()


def check_running(world: World, container: Container) -> None:
    """Raise ApiError 500 when something that it links to does not run."""
    for id, alias in container.links:
        target = world.containers.get(id)
        if target is not None and not target.running:
            raise ApiError(500, f"Cannot link to a non running container: /{target.name} AS /{container.name}/{alias}")
