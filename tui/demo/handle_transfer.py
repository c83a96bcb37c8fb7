"""Requests that move images: pull, push, load and import, with their progress."""

import base64
import hashlib
import re

import msgspec
from aiohttp import web

from tui.demo import archive, references, seed_images
from tui.demo.api import Call, Router
from tui.demo.build import encoded
from tui.demo.clock import NS
from tui.demo.errors import ApiError
from tui.demo.handle_images import put_tag
from tui.demo.jsonish import JsonMap, as_map
from tui.demo.layers import Layer, Node, unpack, with_parents
from tui.demo.records import Image
from tui.demo.references import Reference
from tui.demo.seed_images import SEEDS
from tui.demo.world import World

_EXTRA = [
    "ubuntu",
    "debian",
    "node",
    "golang",
    "httpd",
    "mysql",
    "mariadb",
    "memcached",
    "traefik",
    "caddy",
    "registry",
    "hello-world",
    "python",
    "nginx",
]
_TAG = re.compile(r"(v?\d[\w.-]*|latest|alpine|slim|stable|edge|bookworm|trixie|noble|lts)\Z")
_STEPS = 5


def register(router: Router) -> None:
    """Add the routes."""
    router.add("POST", "/images/create", _create)
    router.add("POST", "/images/load", _load)
    router.add("POST", "/images/{name:path}/push", _push)


