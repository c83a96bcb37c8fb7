"""Requests about images that answer at once: list, inspect, history, tag, remove, prune, search, archives."""

from aiohttp import web

from tui.demo import archive, images_view, listing, references
from tui.demo.api import HEADERS, Call, Router, answer, nothing
from tui.demo.errors import ApiError
from tui.demo.jsonish import JsonMap
from tui.demo.records import Image
from tui.demo.seed_images import SEEDS, spread
from tui.demo.world import World

_CACHE_FILTERS = ("until", "id", "parent", "type", "description", "inuse", "shared", "private")


def register(router: Router) -> None:
    """Add the routes."""
    router.add("GET", "/images/json", _list)
    router.add("GET", "/images/search", _search)
    router.add("GET", "/images/get", _get)
    router.add("POST", "/images/prune", _prune)
    router.add("POST", "/build/prune", _prune_cache)
    router.add("GET", "/images/{name:path}/json", _inspect)
    router.add("GET", "/images/{name:path}/history", _history)
    router.add("GET", "/images/{name:path}/get", _get)
    router.add("POST", "/images/{name:path}/tag", _tag)
    router.add("DELETE", "/images/{name:path}", _remove)
    router.add("GET", "/distribution/{name:path}/json", _distribution)


async def _list(call: Call) -> web.StreamResponse:
    found = listing.images(call.world, call.filters(*listing.IMAGE_FILTERS), every=call.flag("all"))
    shared = call.flag("shared-size")
    return answer([images_view.list_row(call.world, image, shared=shared) for image in found])


async def _inspect(call: Call) -> web.StreamResponse:
    return answer(images_view.inspect(call.world.find_image(call.params["name"])))


async def _history(call: Call) -> web.StreamResponse:
    return answer(images_view.history(call.world, call.world.find_image(call.params["name"])))


async def _tag(call: Call) -> web.StreamResponse:
    image = call.world.find_image(call.params["name"])
    if call.text("repo"):
        put_tag(call.world, image, references.parse_target(call.text("repo"), call.text("tag")).tagged)
    return nothing(201)


def put_tag(world: World, image: Image, tagged: str) -> None:
    """Tag an image and tell it."""
    world.tag_image(image, tagged)
    world.emit_image(image, "tag", tagged)


async def _remove(call: Call) -> web.StreamResponse:
    return answer(remove(call.world, call.params["name"], force=call.flag("force"), prune=not call.flag("noprune")))


def remove(world: World, ref: str, *, force: bool, prune: bool) -> list[JsonMap]:
    """Untag or delete an image; return the answer's entries; raises ApiError 404 or 409."""
    image = world.find_image(ref)
    by_id = image.id.removeprefix("sha256:").startswith(ref.removeprefix("sha256:")) and ref not in image.tags
    users = world.users_of(image.id)
    short = image.id.removeprefix("sha256:")[:12]
    if by_id:
        if len(image.tags) > 1 and not force:
            text = f"conflict: unable to delete {short} (must be forced)"
            raise ApiError(409, f"{text} - image is referenced in multiple repositories")
        _refuse_in_use(world, image, short, force=force)
        return _untag(world, image, list(image.tags)) + (_delete(world, image, prune=prune))
    tagged = references.parse(ref).tagged
    if tagged not in image.tags:
        tagged = image.tags[0]
    if len(image.tags) == 1 and users and not force:
        shown = users[0].id[:12]
        raise ApiError(
            409,
            f'conflict: unable to remove repository reference "{ref}" (must force) - container {shown} is using its '
            f"referenced image {short}",
        )
    entries = _untag(world, image, [tagged])
    if not image.tags and not users:
        entries += _delete(world, image, prune=prune)
    return entries


def _refuse_in_use(world: World, image: Image, short: str, *, force: bool) -> None:
    users = world.users_of(image.id)
    running = next((c for c in users if c.running), None)
    if running is not None:
        raise ApiError(
            409,
            f"conflict: unable to delete {short} (cannot be forced) - "
            f"image is being used by running container {running.id[:12]}",
        )
    if users and not force:
        raise ApiError(
            409,
            f"conflict: unable to delete {short} (must be forced) - "
            f"image is being used by stopped container {users[0].id[:12]}",
        )
    if any(other.parent == image.id for other in world.images.values()):
        raise ApiError(409, f"conflict: unable to delete {short} (cannot be forced) - image has dependent child images")


def _untag(world: World, image: Image, tags: list[str]) -> list[JsonMap]:
    entries: list[JsonMap] = []
    for tagged in tags:
        image.tags.remove(tagged)
        world.tags.pop(tagged, None)
        entries.append({"Untagged": tagged})
        world.emit_image(image, "untag", image.id)
    if not image.tags:
        entries += [{"Untagged": digest} for digest in image.digests]
        image.digests = []
    world.touch_users(image)
    return entries


