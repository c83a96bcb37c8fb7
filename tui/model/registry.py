"""What a registry says of an image: manifests, indexes and configurations (OCI 1.1, Docker schema 2.2)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui.model.times import parse_time

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
ATTESTATION = "attestation-manifest"


class WirePlatform(msgspec.Struct, frozen=True):
    """The platform of an entry of an index."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    @property
    def text(self) -> str:
        """As docker writes it: linux/arm/v7."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """What a manifest says of something else: its digest, and its size in bytes."""

    digest: str
    size: int = 0
    media_type: str = ""
    platform: WirePlatform | None = None
    annotations: dict[str, str] | None = None

    @property
    def is_image(self) -> bool:
        """Whether it is an image, and not what a builder says about one."""
        kind = (self.annotations or {}).get("vnd.docker.reference.type", "")
        return kind != ATTESTATION and (self.platform is None or self.platform.os != "unknown")


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """A manifest, or an index of several: that has `manifests`, the other `config` and `layers`."""

    schema_version: int = 0
    media_type: str = ""
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None
    manifests: list[Descriptor] | None = None

    @property
    def size(self) -> int:
        """The bytes that a pull of all its layers moves, and of its configuration."""
        return sum(each.size for each in (*(self.layers or ()), *((self.config,) if self.config else ())))


def entry_for(manifests: Sequence[Descriptor], wanted: WirePlatform) -> Descriptor | None:
    """Return the entry of an index that a daemon of a platform takes; None where there is none, or more than one is."""
    fits = [each for each in manifests if each.is_image and _fits(each.platform, wanted)]
    # arm64 and arm64/v8 are one: a variant counts where it is there to choose from
    exact = [each for each in fits if each.platform is not None and each.platform.variant == wanted.variant]
    found = exact or fits
    return found[0] if len(found) == 1 else None


def _fits(platform: WirePlatform | None, wanted: WirePlatform) -> bool:
    return platform is not None and (platform.os, platform.architecture) == (wanted.os, wanted.architecture)


class ConfigHistory(msgspec.Struct, frozen=True):
    """An instruction of the image's history; an `empty_layer` has none."""

    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


class RemoteConfig(msgspec.Struct, frozen=True):
    """The part of an image's configuration that is shown."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    created: str = ""
    history: list[ConfigHistory] | None = None


class RemoteLayer(msgspec.Struct, frozen=True):
    """A layer in a registry: its digest, its bytes as they are pulled, and the instruction that made it."""

    digest: str
    size: int
    made_by: str = ""


class RemoteImage(msgspec.Struct, frozen=True):
    """An image in a registry for one platform. Sizes are bytes as pulled, `created` seconds since the epoch or 0."""

    platform: str
    digest: str
    size: int
    created: float = 0.0
    layers: tuple[RemoteLayer, ...] = ()


class RemoteTag(msgspec.Struct, frozen=True):
    """What a tag names: the digest of a manifest or of an index, and the image for each platform.

    `left_out` counts the platforms that were not looked at.
    """

    tag: str
    digest: str
    images: tuple[RemoteImage, ...] = ()
    left_out: int = 0


def remote_image(descriptor: Descriptor, manifest: Manifest, config: RemoteConfig | None) -> RemoteImage:
    """Return the image that a manifest and its configuration make."""
    platform = descriptor.platform
    if (platform is None or not platform.text) and config is not None:
        platform = WirePlatform(config.os, config.architecture, config.variant)
    made = [entry for entry in (config.history if config else None) or () if not entry.empty_layer]
    layers = manifest.layers or []
    words = [entry.created_by or entry.comment for entry in made] if len(made) == len(layers) else [""] * len(layers)
    return RemoteImage(
        platform.text if platform else "",
        descriptor.digest,
        manifest.size,
        float(parse_time(config.created) or 0) if config else 0.0,
        tuple(RemoteLayer(layer.digest, layer.size, text) for layer, text in zip(layers, words, strict=True)),
    )


def problem_of(manifest: Manifest) -> str | None:
    """Return why what was read is no manifest that can be shown, or None."""
    if manifest.schema_version == 1:
        return "it is in the format of 2015 (schema 1), which registries and daemons have given up"
    every = [*(manifest.layers or ()), *(manifest.manifests or ()), *((manifest.config,) if manifest.config else ())]
    if any(each.size < 0 for each in every):
        return "it tells of a size below zero"
    if manifest.manifests is None and manifest.layers is None:
        return "it names neither layers nor other manifests"
    return None
