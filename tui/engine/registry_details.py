"""What a tag of a registry holds, without a pull: for each platform the size, the date and the layers."""

from __future__ import annotations

import asyncio
from typing import Final

from tui.engine.registry import Registry
from tui.model.registry import (
    CONFIG_TYPES,
    Descriptor,
    Manifest,
    RemoteImage,
    RemoteTag,
    WirePlatform,
    entry_for,
    remote_image,
)

MOST_PLATFORMS: Final = 24
AT_ONCE: Final = 4


async def read_tag(registry: Registry, name: str, tag: str, *, most: int = MOST_PLATFORMS) -> RemoteTag:
    """Return what a tag (or a digest) names, of the first `most` platforms. Raises RegistryError, MalformedAnswer.

    Each platform costs two requests, and some registries count the first of them as a pull.
    """
    digest, manifest = await registry.manifest(name, tag)
    if manifest.manifests is None:
        return RemoteTag(tag, digest, (await _image(registry, name, Descriptor(digest), manifest),))
    listed = [each for each in manifest.manifests if each.is_image]
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(descriptor: Descriptor) -> RemoteImage:
        async with limit:
            _, inner = await registry.manifest(name, descriptor.digest)
            return await _image(registry, name, descriptor, inner)

    images = await asyncio.gather(*map(one, listed[:most]))
    return RemoteTag(tag, digest, tuple(images), max(0, len(listed) - most))


async def image_id(registry: Registry, name: str, digest: str, platform: WirePlatform) -> str:
    """Return the ID of the image that a digest names for a platform; "" where it names none, or not just one.

    The ID is the digest of its configuration, as daemons with the classic store have it. It costs a request for a
    manifest, and two for an index; what comes is checked against the digest. Raises RegistryError, MalformedAnswer.
    """
    _, manifest = await registry.manifest(name, digest)
    if manifest.manifests is not None:
        entry = entry_for(manifest.manifests, platform)
        if entry is None:
            return ""
        _, manifest = await registry.manifest(name, entry.digest)
    return manifest.config.digest if manifest.config is not None else ""


async def _image(registry: Registry, name: str, descriptor: Descriptor, manifest: Manifest) -> RemoteImage:
    found = manifest.config
    # an artifact that is no image has a configuration of its own kind, or none
    is_image = found is not None and found.media_type in CONFIG_TYPES
    config = await registry.config(name, found.digest, found.size) if found is not None and is_image else None
    return remote_image(descriptor, manifest, config)
