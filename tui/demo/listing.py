"""Which objects a list shows: the daemon's filters for containers and images."""

import fnmatch
import re
from collections.abc import Sequence

from tui.demo.clock import NS
from tui.demo.errors import ApiError
from tui.demo.events import Filters
from tui.demo.images_view import listed
from tui.demo.jsonish import as_map
from tui.demo.records import Container, Image
from tui.demo.world import World

CONTAINER_FILTERS = [
    "ancestor",
    "before",
    "expose",
    "exited",
    "health",
    "id",
    "isolation",
    "is-task",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
]
IMAGE_FILTERS = ["before", "dangling", "label", "label!", "reference", "since", "until"]
_ID_LENGTH = 64
_STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def containers(world: World, filters: Filters, *, every: bool) -> list[Container]:
    """Return the containers to list, newest first; raises ApiError 400 for a bad filter value."""
    for state in filters.get("status", ()):
        if state not in _STATES:
            raise ApiError(
                400,
                f"invalid filter 'status={state}': invalid value for state ({state}): "
                f"must be one of {', '.join(_STATES)}",
            )
    found = world.newest_first()
    if not filters:
        return found if every else [c for c in found if c.running or c.state == "restarting"]
    if "id" in filters and all(len(id_) == _ID_LENGTH for id_ in filters["id"]):
        found = [world.containers[id_] for id_ in dict.fromkeys(filters["id"]) if id_ in world.containers]
    bounds = {key: [world.find_container(ref) for ref in filters.get(key, ())] for key in ("before", "since")}
    every = every or "status" in filters or "exited" in filters
    return [
        c
        for c in found
        if (every or c.running or c.state == "restarting")
        and all(c.created_ns < b.created_ns for b in bounds["before"])
        and all(c.created_ns > b.created_ns for b in bounds["since"])
        and all(_passes(world, c, key, values) for key, values in filters.items())
    ]


def _passes(world: World, container: Container, key: str, wanted: Sequence[str]) -> bool:
    match key:
        case "id":
            return any(container.id.startswith(v) for v in wanted)
        case "name":
            return any(_name_matches(container.name, v) for v in wanted)
        case "label":
            return has_labels(container.labels, list(wanted))
        case "status":
            return container.state in wanted
        case "exited":
            return container.state == "exited" and str(container.exit_code) in wanted
        case "health":
            return (container.health.status if container.health else "none") in wanted
        case "ancestor":
            return any(_made_from(world, container, v) for v in wanted)
        case "volume":
            return any(v in (m.name, m.destination, m.source) for m in container.mounts for v in wanted)
        case "network":
            return any(
                v == name or (v and e.network_id.startswith(v))
                for name, e in container.networks.items()
                for v in wanted
            )
        case "publish" | "expose":
            ports = (
                container.ports
                if key == "publish"
                else {**container.ports, **as_map(container.config.get("ExposedPorts"))}
            )
            return any(p.split("/")[0] == v.split("/")[0] for p in ports for v in wanted)
        case _:
            return True


def _name_matches(name: str, wanted: str) -> bool:
    try:
        pattern = re.compile(wanted)
    except re.error:
        return wanted.removeprefix("/") == name
    return bool(pattern.search(name) or pattern.search(f"/{name}"))


def _made_from(world: World, container: Container, ref: str) -> bool:
    try:
        image = world.find_image(ref)
    except ApiError:
        return container.image_ref == ref
    own = world.images.get(container.image_id)
    if own is None:
        return False
    return own is image or own.layers[: len(image.layers)] == image.layers


def has_labels(labels: dict[str, str], wanted: list[str]) -> bool:
    """Return whether every `key` or `key=value` is among the labels."""
    for item in wanted:
        key, equals, value = item.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def prunable(world: World, container: Container, filters: Filters) -> bool:
    """Return whether a prune with these filters takes the container."""
    return pruned(container.labels, container.created_ns, world.now(), filters)


def pruned(labels: dict[str, str], created_ns: int, now_ns: int, filters: Filters) -> bool:
    """Return whether labels and age pass the filters of a prune; raises ApiError 400 for a bad `until`."""
    if not has_labels(labels, list(filters.get("label", ()))):
        return False
    if any(has_labels(labels, [item]) for item in filters.get("label!", ())):
        return False
    return all(created_ns < until_ns(value, now_ns) for value in filters.get("until", ()))


def until_ns(value: str, now_ns: int) -> int:
    """Return the moment that `until` names: an age such as 24h30m, or seconds since the epoch; raises ApiError 400."""
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return round(float(value) * NS)
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s)", value)
    if not parts or "".join(n + u for n, u in parts) != value:
        raise ApiError(400, f"invalid filter 'until={value}'")
    seconds = sum(float(number) * {"h": 3600, "m": 60, "s": 1, "ms": 0.001}[unit] for number, unit in parts)
    return now_ns - round(seconds * NS)


def images(world: World, filters: Filters, *, every: bool) -> list[Image]:
    """Return the images to list, newest first; raises ApiError."""
    bounds = {key: [world.find_image(ref) for ref in filters.get(key, ())] for key in ("before", "since")}
    dangling = filters.get("dangling", ())
    found: list[Image] = []
    for image in listed(world, every=every):
        labels: dict[str, str] = image.run_config.get("Labels") or {}
        if dangling and (dangling[0] in ("true", "1")) == bool(image.tags):
            continue
        if not pruned(
            labels,
            image.created_ns,
            world.now(),
            {k: v for k, v in filters.items() if k in ("label", "label!", "until")},
        ):
            continue
        if not all(image.created_ns < b.created_ns for b in bounds["before"]):
            continue
        if not all(image.created_ns > b.created_ns for b in bounds["since"]):
            continue
        if "reference" in filters and not any(_referenced(tag, p) for tag in image.tags for p in filters["reference"]):
            continue
        found.append(image)
    return found


def _referenced(tag: str, pattern: str) -> bool:
    name = tag.rpartition(":")[0]
    if tag.count("/") != pattern.count("/"):
        return False
    return fnmatch.fnmatchcase(tag, pattern) or fnmatch.fnmatchcase(name, pattern)
