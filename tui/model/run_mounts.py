"""The grammar of `--mount` and `--tmpfs`, and the same as the API writes it, there and back."""

import posixpath
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tui.model.run_limits import csv_text, fields_of, parse_size
from tui.model.run_options import InvalidOption

TYPES: Final = ("bind", "volume", "tmpfs", "image", "npipe", "cluster")
PROPAGATIONS: Final = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
RECURSIONS: Final = ("enabled", "disabled", "writable", "readonly")
_SHORT: Final = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
_SWITCHES: Final = ("readonly", "volume-nocopy", "bind-nonrecursive", "bind-create-src")
_TEXTS: Final = (
    "type", "source", "target", "consistency", "bind-propagation", "bind-recursive", "volume-subpath", "volume-driver",
    "image-subpath", "tmpfs-size", "tmpfs-mode",
)  # fmt: skip
_MANY: Final = ("volume-label", "volume-opt")
_PREFIXES: Final = ("bind", "volume", "image", "tmpfs")
_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")


class Mount(msgspec.Struct, frozen=True):
    """One `--mount`: its pairs by their long keys (`source`, `target`, `readonly` …), and the repeated ones."""

    pairs: Mapping[str, str]
    labels: tuple[tuple[str, str], ...] = ()
    driver_options: tuple[tuple[str, str], ...] = ()

    @property
    def type(self) -> str:
        """bind, volume, tmpfs …; a volume where none is written."""
        return self.pairs.get("type", "volume")

    @property
    def source(self) -> str:
        """The host's path or the volume's name; empty for none."""
        return self.pairs.get("source", "")

    @property
    def target(self) -> str:
        """The path in the container."""
        return self.pairs.get("target", "")

    def on(self, key: str) -> bool:
        """Whether a switch is on."""
        return self.pairs.get(key) == "true"


def parse_mount(text: str) -> Mount:
    """Returns the mount of a `--mount type=…,source=…,target=…`. Raises InvalidOption."""
    pairs: dict[str, str] = {}
    labels: list[tuple[str, str]] = []
    driver_options: list[tuple[str, str]] = []
    for written, value in fields_of(text):
        key = _SHORT.get(written, written)
        if key in _MANY:
            name, _, setting = (value or "").partition("=")
            (labels if key == "volume-label" else driver_options).append((name, setting))
        elif key in _SWITCHES:
            pairs[key] = _switch(written, value)
        elif key in _TEXTS:
            if value is None:
                raise InvalidOption(f"{written} needs a value: {written}=…")
            pairs[key] = value.lower() if key in ("type", "bind-propagation", "consistency") else value
        else:
            raise InvalidOption(f"{written!r} is unknown: type, source, target, readonly and the like are known")
    mount = Mount(pairs, tuple(labels), tuple(driver_options))
    _check(mount)
    return mount


def _switch(key: str, value: str | None) -> str:
    if value is None or value in _TRUE:
        return "true"
    if value in _FALSE:
        return "false"
    raise InvalidOption(f"{key} is true or false, not {value!r}")


def _check(mount: Mount) -> None:
    kind = mount.type
    if kind not in TYPES:
        raise InvalidOption(f"the type {kind!r} is unknown: {', '.join(TYPES[:4])} are known")
    if not mount.target:
        raise InvalidOption("the path in the container is missing: target=/path")
    if not mount.target.startswith("/") and kind != "npipe":
        raise InvalidOption(f"the path in the container must be absolute, not {mount.target!r}")
    if not mount.target.strip("/"):
        raise InvalidOption("the container's / cannot be a mount")
    if kind in ("bind", "image", "npipe", "cluster") and not mount.source:
        raise InvalidOption(f"a {kind} needs source=…")
    if kind == "bind" and not mount.source.startswith(("/", ".")):
        raise InvalidOption(f"the host's path must be absolute, or begin with ./, not {mount.source!r}")
    if kind == "tmpfs" and mount.source:
        raise InvalidOption("a tmpfs has no source")
    given = {
        *mount.pairs,
        *(["volume-label"] if mount.labels else []),
        *(["volume-opt"] if mount.driver_options else []),
    }
    for key in given:
        prefix = key.partition("-")[0]
        if prefix in _PREFIXES and "-" in key and prefix != kind:
            raise InvalidOption(f"{key} is not for the type {kind}")
    _check_values(mount.pairs)


def _check_values(pairs: Mapping[str, str]) -> None:
    if (found := pairs.get("bind-propagation")) and found not in PROPAGATIONS:
        raise InvalidOption(f"the propagation {found!r} is unknown: {', '.join(PROPAGATIONS)} are known")
    if (found := pairs.get("bind-recursive")) and found not in RECURSIONS:
        raise InvalidOption(f"bind-recursive is {', '.join(RECURSIONS)}, not {found!r}")
    if pairs.get("bind-recursive") in ("writable", "readonly") and pairs.get("readonly") != "true":
        raise InvalidOption(f"bind-recursive={pairs['bind-recursive']} needs readonly")
    if "tmpfs-size" in pairs:
        parse_size(pairs["tmpfs-size"])
    if "tmpfs-mode" in pairs and not re.fullmatch(r"[0-7]{1,10}", pairs["tmpfs-mode"], re.ASCII):
        raise InvalidOption(f"{pairs['tmpfs-mode']!r} is not an octal mode, such as 1777")


