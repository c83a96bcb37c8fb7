"""What can be chosen for the fields of the run form: what is on the host, and what Docker knows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tui.commands.command import Option
from tui.model.containers import Container
from tui.model.images import Image
from tui.model.networks import Network
from tui.model.run_flags import CAPABILITIES, PULL_POLICIES
from tui.model.run_options import RESTART_POLICIES
from tui.model.volumes import Volume

_PLAIN: dict[str, Sequence[tuple[str, str]]] = {
    "restart": [*((policy, "") for policy in RESTART_POLICIES), ("on-failure:5", "five times")],
    "pull": [(policy, "") for policy in PULL_POLICIES],
    "platform": [(f"linux/{arch}", "") for arch in ("amd64", "arm64", "arm/v7", "386", "ppc64le", "s390x", "riscv64")],
    "stop-signal": [(signal, "") for signal in ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGWINCH", "SIGUSR1")],
    "cap-add": [("ALL", "all of them"), *((name, "") for name in CAPABILITIES)],
    "cap-drop": [("ALL", "all of them"), *((name, "") for name in CAPABILITIES)],
    "security-opt": [
        ("no-new-privileges", "no program gains rights by its file's owner"),
        ("apparmor=unconfined", ""),
        ("seccomp=unconfined", "every system call"),
        ("label=disable", "without SELinux"),
        ("systempaths=unconfined", "all of /proc and /sys"),
    ],
    "log-driver": [(name, "") for name in ("json-file", "local", "journald", "syslog", "fluentd", "gelf", "none")],
    "log-opt": [("max-size=10m", "of json-file and local"), ("max-file=3", "of json-file and local")],
    "ulimit": [("nofile=65536:65536", "open files"), ("nproc=4096", "processes"), ("memlock=-1", "locked memory"),
               ("core=0", "no core files")],
    "gpus": [("all", ""), ("1", "any one"), ("device=0", "the first one")],
    "add-host": [("host.docker.internal:host-gateway", "the host itself")],
    "sysctl": [("net.core.somaxconn=1024", ""), ("net.ipv4.ip_forward=1", ""),
               ("net.ipv4.ip_unprivileged_port_start=0", "")],
    "device": [("/dev/dri", "graphics"), ("/dev/net/tun", "tunnels"), ("/dev/fuse", "file systems of programs"),
               ("/dev/kvm", "virtual machines"), ("/dev/snd", "sound"), ("/dev/ttyUSB0", "a serial port")],
    "tmpfs": [("/tmp", ""), ("/run:size=64m,mode=755", "")],
    "uts": [("host", "the host's name")],
    "userns": [("host", "not in another user namespace")],
    "cgroupns": [("private", ""), ("host", "")],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is on the host."""

    containers: Collection[Container]
    images: Collection[Image]
    networks: Collection[Network]
    volumes: Collection[Volume]

    def names(self, prefix: str = "", *, running: bool = False) -> list[Option]:
        """Return the containers by name, each behind `prefix`."""
        found = sorted((c for c in self.containers if c.is_running or not running), key=lambda c: c.name)
        return [(prefix + c.name, prefix + c.name, f"{c.image}, {c.state}") for c in found]


def choices(field: str, known: Known) -> list[Option]:
    """Return what there is to choose from for a field, none where anything may be typed."""
    if field == "image":
        return [(tag, tag, "") for image in known.images for tag in image.tags]
    if field == "network":
        networks = [(n.name, n.name, n.driver) for n in sorted(known.networks, key=lambda n: n.name)]
        return [*networks, *known.names("container:", running=True)]
    if field == "volume":
        named = sorted((v for v in known.volumes if not v.anonymous), key=lambda v: v.name)
        return [(f"{v.name}:/data", v.name, v.driver) for v in named]
    if field in ("link", "volumes-from"):
        return known.names()
    if field in ("ipc", "pid"):
        own = ("host",) if field == "pid" else ("private", "shareable", "host", "none")
        return [*((name, name, "") for name in own), *known.names("container:", running=True)]
    return [(text, text, hint) for text, hint in _PLAIN.get(field, ())]
