"""The grammar of `docker run`'s numbers: sizes, CPUs, durations, ulimits, devices, GPUs, rates of devices."""

import csv
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import msgspec

from tui.model.run_options import InvalidOption

NANO: Final = 1_000_000_000
LEAST_MEMORY: Final = 6 << 20
ULIMITS: Final = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
)  # fmt: skip

_SIZE: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?(?:([kmgtp])i?)?b?", re.IGNORECASE | re.ASCII)
_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNITS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": NANO, "m": 60 * NANO,
                 "h": 3600 * NANO}  # fmt: skip
_CDI: Final = re.compile(r"[A-Za-z][\w.-]*/[A-Za-z][\w-]*=[A-Za-z0-9][\w.:-]*", re.ASCII)
_CPUSET: Final = re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*", re.ASCII)
_CGROUP_RULE: Final = re.compile(r"[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}", re.ASCII)


class Ulimit(msgspec.Struct, frozen=True):
    """One `--ulimit`; -1 is without a limit."""

    name: str
    soft: int
    hard: int


class Device(msgspec.Struct, frozen=True):
    """One `--device`; `host` may end in `*`. One of a container device interface has its name in `host` alone."""

    host: str
    container: str = ""
    permissions: str = "rwm"

    @property
    def is_cdi(self) -> bool:
        """Whether it is named as `vendor.com/class=device`, for the daemon to look up."""
        return not self.container


class GpuRequest(msgspec.Struct, frozen=True):
    """One `--gpus`; a `count` of -1 is all of them."""

    driver: str = ""
    count: int = 0
    devices: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ("gpu",)
    options: tuple[tuple[str, str], ...] = ()