def mount_body(mount: Mount) -> dict[str, object]:
    """Returns the mount as `HostConfig.Mounts` holds it."""
    pairs = mount.pairs
    recursive = pairs.get("bind-recursive", "")
    bind = {
        "Propagation": pairs.get("bind-propagation", ""),
        "NonRecursive": mount.on("bind-nonrecursive") or recursive == "disabled",
        "CreateMountpoint": mount.on("bind-create-src"),
        "ReadOnlyNonRecursive": recursive == "writable",
        "ReadOnlyForceRecursive": recursive == "readonly",
    }
    driver = {"Name": pairs.get("volume-driver", ""), "Options": dict(mount.driver_options)}
    volume = {
        "NoCopy": mount.on("volume-nocopy"),
        "Labels": dict(mount.labels),
        "Subpath": pairs.get("volume-subpath", ""),
        "DriverConfig": _without_empty(driver),
    }
    tmpfs = {
        "SizeBytes": parse_size(pairs["tmpfs-size"]) if "tmpfs-size" in pairs else 0,
        "Mode": int(pairs["tmpfs-mode"], 8) if "tmpfs-mode" in pairs else 0,
    }
    return _without_empty({
        "Type": mount.type,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.on("readonly"),
        "Consistency": pairs.get("consistency", ""),
        "BindOptions": _without_empty(bind),
        "VolumeOptions": _without_empty(volume),
        "ImageOptions": _without_empty({"Subpath": pairs.get("image-subpath", "")}),
        "TmpfsOptions": _without_empty(tmpfs),
    })  # fmt: skip


def _without_empty(found: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in found.items() if value}


class WireDriver(msgspec.Struct, rename="pascal"):
    name: str = ""
    options: dict[str, str] | None = None


class WireBindOptions(msgspec.Struct, rename="pascal"):
    propagation: str = ""
    non_recursive: bool = False
    create_mountpoint: bool = False
    read_only_non_recursive: bool = False
    read_only_force_recursive: bool = False


class WireVolumeOptions(msgspec.Struct, rename="pascal"):
    no_copy: bool = False
    labels: dict[str, str] | None = None
    subpath: str = ""
    driver_config: WireDriver | None = None


class WireImageOptions(msgspec.Struct, rename="pascal"):
    subpath: str = ""


class WireTmpfsOptions(msgspec.Struct, rename="pascal"):
    size_bytes: int = 0
    mode: int = 0


class WireMountSpec(msgspec.Struct, rename="pascal"):
    """One entry of `HostConfig.Mounts`."""

    type: str = ""
    source: str = ""
    target: str = ""
    read_only: bool = False
    consistency: str = ""
    bind_options: WireBindOptions | None = None
    volume_options: WireVolumeOptions | None = None
    image_options: WireImageOptions | None = None
    tmpfs_options: WireTmpfsOptions | None = None


def mount_text(wire: WireMountSpec) -> str:
    """Returns the `--mount` that asks for an entry of `HostConfig.Mounts`."""
    bind = wire.bind_options or WireBindOptions()
    volume = wire.volume_options or WireVolumeOptions()
    driver = volume.driver_config or WireDriver()
    tmpfs = wire.tmpfs_options or WireTmpfsOptions()
    recursive = "writable" if bind.read_only_non_recursive else "readonly" if bind.read_only_force_recursive else ""
    texts: dict[str, Any] = {
        "type": wire.type,
        "source": wire.source,
        "target": wire.target,
        "consistency": wire.consistency,
        "bind-propagation": bind.propagation,
        "bind-recursive": recursive or ("disabled" if bind.non_recursive else ""),
        "volume-subpath": volume.subpath,
        "volume-driver": driver.name,
        "image-subpath": wire.image_options.subpath if wire.image_options else "",
        "tmpfs-size": tmpfs.size_bytes,
        "tmpfs-mode": f"{tmpfs.mode:o}" if tmpfs.mode else "",
    }
    fields = [f"{key}={value}" for key, value in texts.items() if value]
    switches = {"readonly": wire.read_only, "volume-nocopy": volume.no_copy, "bind-create-src": bind.create_mountpoint}
    fields += [key for key, on in switches.items() if on]
    fields += [f"volume-label={key}={value}" for key, value in (volume.labels or {}).items()]
    fields += [f"volume-opt={key}={value}" for key, value in (driver.options or {}).items()]
    return csv_text(fields)


def parse_tmpfs(text: str) -> tuple[str, str]:
    """Returns the path and the options of a `--tmpfs /path[:options]`, such as `/run:size=64m,mode=1777`.

    Raises InvalidOption.
    """
    path, _, options = text.partition(":")
    if not path.startswith("/"):
        raise InvalidOption(f"the path in the container must be absolute, not {path!r}")
    if not path.strip("/"):
        raise InvalidOption("the container's / cannot be a tmpfs")
    for option in filter(None, options.split(",")):
        name, equals, value = option.partition("=")
        if not re.fullmatch(r"[A-Za-z_]+", name):
            raise InvalidOption(f"{option!r} is not an option of a tmpfs, such as size=64m or noexec")
        if name == "size" and equals and not value.endswith("%"):
            parse_size(value)
    return path, options


def absolute_mount(text: str, folder: str) -> str:
    """Returns a `--mount` whose source, where it begins with a dot, counts from `folder`. Raises InvalidOption."""
    mount = parse_mount(text)
    if mount.type != "bind" or not mount.source.startswith("."):
        return text
    source = posixpath.normpath(posixpath.join(folder, mount.source))
    fields = [
        f"source={source}" if _SHORT.get(key, key) == "source" else key if value is None else f"{key}={value}"
        for key, value in fields_of(text)
    ]
    return csv_text(fields)


def absolute_volume(text: str, folder: str) -> str:
    """Returns a `-v` whose source, where it begins with a dot, counts from `folder`."""
    if not text.startswith("."):
        return text
    source, colon, rest = text.partition(":")
    return posixpath.normpath(posixpath.join(folder, source)) + colon + rest
