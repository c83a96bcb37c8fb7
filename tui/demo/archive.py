"""Image archives: written as Engine 28 writes them (OCI layout with manifest.json last), read back in either layout."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator

import msgspec

from tui.demo.jsonish import JsonMap, as_list, as_map, as_words
from tui.demo.layers import Layer, Node, add_node, folder, unpack
from tui.demo.records import Image
from tui.demo.references import parse

_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


class BadArchive(Exception):
    """What was sent is no image archive."""


def _manifest(image: Image) -> bytes:
    config = msgspec.json.encode(image.config)
    layers = [{"mediaType": _LAYER_TYPE, "digest": layer.diff_id, "size": len(layer.tar)} for layer in image.layers]
    body = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "config": {"mediaType": _CONFIG_TYPE, "digest": image.id, "size": len(config)},
        "layers": layers,
    }
    return msgspec.json.encode(body)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def save(pairs: list[tuple[Image, list[str]]]) -> Iterator[bytes]:
    """Yield the chunks of an archive of the images, each under the tags given."""
    blobs: dict[str, bytes | Layer] = {}
    docker: list[JsonMap] = []
    index: list[JsonMap] = []
    repositories: dict[str, dict[str, str]] = {}
    for image, tags in pairs:
        manifest = _manifest(image)
        blobs[_sha(manifest)] = manifest
        blobs[image.id.removeprefix("sha256:")] = msgspec.json.encode(image.config)
        for layer in image.layers:
            blobs[layer.diff_id.removeprefix("sha256:")] = layer
        docker.append(_docker_entry(image, tags))
        base: JsonMap = {"mediaType": _MANIFEST_TYPE, "digest": f"sha256:{_sha(manifest)}", "size": len(manifest)}
        for tagged in tags:
            name, _, tag = tagged.rpartition(":")
            names = {
                "io.containerd.image.name": f"{parse(tagged).canonical}:{tag}",
                "org.opencontainers.image.ref.name": tag,
            }
            index.append({**base, "annotations": names})
            top = image.layers[-1].diff_id.removeprefix("sha256:") if image.layers else ""
            repositories.setdefault(name, {})[tag] = top
        if not tags:
            index.append(base)
    yield from _entries(blobs, docker, index, repositories)


def _docker_entry(image: Image, tags: list[str]) -> JsonMap:
    sources = {
        layer.diff_id: {"mediaType": _LAYER_TYPE, "size": len(layer.tar), "digest": layer.diff_id}
        for layer in image.layers
    }
    return {
        "Config": "blobs/" + image.id.replace(":", "/"),
        "RepoTags": tags or None,
        "Layers": ["blobs/" + layer.diff_id.replace(":", "/") for layer in image.layers],
        "LayerSources": sources,
    }


def _entries(
    blobs: dict[str, bytes | Layer],
    docker: list[JsonMap],
    index: list[JsonMap],
    repositories: dict[str, dict[str, str]],
) -> Iterator[bytes]:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:

        def flush() -> bytes:
            data = out.getvalue()
            out.seek(0)
            out.truncate()
            return data

        for name in ("blobs", "blobs/sha256"):
            add_node(tar, name, folder())
        for digest, blob in sorted(blobs.items()):
            add_node(tar, f"blobs/sha256/{digest}", Node(data=blob.tar if isinstance(blob, Layer) else blob))
            yield flush()
        index_body = {"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": index}
        add_node(tar, "index.json", Node(data=msgspec.json.encode(index_body)))
        add_node(tar, "manifest.json", Node(data=msgspec.json.encode(docker)))
        add_node(tar, "oci-layout", Node(data=b'{"imageLayoutVersion": "1.0.0"}'))
        if repositories:
            add_node(tar, "repositories", Node(data=msgspec.json.encode(repositories)))
    yield out.getvalue()


def load(data: bytes) -> list[tuple[JsonMap, tuple[Layer, ...], list[str]]]:
    """Return (config, layers, tags) of each image in an archive; raises BadArchive."""
    try:
        nodes = unpack(data)
        entries = as_list(json.loads(nodes["manifest.json"].data))
        found: list[tuple[JsonMap, tuple[Layer, ...], list[str]]] = []
        for entry in map(as_map, entries):
            config = as_map(json.loads(nodes[str(entry["Config"])].data))
            layers = tuple(Layer(unpack(nodes[path].data)) for path in as_words(entry.get("Layers")))
            found.append((config, layers, as_words(entry.get("RepoTags"))))
    except tarfile.TarError as error:
        raise BadArchive(f"unrecognized image format: {error}") from None
    except (KeyError, ValueError) as error:
        raise BadArchive(f"invalid archive: does not contain a readable manifest.json ({error})") from None
    return found
