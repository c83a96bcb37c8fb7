"""What a container has around it: secrets masked, ports with who listens, mounts, networks."""

from pathlib import Path

import msgspec
import pytest

from tui.engine.endpoint import Endpoint
from tui.engine.inside_ports import listening
from tui.model.containers import Port
from tui.model.surroundings import Listening, Surroundings, WireSurroundings, surroundings_from
from tui.present.surroundings import MASK, Key, SurroundingsSource, by_port

ID = "c" * 64
INSPECT = {
    "Id": ID,
    "Config": {
        "Env": ["PATH=/bin", "DB_PASSWORD=hunter2", "URL=http://u:pw@db/x", "ALONE"],
        "Labels": {"b": "2", "a": "1", "api_key": "k"},
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}, "9/sctp": {}},
    },
    "HostConfig": {"NetworkMode": "shop", "Tmpfs": {"/run": "size=64m"}, "ReadonlyRootfs": True},
    "State": {"Status": "running", "Pid": 42},
    "Mounts": [
        {"Type": "volume", "Name": "pg", "Source": "/var/lib/docker/volumes/pg/_data", "Destination": "/data",
         "Driver": "local", "Mode": "z", "RW": True, "Propagation": ""},
        {"Type": "bind", "Source": "/srv", "Destination": "/app", "Mode": "ro", "RW": False, "Propagation": "rprivate"},
    ],
    "NetworkSettings": {
        "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
                  "53/udp": None},
        "Networks": {
            "shop": {"IPAddress": "172.18.0.2", "IPPrefixLen": 16, "Gateway": "172.18.0.1", "MacAddress": "02:42",
                     "Aliases": ["web"], "DNSNames": ["shop-web-1", "web"]},
            "empty": None,
        },
    },
}  # fmt: skip
AROUND = surroundings_from(msgspec.convert(INSPECT, WireSurroundings))
HEARD = Listening((("tcp", 80, "0.0.0.0"), ("tcp", 6060, "127.0.0.1"), ("tcp", 41234, "127.0.0.11")))


def lines(source: SurroundingsSource) -> list[str]:
    """Every row of the tree as text."""
    found: list[str] = []
    waiting: list[Key] = list(reversed(source.roots()))
    while waiting:
        key = waiting.pop()
        found.append("  " * (len(key) - 1) + "".join(text for text, _ in source.label(key)))
        waiting += reversed(source.children(key))
    return found


def test_the_whole_tree() -> None:
    assert lines(SurroundingsSource(AROUND, HEARD)) == [
        "environment  4 variables, 2 masked by name",
        "  PATH=/bin",
        f"  DB_PASSWORD={MASK}  enter shows it",
        f"  URL={MASK}  enter shows it",
        "  ALONE=",
        "mounts  3 mounts, its own file system is read-only",
        "  /app  bind /srv  ro",
        "  /data  volume pg  rw,z",
        "  /run  tmpfs  rw,size=64m",
        "ports  4 ports",
        "  9/sctp  not published  who listens is not known: only TCP and UDP tell",
        "  53/udp  not published  nobody listens",
        "  80/tcp  → localhost:8080  listens",
        "  6060/tcp  not published  listens on 127.0.0.1 alone: not reached from outside",
        "networks  2 networks",
        "  empty  no address",
        "  shop  172.18.0.2/16",
        "    gateway 172.18.0.1",
        "    MAC 02:42",
        "    known as web, shop-web-1",
        "labels  3 labels, 1 masked by name",
        "  a=1",
        f"  api_key={MASK}  enter shows it",
        "  b=2",
    ]


def test_a_secret_is_shown_when_it_is_asked_for_and_not_searched_before() -> None:
    hidden = SurroundingsSource(AROUND, HEARD)
    key = ("environment", "DB_PASSWORD")
    assert key in hidden.secrets
    assert "hunter2" not in hidden.search_text(key)
    shown = SurroundingsSource(AROUND, HEARD, shown={key})
    assert "hunter2" in shown.search_text(key)
    assert "4 variables, 1 masked" in lines(shown)[0]


def test_of_another_machine_it_is_not_known_who_listens() -> None:
    told = "\n".join(lines(SurroundingsSource(AROUND, Listening(problem="the daemon is far"), "10.0.0.5")))
    assert "listening not known: the daemon is far" in told
    assert "80/tcp  → 10.0.0.5:8080\n" in told
    own = Surroundings(ports=(Port(80, "tcp", 8080, "127.0.0.1"),))
    told = "\n".join(lines(SurroundingsSource(own, Listening(problem="x"), "10.0.0.5")))
    assert "127.0.0.1:8080, on the daemon's machine alone" in told


def test_a_published_port_without_a_listener_is_bad() -> None:
    source = SurroundingsSource(AROUND, Listening())
    assert ("  nobody listens", "bad") in source.label(("ports", "80/tcp"))
    assert by_port((), Listening((("udp", 5, "0.0.0.0"),))) == {}


def test_nothing_at_all() -> None:
    around = surroundings_from(msgspec.convert({"Id": ID}, WireSurroundings))
    assert around == Surroundings()
    assert len(lines(SurroundingsSource(around, Listening()))) == 5


# who listens

TABLE = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    "   1: 0100007F:17AC 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0\n"
)
LOCAL = Endpoint("unix:///run/docker.sock", "test")


def process(tmp_path: Path, cgroup: str) -> Path:
    net = tmp_path / "42" / "net"
    net.mkdir(parents=True)
    (tmp_path / "42" / "cgroup").write_text(cgroup)
    for name in ("tcp", "tcp6"):
        (net / name).write_text(TABLE)
    (net / "udp").write_text("")
    return tmp_path


def test_a_local_process_tells_who_listens(tmp_path: Path) -> None:
    proc = process(tmp_path, f"0::/system.slice/docker-{ID}.scope\n")
    assert listening(LOCAL, ID, AROUND, proc).sockets == (("tcp", 80, "0.0.0.0"),)


def test_a_process_that_ends_while_it_is_looked_at_is_told(tmp_path: Path) -> None:
    proc = process(tmp_path, f"0::/docker/{ID}\n")
    (proc / "42" / "net" / "tcp6").unlink()
    (proc / "42" / "net" / "tcp6").mkdir()  # any error that is not "no such file"
    assert "tcp6" in listening(LOCAL, ID, AROUND, proc).problem


@pytest.mark.parametrize("case", ["other", "remote", "stopped", "gone"])
def test_why_it_is_not_known(tmp_path: Path, case: str) -> None:
    proc = process(tmp_path, "0::/user.slice\n" if case == "other" else f"0::/docker/{ID}\n")
    endpoint = Endpoint("tcp://10.0.0.5:2375", "test") if case == "remote" else LOCAL
    around = msgspec.structs.replace(AROUND, status="exited", pid=0) if case == "stopped" else AROUND
    found = listening(endpoint, ID, around, tmp_path / "none" if case == "gone" else proc)
    assert found.sockets == ()
    wanted = {
        "other": "not one of this machine",
        "remote": "another machine",
        "stopped": "it is exited",
        "gone": "not one of this machine",
    }
    assert wanted[case] in found.problem
