"""What a daemon says about itself."""

from __future__ import annotations

import msgspec


class Version(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """The part of `GET /version` that hythe shows."""

    version: str
    api_version: str
    min_api_version: str = msgspec.field(default="", name="MinAPIVersion")
    os: str = ""
    arch: str = ""
    kernel_version: str = ""


class Ping(msgspec.Struct, frozen=True, gc=False):
    """The headers of `GET /_ping`; `builder` is "2" where BuildKit is the default builder."""

    api_version: str
    server: str = ""
    builder: str = ""
    is_podman: bool = False
    time_ns: int | None = None
    """The daemon's clock, nanoseconds since the epoch, to the second; None where it did not say."""


class Info(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """The part of `GET /info` that hythe shows. Memory is bytes."""

    id: str = msgspec.field(default="", name="ID")
    """What tells the daemon from others; the same after it was restarted. Podman has none."""
    name: str = ""
    ncpu: int = msgspec.field(default=0, name="NCPU")
    mem_total: int = 0
    driver: str = ""
    operating_system: str = ""
    root_dir: str = msgspec.field(default="", name="DockerRootDir")
    cgroup_version: str = ""
    logging_driver: str = "json-file"
    default_runtime: str = "runc"


class DiskSpace(msgspec.Struct, frozen=True, gc=False):
    """The disk that holds a folder: bytes in all, bytes that are left, and the share of its files that may be made."""

    folder: str
    total: int
    free: int
    inodes: float = 1.0
