"""What a tag of a registry holds, without a pull: for each platform the size, the date and the layers."""

from __future__ import annotations

import asyncio
from typing import Final

from tui.engine.registry import Registry
from tui.model.registry import CONFIG_TYPES, Descriptor, Manifest, RemoteImage, RemoteTag, remote_image

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


async def _image(registry: Registry, name: str, descriptor: Descriptor, manifest: Manifest) -> RemoteImage:
    found = manifest.config
    # an artifact that is no image has a configuration of its own kind, or none
    is_image = found is not None and found.media_type in CONFIG_TYPES
    config = await registry.config(name, found.digest, found.size) if found is not None and is_image else None
    return remote_image(descriptor, manifest, config)
