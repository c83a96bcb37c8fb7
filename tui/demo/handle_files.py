"""Requests about the files of a container: archive (copy in and out), export, and commit."""

import base64
import posixpath
import tarfile

import msgspec
from aiohttp import web

from tui.demo import layers
from tui.demo.api import HEADERS, Call, Router, answer, nothing
from tui.demo.clock import rfc3339
from tui.demo.errors import ApiError
from tui.demo.handle_containers import target
from tui.demo.images_commit import commit
from tui.demo.layers import Node, Tree
from tui.demo.records import Container, Volume
from tui.demo.world import World

MOST_STEPS = 4096
"""Parts of a path that are looked at: links may lead in a circle."""


def register(router: Router) -> None:
    """Add the routes."""
    router.add("HEAD", "/containers/{id}/archive", _stat)
    router.add("GET", "/containers/{id}/archive", _read)
    router.add("PUT", "/containers/{id}/archive", _write)
    router.add("GET", "/containers/{id}/export", _export)
    router.add("POST", "/commit", _commit)


def files_of(world: World, container: Container) -> dict[str, Node]:
    """Return all that the container sees."""
    if container.run is not None:
        container.run.program.lines(container.run.elapsed(world.now()))
    image = world.images.get(container.image_id)
    seen = dict(world.root_of(image.layers)) if image else {}
    for path, node in container.changed.items():
        if node is None:
            seen.pop(path, None)
        else:
            seen[path] = node
    return seen


def _with_volumes(world: World, container: Container, seen: dict[str, Node]) -> dict[str, Node]:
    """Return the same with what is in the volumes, which are mounted for the archive endpoints alone."""
    for mount in container.mounts:
        volume = world.volumes.get(mount.name) if mount.type == "volume" else None
        if volume is not None:
            place = layers.clean(mount.destination)
            seen.setdefault(place, layers.folder())
            seen.update({f"{place}/{path}": node for path, node in volume.files.items()})
    return seen


def _volume_at(world: World, container: Container, key: str) -> tuple[Volume, str] | None:
    """Return the volume that is mounted at a path or above it, and the path inside; None where there is none."""
    for mount in container.mounts:
        place = layers.clean(mount.destination)
        if mount.type == "volume" and f"{key}/".startswith(f"{place}/") and mount.name in world.volumes:
            return world.volumes[mount.name], key[len(place) :].strip("/")
    return None


def _look(call: Call) -> tuple[Container, str, Node, Tree]:
    container = target(call)
    path = call.text("path")
    if not path:
        raise ApiError(400, "bad parameter: path cannot be empty")
    seen = _with_volumes(call.world, container, files_of(call.world, container))
    key = resolve(seen, path, last=False)
    node = seen.get(key)
    if node is None and (not key or any(p.startswith(key + "/") for p in seen)):
        node = layers.folder()
    if node is None:
        raise ApiError(404, f"Could not find the file {path} in container {call.params['id']}")
    return container, key, node, seen


def resolve(seen: Tree, path: str, *, last: bool = True) -> str:
    """Return where a path leads, links in it followed; one at its end only if `last`. They never leave the root."""
    waiting = [part for part in path.split("/") if part not in ("", ".")]
    found: list[str] = []
    for _ in range(MOST_STEPS):
        if not waiting:
            break
        part = waiting.pop(0)
        if part == "..":
            found = found[:-1]
            continue
        node = seen.get("/".join([*found, part]))
        if node is None or node.kind != "link" or not (waiting or last):
            found.append(part)
            continue
        if node.target.startswith("/"):
            found = []
        waiting = [step for step in node.target.split("/") if step not in ("", ".")] + waiting
    return "/".join(found)


def _stat_header(key: str, node: Node, seen: Tree) -> str:
    # Go's os.FileMode: the folder bit is 1<<31, the link bit 1<<27.
    mode = node.mode | {"dir": 1 << 31, "link": 1 << 27}.get(node.kind, 0)
    name = posixpath.basename(key) or "/"
    size = len(node.data) if node.kind == "file" else 4096
    target = f"/{resolve(seen, key)}" if node.kind == "link" else ""
    body = {"name": name, "size": size, "mode": mode, "mtime": rfc3339(node.mtime * 10**9), "linkTarget": target}
    return base64.b64encode(msgspec.json.encode(body)).decode()


async def _stat(call: Call) -> web.StreamResponse:
    _, key, node, seen = _look(call)
    return web.Response(headers={**HEADERS, "X-Docker-Container-Path-Stat": _stat_header(key, node, seen)})


async def _read(call: Call) -> web.StreamResponse:
    container, key, node, seen = _look(call)
    call.world.emit_container(container, "archive-path")
    # a path that ends with a dot means what is in the folder, and its names begin so
    base = "." if call.text("path").endswith("/.") else posixpath.basename(key) or "."
    tree = {base: node}
    prefix = f"{key}/" if key else ""
    if node.kind == "dir":
        tree.update(
            {f"{base}/{p[len(prefix) :]}": n for p, n in sorted(seen.items()) if p.startswith(prefix) and p != key}
        )
    headers = {
        **HEADERS,
        "Content-Type": "application/x-tar",
        "X-Docker-Container-Path-Stat": _stat_header(key, node, seen),
    }
    return web.Response(body=layers.pack(tree), headers=headers)


async def _write(call: Call) -> web.StreamResponse:
    container, key, node, seen = _look(call)
    if node.kind == "link":
        key = resolve(seen, key)
        node = seen.get(key) or layers.folder()
    if node.kind != "dir":
        raise ApiError(400, "extraction point is not a directory")
    if container.host.get("ReadonlyRootfs"):
        raise ApiError(400, "container rootfs is marked read-only")
    try:
        tree = layers.unpack(await call.payload())
    except tarfile.TarError as error:
        raise ApiError(400, f"unable to extract the archive: {error}") from None
    for path, item in tree.items():
        at = f"{key}/{path}" if key else path
        if call.flag("noOverwriteDirNonDir") and at in seen and (seen[at].kind == "dir") != (item.kind == "dir"):
            raise ApiError(400, f"cannot overwrite directory {at} with non-directory, or the other way round")
        found = _volume_at(call.world, container, at)
        if found is None:
            container.changed[at] = item
        else:
            volume, inside = found
            old = volume.files.get(inside)
            volume.size += len(item.data) - (len(old.data) if old else 0)
            volume.files[inside] = item
    call.world.emit_container(container, "extract-to-dir")
    return nothing(200)


async def _export(call: Call) -> web.StreamResponse:
    container = target(call)
    seen = files_of(call.world, container)
    tree = {path: node for path, node in sorted(seen.items()) if not container.mounts_above(path)}
    call.world.emit_container(container, "export")
    return web.Response(body=layers.pack(tree), headers={**HEADERS, "Content-Type": "application/octet-stream"})


async def _commit(call: Call) -> web.StreamResponse:
    world = call.world
    container = world.find_container(call.text("container"))
    config = await call.body(optional=True)
    image = commit(
        world,
        container,
        repo=call.text("repo"),
        tag=call.text("tag"),
        author=call.text("author"),
        comment=call.text("comment"),
        pause=call.flag("pause", default=True),
        lines=[part for value in call.request.query.getall("changes", []) for part in value.split("\n")],
        overrides=config,
    )
    return answer({"Id": image.id}, 201)