def _delete(world: World, image: Image, *, prune: bool) -> list[JsonMap]:
    entries: list[JsonMap] = []
    current: Image | None = image
    while current is not None:
        del world.images[current.id]
        entries.append({"Deleted": current.id})
        world.emit_image(current, "delete", current.id)
        parent = world.images.get(current.parent) if prune else None
        current = None
        if parent is None or parent.tags or world.users_of(parent.id):
            continue
        if not any(other.parent == parent.id for other in world.images.values()):
            current = parent
    kept = {layer.diff_id for other in world.images.values() for layer in other.layers}
    entries += [{"Deleted": layer.diff_id} for layer in reversed(image.layers) if layer.diff_id not in kept]
    return entries


async def _prune(call: Call) -> web.StreamResponse:
    world, filters = call.world, call.filters("dangling", "label", "label!", "until")
    every = (filters.get("dangling") or ["true"])[0] in ("false", "0")
    ages = {key: value for key, value in filters.items() if key != "dangling"}
    entries: list[JsonMap] = []
    freed = 0
    for image in listing.images(world, ages, every=False):
        if world.users_of(image.id) or (image.tags and not every) or image.id not in world.images:
            continue
        before = sum({layer.diff_id: layer.size for i in world.images.values() for layer in i.layers}.values())
        entries += _untag(world, image, list(image.tags)) + _delete(world, image, prune=True)
        freed += before - sum({layer.diff_id: layer.size for i in world.images.values() for layer in i.layers}.values())
    world.emit("image", "prune", "", {"reclaimed": str(freed)})
    return answer({"ImagesDeleted": entries or None, "SpaceReclaimed": freed})


async def _prune_cache(call: Call) -> web.StreamResponse:
    world, wanted = call.world, call.filters(*_CACHE_FILTERS).get("id", [])
    if len(wanted) > 1:
        raise ApiError(400, "filters expect only one value")
    records = world.cache
    if wanted:
        needed = {record.parent for record in records.values()}
        found = [record for id, record in records.items() if wanted[0] in id and id not in needed]
    else:
        found = list(records.values())
        world.build_steps.clear()
    freed, ids = sum(record.size for record in found), [record.id for record in found]
    for record in found:
        del records[record.id]
    world.emit("builder", "prune", "", {"reclaimed": str(freed)})
    return answer({"CachesDeleted": ids or None, "SpaceReclaimed": freed})


async def _search(call: Call) -> web.StreamResponse:
    term = call.text("term")
    if not term:
        raise ApiError(400, "invalid search term: term is empty")
    limit = call.number("limit") or 25
    names = {seed.tag.rsplit(":", 1)[0] for seed in SEEDS} | {f"{n}/{term}" for n in ("bitnami", "linuxserver", "acme")}
    hits = sorted(name for name in names if term.lower() in name and name.count(".") == 0)
    rows = [
        {
            "description": f"Official image of {name}" if "/" not in name else f"{name}, packaged by its maintainers",
            "is_automated": False,
            "is_official": "/" not in name,
            "name": name,
            "star_count": spread(name, 9_000),
        }
        for name in hits
    ]
    return answer(sorted(rows, key=lambda row: -int(str(row["star_count"])))[:limit])


async def _get(call: Call) -> web.StreamResponse:
    world = call.world
    names = [call.params["name"]] if "name" in call.params else call.request.query.getall("names", [])
    if not names:
        raise ApiError(400, "no images specified")
    pairs: list[tuple[Image, list[str]]] = []
    for name in names:
        try:
            image = world.find_image(name)
        except ApiError:
            raise ApiError(404, f"No such image: {name}") from None
        plain = not image.id.removeprefix("sha256:").startswith(name.removeprefix("sha256:"))
        pairs.append((image, [references.parse(name).tagged] if plain and "@" not in name else []))
        world.emit_image(image, "save", image.id)
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "application/x-tar"})
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    for chunk in archive.save(pairs):
        await response.write(chunk)
    return response


async def _distribution(call: Call) -> web.StreamResponse:
    reference = references.parse(call.params["name"])
    for image in call.world.images.values():
        for known in image.digests:
            if reference.tagged in image.tags and known.startswith(reference.name + "@"):
                media = "application/vnd.oci.image.index.v1+json"
                descriptor = {"mediaType": media, "digest": known.partition("@")[2], "size": 9_532}
                return answer({"Descriptor": descriptor, "Platforms": [{"architecture": "amd64", "os": "linux"}]})
    raise ApiError(403, f"no basic auth credentials for {reference.canonical}")