def parse_size(text: str) -> int:
    """Returns the bytes of a size such as `512m`, `1.5GiB` or `1024`, in units of 1024. Raises InvalidOption."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise InvalidOption(f"{text!r} is not a size: write bytes, or 512m, 2g")
    unit = "kmgtp".index(found[2].lower()) + 1 if found[2] else 0
    size = int(Fraction(found[1].rstrip(".") or "0") * 1024**unit)
    if size >= 1 << 63:
        raise InvalidOption(f"{text!r} is more than any machine has")
    return size


def parse_memory(text: str) -> int:
    """Returns the bytes of a memory limit, which a daemon takes from 6 MiB on; 0 is without. Raises InvalidOption."""
    size = parse_size(text)
    if 0 < size < LEAST_MEMORY:
        raise InvalidOption("the least memory is 6m")
    return size


def parse_swap(text: str) -> int:
    """Returns the bytes of memory and swap together; -1 is without a limit. Raises InvalidOption."""
    return -1 if text == "-1" else parse_size(text)


def parse_cpus(text: str) -> int:
    """Returns the billionths of a CPU of a `--cpus` option such as `1.5`. Raises InvalidOption."""
    if not re.fullmatch(r"\d+(?:\.\d*)?|\.\d+|\d+/[1-9]\d*", text, re.ASCII):
        raise InvalidOption(f"{text!r} is not a number of CPUs: write 2, or 0.5")
    nano = Fraction(text.rstrip(".")) * NANO
    if nano.denominator != 1:
        raise InvalidOption(f"{text} is too precise: nine digits behind the point are the most")
    return int(nano)


def parse_duration(text: str) -> int:
    """Returns the nanoseconds of a duration such as `1m30s`, `500ms` or `0`. Raises InvalidOption."""
    if text == "0":
        return 0
    total, at = Fraction(0), 0
    while at < len(text):
        found = _DURATION.match(text, at)
        if found is None:
            break
        total += Fraction(found[1].rstrip(".")) * _UNITS[found[2]]
        at = found.end()
    if not text or at < len(text):
        raise InvalidOption(f"{text!r} is not a duration: write 30s, 500ms or 1m30s")
    if total >= 1 << 63:
        raise InvalidOption(f"{text!r} is too long")
    return int(total)


def parse_health_duration(text: str) -> int:
    """Returns the nanoseconds of a duration of a health check, which is 0 or at least 1ms. Raises InvalidOption."""
    found = parse_duration(text)
    if 0 < found < 10**6:
        raise InvalidOption("the least duration of a health check is 1ms")
    return found


def duration_text(nanoseconds: int) -> str:
    """Returns a duration as people write it: `1m30s`; `parse_duration` gives the same nanoseconds back."""
    if not nanoseconds:
        return "0s"
    pieces: list[str] = []
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        count, nanoseconds = divmod(nanoseconds, _UNITS[unit])
        if count:
            pieces.append(f"{count}{unit}")
    return "".join(pieces)


def size_text(size: int) -> str:
    """Returns bytes as `docker run` takes them, with the greatest unit that loses nothing: `512m`."""
    for unit, letter in ((40, "t"), (30, "g"), (20, "m"), (10, "k")):
        if size and size % (1 << unit) == 0:
            return f"{size >> unit}{letter}"
    return str(size)


def parse_whole(text: str, least: int, most: int = (1 << 63) - 1) -> int:
    """Returns a whole number from `least` to `most`. Raises InvalidOption."""
    if not re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII):
        raise InvalidOption(f"{text!r} is not a whole number")
    number = int(text)
    if not least <= number <= most:
        raise InvalidOption(f"{number} is not from {least} to {most}" if most < 1 << 62 else f"the least is {least}")
    return number


def whole(least: int, most: int = (1 << 63) - 1) -> Callable[[str], int]:
    """Returns the grammar of a whole number within bounds."""
    return lambda text: parse_whole(text, least, most)


def parse_cpuset(text: str) -> str:
    """Returns a `--cpuset-cpus` or `--cpuset-mems`, such as `0-3,5`. Raises InvalidOption."""
    if not _CPUSET.fullmatch(text):
        raise InvalidOption(f"{text!r} is not a set: write 0-3 or 0,1")
    return text


def parse_ulimit(text: str) -> Ulimit:
    """Returns the limit of a `--ulimit name=soft[:hard]`. Raises InvalidOption."""
    name, equals, values = text.partition("=")
    if not equals:
        raise InvalidOption(f"{text!r} is not name=soft:hard, such as nofile=1024:4096")
    if name not in ULIMITS:
        raise InvalidOption(f"there is no ulimit {name!r}: {', '.join(ULIMITS)}")
    soft, colon, hard = values.partition(":")
    low = parse_whole(soft, -1)
    high = parse_whole(hard, -1) if colon else low
    if high != -1 and (low > high or low == -1):
        raise InvalidOption(f"the soft limit {soft} is over the hard one, {hard}")
    return Ulimit(name, low, high)


def _device_mode(text: str) -> bool:
    return bool(text) and len(set(text)) == len(text) and set(text) <= set("rwm")


def parse_device(text: str) -> Device:
    """Returns the device of a `--device`: `/dev/x[:/dev/in-container][:rwm]`, or `vendor.com/class=name`.

    Raises InvalidOption.
    """
    if _CDI.fullmatch(text):
        return Device(text)
    parts = text.split(":")
    if len(parts) > 3 or not parts[0]:
        raise InvalidOption(f"{text!r} is not /dev/x, /dev/x:/dev/y or /dev/x:/dev/y:rwm")
    permissions = "rwm"
    if len(parts) > 1 and _device_mode(parts[-1]):
        permissions = parts.pop()
    elif len(parts) == 3:
        raise InvalidOption(f"{parts[2]!r} is not r, w and m in some order")
    host, container = parts[0], parts[1] if len(parts) == 2 else parts[0]
    for path in (host, container):
        if not path.startswith("/"):
            raise InvalidOption(f"{path!r} is not an absolute path")
    if host.endswith("*") and len(parts) == 2:
        raise InvalidOption("many devices (*) keep their names in the container")
    return Device(host, container, permissions)


def parse_cgroup_rule(text: str) -> str:
    """Returns a `--device-cgroup-rule`, such as `c 188:* rwm`. Raises InvalidOption."""
    if not _CGROUP_RULE.fullmatch(text):
        raise InvalidOption(f"{text!r} is not such as 'c 188:* rwm'")
    return text


def _csv(text: str) -> list[str]:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise InvalidOption(f"its quotes are wrong: {error}") from None
    if len(rows) != 1:
        raise InvalidOption("a value is missing")
    return rows[0]


def fields_of(text: str) -> list[tuple[str, str | None]]:
    """Returns the `key=value` pairs of a text that commas part; a key alone has None. Raises InvalidOption.

    A pair that holds a comma stands in double quotes, which are doubled within it (RFC 4180).
    """
    pairs = (field.partition("=") for field in _csv(text))
    return [(key.strip(), value if equals else None) for key, equals, value in pairs]


def csv_text(fields: list[str]) -> str:
    """Returns the fields with commas between, those in quotes that need them; `fields_of` reads them back."""
    quoted = (f'"{field.replace(chr(34), chr(34) * 2)}"' if re.search(r'[",\n]', field) else field for field in fields)
    return ",".join(quoted)


def parse_gpus(text: str) -> GpuRequest:
    """Returns the request of a `--gpus`: `all`, `2`, `device=0`, `"device=0,2"`, `driver=…,capabilities=…`.

    Raises InvalidOption.
    """
    known: dict[str, str] = {}
    for key, value in fields_of(text):
        if value is None:
            key, value = "count", key
        if key in known:
            raise InvalidOption(f"{key} is given twice")
        if key not in ("count", "driver", "device", "capabilities", "options"):
            raise InvalidOption(
                f"{key!r} is unknown: all, a number, device=, driver=, capabilities= and options= are known"
            )
        known[key] = value
    count = known.get("count", "")
    if count not in ("", "all") and not re.fullmatch(r"-?\d{1,9}", count, re.ASCII):
        raise InvalidOption(f"{count!r} is neither all nor a number of GPUs")
    devices = tuple(known["device"].split(",")) if "device" in known else ()
    number = -1 if count == "all" else int(count or ("0" if devices else "1"))
    if devices and number:
        raise InvalidOption("a number of GPUs and device= exclude each other")
    capabilities = (*known["capabilities"].split(","), "gpu") if "capabilities" in known else ("gpu",)
    options = tuple((key, value or "") for key, value in fields_of(known["options"])) if "options" in known else ()
    return GpuRequest(known.get("driver", ""), number, devices, capabilities, options)


def _device_pair(text: str) -> tuple[str, str]:
    path, colon, value = text.partition(":")
    if not colon or not path.startswith("/dev/"):
        raise InvalidOption(f"{text!r} is not /dev/x:VALUE")
    return path, value


def parse_device_rate(text: str) -> tuple[str, int]:
    """Returns the path and the bytes a second of a `--device-read-bps` or its like. Raises InvalidOption."""
    path, value = _device_pair(text)
    return path, parse_size(value)


def parse_device_count(text: str) -> tuple[str, int]:
    """Returns the path and the operations a second of a `--device-read-iops` or its like. Raises InvalidOption."""
    path, value = _device_pair(text)
    return path, parse_whole(value, 0)


def parse_device_weight(text: str) -> tuple[str, int]:
    """Returns the path and the weight of a `--blkio-weight-device`. Raises InvalidOption."""
    path, value = _device_pair(text)
    return path, parse_weight(value)


def parse_weight(text: str) -> int:
    """Returns a weight, 10 to 1000; 0 is without. Raises InvalidOption."""
    weight = parse_whole(text, 0, 1000)
    if 0 < weight < 10:
        raise InvalidOption("a weight is 10 to 1000")
    return weight
