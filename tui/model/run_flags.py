"""The table of `docker run`'s options: how each is spelled, how often it may stand, and what its value must be."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final, Literal

import msgspec

from tui.model.reference import check_container_name
from tui.model.run_limits import (
    parse_cgroup_rule,
    parse_cpus,
    parse_cpuset,
    parse_device,
    parse_device_count,
    parse_device_rate,
    parse_device_weight,
    parse_gpus,
    parse_health_duration,
    parse_memory,
    parse_size,
    parse_swap,
    parse_ulimit,
    parse_weight,
    whole,
)
from tui.model.run_mounts import parse_mount, parse_tmpfs
from tui.model.run_network import (
    parse_address,
    parse_domain,
    parse_extra_host,
    parse_hostname,
    parse_ip4,
    parse_ip6,
    parse_link,
    parse_mac,
    parse_network,
)
from tui.model.run_options import (
    check_env,
    check_expose,
    check_label,
    check_port,
    check_restart,
    check_volume,
    checker,
)

Check = Callable[[str], str | None]
Kind = Literal["switch", "either", "text", "list"]
"""Given or not; given as true or as false, which both say something; one value, the last one; any number of values."""

PULL_POLICIES: Final = ("missing", "always", "never")
CAPABILITIES: Final = (
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN",
    "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
    "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT",
    "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
    "WAKE_ALARM",
)  # fmt: skip
"""Of Linux 6; without their CAP_."""

_INT: Final = whole(-(1 << 63))


class Flag(msgspec.Struct, frozen=True):
    """One option. `short` is its letter, `others` what else it is called; `check` tells what is wrong with a value."""

    name: str
    kind: Kind
    short: str = ""
    others: tuple[str, ...] = ()
    check: Check | None = None

    @property
    def spelling(self) -> str:
        """How a line written here spells it: the letter where people do."""
        return f"-{self.short}" if self.short and self.name not in ("hostname", "cpu-shares") else f"--{self.name}"

    @property
    def takes_value(self) -> bool:
        """Whether a value belongs to it."""
        return self.kind in ("text", "list")


def _one_of(*known: str) -> Check:
    return lambda text: None if text in known else f"{text!r} is none of {', '.join(known)}"


def _check_workdir(text: str) -> str | None:
    return None if text.startswith("/") else f"{text!r} is not absolute"


def _check_path(text: str) -> str | None:
    return None if text.strip() and "\0" not in text else "the path of a file is missing"


def _check_pair(text: str) -> str | None:
    key, equals, _ = text.partition("=")
    return None if key.strip() and equals else f"{text!r} is not KEY=VALUE"


def _check_key(text: str) -> str | None:
    return None if text.partition("=")[0].strip() else f"the name is missing in {text!r}: write KEY=VALUE"


def _check_capability(text: str) -> str | None:
    name = text.strip().upper().removeprefix("CAP_")
    if name == "ALL" or name in CAPABILITIES:
        return None
    near = get_close_matches(name, CAPABILITIES, 1)
    return f"there is no capability {text!r}" + (f": {near[0]}?" if near else ": ALL is all of them")


def _check_security(text: str) -> str | None:
    name = re.split(r"[=:]", text, maxsplit=1)[0]
    if text == "no-new-privileges" or (name and re.search(r"[=:]", text)):
        return None
    return f"{text!r} is not such as no-new-privileges, apparmor=unconfined, seccomp=unconfined or label=disable"


def _check_platform(text: str) -> str | None:
    good = re.fullmatch(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+){0,2}", text)
    return None if good else f"{text!r} is not a platform, such as linux/arm64"


def _check_signal(text: str) -> str | None:
    if text.isdecimal():
        return None if len(text) < 5 and 0 < int(text) < 65 else "a signal's number is 1 to 64"
    return None if re.fullmatch(r"(?i)(SIG)?[A-Z][A-Z0-9]*([+-]\d+)?", text) else f"{text!r} is not a signal"


def _check_sharing(*own: str) -> Check:
    def check(text: str) -> str | None:
        if text in own or re.fullmatch(r"container:.+", text):
            return None
        return f"{text!r} is none of {', '.join(own)}, container:NAME"

    return check


def _check_volumes_from(text: str) -> str | None:
    name, _, mode = text.partition(":")
    if not name:
        return "the container's name is missing"
    return None if mode in ("", "ro", "rw", "z", "Z") else f"{mode!r} is neither ro nor rw"


def _check_streams(text: str) -> str | None:
    return None if text.lower() in ("stdin", "stdout", "stderr") else f"{text!r} is none of stdin, stdout, stderr"


def _check_plain(text: str) -> str | None:
    return "a NUL cannot be part of it" if "\0" in text else None


_health = checker(parse_health_duration)
_integer = checker(_INT)
_positive = checker(whole(0))

_TABLE: Final = (
    Flag("detach", "switch", "d"),
    Flag("interactive", "switch", "i"),
    Flag("tty", "switch", "t"),
    Flag("rm", "switch"),
    Flag("name", "text", check=check_container_name),
    Flag("attach", "list", "a", check=_check_streams),
    Flag("restart", "text", check=check_restart),
    Flag("pull", "text", check=_one_of(*PULL_POLICIES)),
    Flag("platform", "text", check=_check_platform),
    Flag("entrypoint", "text", check=_check_plain),
    Flag("workdir", "text", "w", check=_check_workdir),
    Flag("user", "text", "u", check=_check_plain),
    Flag("group-add", "list", check=_check_plain),
    Flag("init", "either"),
    Flag("stop-signal", "text", check=_check_signal),
    Flag("stop-timeout", "text", check=checker(whole(-1, 1 << 31))),
    Flag("publish-all", "switch", "P"),
    Flag("publish", "list", "p", check=check_port),
    Flag("expose", "list", check=check_expose),
    Flag("network", "list", others=("net",), check=checker(parse_network)),
    Flag("network-alias", "list", others=("net-alias",), check=_check_plain),
    Flag("hostname", "text", "h", check=checker(parse_hostname)),
    Flag("domainname", "text", check=checker(parse_hostname)),
    Flag("ip", "text", check=checker(parse_ip4)),
    Flag("ip6", "text", check=checker(parse_ip6)),
    Flag("link-local-ip", "list", check=checker(parse_address)),
    Flag("mac-address", "text", check=checker(parse_mac)),
    Flag("dns", "list", check=checker(parse_address)),
    Flag("dns-search", "list", check=checker(parse_domain)),
    Flag("dns-option", "list", others=("dns-opt",), check=_check_plain),
    Flag("add-host", "list", check=checker(parse_extra_host)),
    Flag("link", "list", check=checker(parse_link)),
    Flag("env", "list", "e", check=check_env),
    Flag("env-file", "list", check=_check_path),
    Flag("volume", "list", "v", check=check_volume),
    Flag("mount", "list", check=checker(parse_mount)),
    Flag("tmpfs", "list", check=checker(parse_tmpfs)),
    Flag("volumes-from", "list", check=_check_volumes_from),
    Flag("volume-driver", "text", check=_check_plain),
    Flag("read-only", "switch"),
    Flag("shm-size", "text", check=checker(parse_size)),
    Flag("storage-opt", "list", check=_check_pair),
    Flag("memory", "text", "m", check=checker(parse_memory)),
    Flag("memory-reservation", "text", check=checker(parse_size)),
    Flag("memory-swap", "text", check=checker(parse_swap)),
    Flag("memory-swappiness", "text", check=checker(whole(-1, 100))),
    Flag("kernel-memory", "text", check=checker(parse_size)),
    Flag("oom-kill-disable", "switch"),
    Flag("oom-score-adj", "text", check=checker(whole(-1000, 1000))),
    Flag("cpus", "text", check=checker(parse_cpus)),
    Flag("cpu-shares", "text", "c", check=_positive),
    Flag("cpu-period", "text", check=_positive),
    Flag("cpu-quota", "text", check=_integer),
    Flag("cpu-rt-period", "text", check=_positive),
    Flag("cpu-rt-runtime", "text", check=_positive),
    Flag("cpuset-cpus", "text", check=checker(parse_cpuset)),
    Flag("cpuset-mems", "text", check=checker(parse_cpuset)),
    Flag("pids-limit", "text", check=checker(whole(-1))),
    Flag("ulimit", "list", check=checker(parse_ulimit)),
    Flag("blkio-weight", "text", check=checker(parse_weight)),
    Flag("blkio-weight-device", "list", check=checker(parse_device_weight)),
    Flag("device-read-bps", "list", check=checker(parse_device_rate)),
    Flag("device-write-bps", "list", check=checker(parse_device_rate)),
    Flag("device-read-iops", "list", check=checker(parse_device_count)),
    Flag("device-write-iops", "list", check=checker(parse_device_count)),
    Flag("gpus", "list", check=checker(parse_gpus)),
    Flag("device", "list", check=checker(parse_device)),
    Flag("device-cgroup-rule", "list", check=checker(parse_cgroup_rule)),
    Flag("health-cmd", "text", check=_check_plain),
    Flag("health-interval", "text", check=_health),
    Flag("health-timeout", "text", check=_health),
    Flag("health-retries", "text", check=checker(whole(0, 1 << 31))),
    Flag("health-start-period", "text", check=_health),
    Flag("health-start-interval", "text", check=_health),
    Flag("no-healthcheck", "switch"),
    Flag("privileged", "switch"),
    Flag("cap-add", "list", check=_check_capability),
    Flag("cap-drop", "list", check=_check_capability),
    Flag("security-opt", "list", check=_check_security),
    Flag("userns", "text", check=_one_of("host")),
    Flag("cgroupns", "text", check=_one_of("host", "private")),
    Flag("cgroup-parent", "text", check=_check_plain),
    Flag("ipc", "text", check=_check_sharing("none", "private", "shareable", "host")),
    Flag("pid", "text", check=_check_sharing("host")),
    Flag("uts", "text", check=_one_of("host")),
    Flag("runtime", "text", check=_check_plain),
    Flag("sysctl", "list", check=_check_pair),
    Flag("log-driver", "text", check=_check_plain),
    Flag("log-opt", "list", check=_check_key),
    Flag("label", "list", "l", check=check_label),
    Flag("label-file", "list", check=_check_path),
    Flag("annotation", "list", check=_check_pair),
    Flag("isolation", "text", check=_one_of("default", "process", "hyperv")),
    Flag("cpu-count", "text", check=_positive),
    Flag("cpu-percent", "text", check=_positive),
    Flag("io-maxbandwidth", "text", check=checker(parse_size)),
    Flag("io-maxiops", "text", check=_positive),
)

FLAGS: Final = {flag.name: flag for flag in _TABLE}
"""By name, in the order in which a line has them."""

SPELLINGS: Final = {
    **{f"--{flag.name}": flag for flag in _TABLE},
    **{f"--{other}": flag for flag in _TABLE for other in flag.others},
}
LETTERS: Final = {flag.short: flag for flag in _TABLE if flag.short}

REFUSED: Final = {
    "--cidfile": (True, "writes a file beside the docker CLI"),
    "--detach-keys": (True, "is about the docker CLI's own terminal"),
    "--disable-content-trust": (False, "is about the docker CLI's pull"),
    "--help": (False, "runs nothing"),
    "--quiet": (False, "is about what the docker CLI prints"),
    "-q": (False, "is about what the docker CLI prints"),
    "--sig-proxy": (False, "is about the docker CLI's own process"),
    "--use-api-socket": (False, "hands the docker CLI's credentials to the container"),
}
"""Options that say nothing of the container: whether a value belongs to each, and why it is left out."""


def nearest(spelling: str) -> Flag | None:
    """Returns the option that somebody may have meant who wrote `--spelling`."""
    return _nearest(spelling, SPELLINGS)


def _nearest(spelling: str, known: Iterable[str]) -> Flag | None:
    found = get_close_matches(spelling, list(known), 1, 0.8)
    return SPELLINGS[found[0]] if found else None