class Progress:
    """Sends progress messages of one transfer."""

    def __init__(self, world: World, response: web.StreamResponse) -> None:
        self.world = world
        self.response = response

    async def say(self, status: str, id_: str = "", **more: object) -> None:
        """Send a status, of one layer where `id_` is given."""
        body: JsonMap = {"status": status, **({"progressDetail": {}} if id_ else {}), **more}
        await self.response.write(encoded({**body, **({"id": id_} if id_ else {})}))

    async def bar(self, status: str, id_: str, total: int) -> None:
        """Send a layer's progress from nothing to `total` bytes."""
        for step in range(1, _STEPS + 1):
            await self.world.clock.sleep(0.03)
            current = total * step // _STEPS
            done = min(50, 50 * current // max(1, total))
            drawn = (
                f"[{'=' * done}{'>' if done < 50 else ''}{' ' * max(0, 49 - done)}]  {_size(current)}/{_size(total)}"
            )
            await self.say(status, id_, progressDetail={"current": current, "total": total}, progress=drawn)


def _size(count: int) -> str:
    value, units = float(count), iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while value >= 1000:
        value, unit = value / 1000, next(units)
    return f"{value:.4g}{unit}"


def catalog(reference: Reference) -> None:
    """Raise ApiError 404 for a repository or tag that the simulated registries don't have."""
    names = {seed.tag.rsplit(":", 1)[0] for seed in SEEDS} | set(_EXTRA)
    if reference.name not in names:
        raise ApiError(
            404,
            f"pull access denied for {reference.name}, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied",
        )
    if not reference.digest and not _TAG.match(reference.tag or "latest"):
        raise ApiError(404, f"manifest for {reference.tagged} not found: manifest unknown: manifest unknown")


def remote_image(world: World, reference: Reference) -> Image:
    """Return the image that a registry has under a reference: the seeded one, or one made up from the name."""
    tagged = reference.tagged
    seed = next((s for s in SEEDS if s.tag == tagged and not s.dangling), None)
    created = (world.booted_ns // NS - (round(seed.age_days * 86_400) if seed else 5 * 86_400)) * NS
    if seed is not None:
        made = seed_images.built(seed.tag)
        layers, config, history = made.layers, made.config, list(made.history)
    else:
        base = seed_images.built("debian:bookworm-slim")
        name = reference.name.rsplit("/", 1)[-1]
        files = ((f"usr/bin/{name}", 300_000 + seed_images.spread(tagged, 900_000)), (f"etc/{name}/version", 24))
        own = seed_images.build_layer(files, float(seed_images.spread(tagged, 90)))
        layers = (*base.layers, own)
        config = {**base.config, "Cmd": ["bash"]}
        history = [*base.history, {"created_by": f"RUN install {tagged}", "comment": "buildkit.dockerfile.v0"}]
    document = seed_images.document(config, layers, history, created)
    return Image(seed_images.digest(document), document, tuple(layers), created)


async def _create(call: Call) -> web.StreamResponse:
    if call.text("fromSrc"):
        return await _import(call)
    reference = references.parse(call.text("fromImage"))
    tag = call.text("tag")
    if tag.startswith("sha256:"):
        reference = Reference(reference.name, "", tag)
    elif tag:
        reference = references.parse_target(reference.name, tag)
    catalog(reference)
    response = await call.stream()
    await _pull(call.world, reference, Progress(call.world, response))
    return response


async def _pull(world: World, reference: Reference, progress: Progress) -> None:
    image = remote_image(world, reference)
    digest = reference.digest or "sha256:" + hashlib.sha256(reference.tagged.encode()).hexdigest()
    domain, path = references.split_domain(reference.name)
    shown = path if domain == "docker.io" else reference.name
    await progress.say(f"Pulling from {shown}", reference.digest or reference.tag or "latest")
    have = {layer.diff_id for other in world.images.values() for layer in other.layers}
    fresh: list[tuple[str, Layer]] = []
    for layer in image.layers:
        id_ = hashlib.sha256(layer.diff_id.encode()).hexdigest()[:12]
        if layer.diff_id in have:
            await progress.say("Already exists", id_)
        else:
            await progress.say("Pulling fs layer", id_)
            fresh.append((id_, layer))
    for id_, layer in fresh:
        await progress.bar("Downloading", id_, len(layer.tar) // 2)
        await progress.say("Verifying Checksum", id_)
        await progress.say("Download complete", id_)
    for id_, layer in fresh:
        await progress.bar("Extracting", id_, len(layer.tar) // 2)
        await progress.say("Pull complete", id_)
    kept = world.add_image(image)
    tagged = reference.tagged
    newer = world.tags.get(tagged) != kept.id
    if not reference.digest:
        world.tag_image(kept, tagged)
    named = f"{reference.name}@{digest}"
    if named not in kept.digests:
        kept.digests.append(named)
    world.emit_image(kept, "pull", tagged if not reference.digest else named)
    await progress.say(f"Digest: {digest}")
    verb = "Downloaded newer image for" if newer else "Image is up to date for"
    await progress.say(f"Status: {verb} {named if reference.digest else tagged}")


def _password(call: Call) -> str:
    raw = call.request.headers.get("X-Registry-Auth", "")
    try:
        decoded: object = msgspec.json.decode(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except (ValueError, msgspec.DecodeError):
        return ""
    return str(as_map(decoded).get("password", ""))


async def _push(call: Call) -> web.StreamResponse:
    world = call.world
    reference = references.parse(call.params["name"])
    if call.text("tag"):
        reference = references.parse_target(reference.name, call.text("tag"))
    response = await call.stream()
    progress = Progress(world, response)
    await progress.say(f"The push refers to repository [{reference.canonical}]")
    image = world.images.get(world.tags.get(reference.tagged, ""))
    if image is None:
        text = f"An image does not exist locally with the tag: {reference.name}"
        await response.write(encoded({"errorDetail": {"message": text}, "error": text}))
        return response
    ids = [layer.diff_id.removeprefix("sha256:")[:12] for layer in reversed(image.layers)]
    for id_ in ids:
        await progress.say("Preparing", id_)
    if _password(call) == "wrong":
        text = "unauthorized: authentication required"
        await response.write(encoded({"errorDetail": {"message": text}, "error": text}))
        return response
    for id_, layer in zip(ids, reversed(image.layers), strict=True):
        await progress.bar("Pushing", id_, len(layer.tar))
        await progress.say("Pushed", id_)
    digest = "sha256:" + hashlib.sha256(reference.tagged.encode()).hexdigest()
    named = f"{reference.name}@{digest}"
    if named not in image.digests:
        image.digests.append(named)
    size = 500 + 100 * len(ids)
    tag = reference.tag or "latest"
    await progress.say(f"{tag}: digest: {digest} size: {size}")
    world.emit_image(image, "push", reference.tagged)
    await response.write(encoded({"progressDetail": {}, "aux": {"Tag": tag, "Digest": digest, "Size": size}}))
    return response


async def _load(call: Call) -> web.StreamResponse:
    world = call.world
    data = await call.payload()
    response = await call.stream()
    try:
        loaded = archive.load(data)
    except archive.BadArchive as error:
        await response.write(encoded({"errorDetail": {"message": str(error)}, "error": str(error)}))
        return response
    for config, layers, tags in loaded:
        image = world.add_image(Image(seed_images.digest(config), config, layers, world.now()))
        world.emit_image(image, "load", image.id)
        for tagged in tags:
            put_tag(world, image, references.parse(tagged).tagged)
            await response.write(encoded({"stream": f"Loaded image: {tagged}\n"}))
        if not tags:
            await response.write(encoded({"stream": f"Loaded image ID: {image.id}\n"}))
    return response


async def _import(call: Call) -> web.StreamResponse:
    world = call.world
    if call.text("fromSrc") != "-":
        raise ApiError(400, "the demo engine imports only what is sent to it: fromSrc=-")
    nodes: dict[str, Node] = unpack(await call.payload())
    layer, now = Layer(with_parents(nodes)), world.now()
    history: list[JsonMap] = [{"created_by": "", "comment": call.text("message") or "Imported from -"}]
    document = seed_images.document(world.empty_config(), [layer], history, now)
    image = world.add_image(Image(seed_images.digest(document), document, (layer,), now, comment="Imported from -"))
    world.emit_image(image, "import", image.id)
    if call.text("repo"):
        put_tag(world, image, references.parse_target(call.text("repo"), call.text("tag")).tagged)
    response = await call.stream()
    await response.write(encoded({"status": image.id}))
    return response
