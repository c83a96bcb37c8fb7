"""Images as the API shows them: list rows, inspect, history, build cache."""

from collections import Counter

from tui.demo.clock import NS, rfc3339
from tui.demo.jsonish import JsonMap
from tui.demo.records import CacheRecord, Image
from tui.demo.world import DATA_ROOT, World


def listed(world: World, *, every: bool = False) -> list[Image]:
    """Return the images that a list shows, newest first: without `every`, no untagged parents of others."""
    parents = {image.parent for image in world.images.values()}
    shown = [i for i in world.images.values() if every or i.tags or i.id not in parents]
    return sorted(shown, key=lambda i: i.created_ns, reverse=True)


def list_row(world: World, image: Image, *, shared: bool = False) -> JsonMap:
    """Return a row of the image list; `shared` works out SharedSize."""
    return {
        "Containers": len(world.users_of(image.id)) if shared else -1,
        "Created": image.created_ns // NS,
        "Id": image.id,
        "Labels": image.run_config.get("Labels"),
        "ParentId": image.parent,
        "RepoDigests": image.digests,
        "RepoTags": image.tags,
        "SharedSize": shared_size(world, image) if shared else -1,
        "Size": image.size,
    }


def shared_size(world: World, image: Image) -> int:
    """Return the bytes of the layers that other images have too."""
    users = Counter(diff_id for other in world.images.values() for diff_id in {layer.diff_id for layer in other.layers})
    return sum(layer.size for layer in image.layers if users[layer.diff_id] > 1)


def inspect(image: Image) -> JsonMap:
    """Return what `/images/{name}/json` answers."""
    config = image.config
    digests = [layer.diff_id for layer in image.layers]
    top = digests[-1].removeprefix("sha256:") if digests else "none"
    folder = f"{DATA_ROOT}/overlay2"
    data = {
        "MergedDir": f"{folder}/{top}/merged",
        "UpperDir": f"{folder}/{top}/diff",
        "WorkDir": f"{folder}/{top}/work",
    }
    if len(digests) > 1:
        data["LowerDir"] = ":".join(f"{folder}/{d.removeprefix('sha256:')}/diff" for d in reversed(digests[:-1]))
    return {
        "Id": image.id,
        "RepoTags": image.tags,
        "RepoDigests": image.digests,
        "Parent": image.parent,
        "Comment": image.comment,
        "Created": rfc3339(image.created_ns),
        "DockerVersion": "",
        "Author": config.get("author", ""),
        "Architecture": "amd64",
        "Os": "linux",
        "Size": image.size,
        "GraphDriver": {"Data": data, "Name": "overlay2"},
        "RootFS": {"Type": "layers", "Layers": digests},
        "Metadata": {"LastTagTime": rfc3339(image.tagged_ns)},
        "Config": image.run_config,
    }


def history(world: World, image: Image) -> list[JsonMap]:
    """Return the steps of an image, newest first, each with the size of its layer."""
    layers = iter(image.layers)
    ids = image.history_ids
    rows: list[JsonMap] = []
    for index, entry in enumerate(image.config["history"]):
        size = 0 if entry.get("empty_layer") else next(layers).size
        known = world.images.get(ids[index]) if index < len(ids) and ids[index] else None
        row_id, tags = (known.id, known.tags or None) if known else ("<missing>", None)
        rows.append(
            {
                "Comment": entry.get("comment", ""),
                "Created": _seconds(entry.get("created", ""), image.created_ns),
                "CreatedBy": entry.get("created_by", ""),
                "Id": row_id,
                "Size": size,
                "Tags": tags,
            }
        )
    rows.reverse()
    if rows:
        rows[0] |= {"Id": image.id, "Tags": image.tags or None}
    return rows


def _seconds(text: str, default_ns: int) -> int:
    from datetime import datetime

    try:
        return int(datetime.fromisoformat(text[:19] + "+00:00").timestamp())
    except ValueError:
        return default_ns // NS


def cache_view(record: CacheRecord) -> JsonMap:
    """Return one record of the build cache."""
    return {
        "ID": record.id,
        **({" Parents": [record.parent]} if record.parent else {}),
        "Type": record.type,
        "Description": record.description,
        "InUse": False,
        "Shared": record.shared,
        "Size": record.size,
        "CreatedAt": rfc3339(record.created_ns),
        "LastUsedAt": rfc3339(record.used_ns),
        "UsageCount": record.uses,
    }
