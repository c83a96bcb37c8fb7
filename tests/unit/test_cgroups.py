"""What the kernel counts for a container, of both versions of cgroups; whose it is; and the formulas over it."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.cgroups import LocalCgroups
from tui.model.cgroups import (
    Counts,
    HostTimes,
    Mounts,
    Place,
    counts_from,
    counts_from_stats,
    host_times,
    memory_total,
    mounts_from,
    network_bytes,
    place_from,
    sample_between,
)
from tui.model.stats import WireStats, sample_from

ID = "3f" * 32
OTHER = "4e" * 32
GIB = 1 << 30

HYBRID = """\
32 23 0:28 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
33 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct
34 23 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:11 - cgroup cgroup rw,memory
35 23 0:31 / /sys/fs/cgroup/blkio rw,nosuid shared:12 - cgroup cgroup rw,blkio
36 23 0:32 / /sys/fs/cgroup/pids rw,nosuid shared:13 - cgroup cgroup rw,pids
37 23 0:33 /docker/x /somewhere/else rw,nosuid - cgroup cgroup rw,cpuset
38 23 0:34 / /proc rw - proc proc rw
"""
UNIFIED = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"

V1 = {
    "cpuacct.usage": b"423005085\n",
    "memory.usage_in_bytes": b"21999616\n",
    "memory.limit_in_bytes": b"67108864\n",
    "memory.stat": b"cache 21078016\ninactive_file 5\ntotal_cache 21078016\ntotal_inactive_file 20971520\n",
    "pids.current": b"7\n",
    "blkio.io_service_bytes_recursive": b"Total 0\n",
    "blkio.throttle.io_service_bytes_recursive": (
        b"8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 0\n8:0 Total 12288\n259:1 Read 1\n259:1 Write 2\nTotal 12291\n"
    ),
}
V2 = {
    "cpu.stat": b"usage_usec 423005\nuser_usec 300000\nsystem_usec 123005\nnr_periods 0\n",
    "memory.current": b"21999616\n",
    "memory.max": b"67108864\n",
    "memory.stat": b"anon 57344\nfile 21078016\nactive_file 106496\ninactive_file 20971520\n",
    "pids.current": b"7\n",
    "io.stat": b"8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=9 dios=0\n259:1 rbytes=1 wbytes=2 rios=1 wios=1\n",
}
SAME = Counts(423005000, 1028096, 67108864, 7, 4097, 8194, cache=20971520)


# where a container is counted


def test_mounts_of_both_versions() -> None:
    mounts = mounts_from(HYBRID)
    assert mounts.v2 == "/sys/fs/cgroup/unified"
    assert mounts.v1["cpuacct"] == mounts.v1["cpu"] == "/sys/fs/cgroup/cpu,cpuacct"
    assert mounts.v1["memory"] == "/sys/fs/cgroup/memory"
    assert "cpuset" not in mounts.v1, "a part of a tree says nothing of the paths in it"
    assert mounts_from(UNIFIED) == Mounts({}, "/sys/fs/cgroup")
    assert mounts_from("garbage\n\n- - -\n") == Mounts()


def test_places_of_both_versions() -> None:
    hybrid = f"9:memory:/docker/{ID}\n8:cpu,cpuacct:/docker/{ID}\n7:pids:/docker/{ID}\n5:cpuset:/\n0::/docker/{ID}\n"
    place = place_from(hybrid, ID, mounts_from(HYBRID))
    assert place is not None
    assert place.version == 1
    assert place.folders == {
        "memory": f"/sys/fs/cgroup/memory/docker/{ID}",
        "cpuacct": f"/sys/fs/cgroup/cpu,cpuacct/docker/{ID}",
        "pids": f"/sys/fs/cgroup/pids/docker/{ID}",
    }
    scope = f"/system.slice/docker-{ID}.scope"
    assert place_from(f"0::{scope}\n", ID, mounts_from(UNIFIED)) == Place(2, {"": f"/sys/fs/cgroup{scope}"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0::/\n",
        "0::/user.slice/session-3.scope\n",
        f"0::/docker/{OTHER}\n",
        f"0::/docker/{ID[:12]}\n",
        f"0::/../../docker/{ID}\n",
        "nonsense",
        "\n::\n",
    ],
)
def test_a_process_that_is_not_the_containers(text: str) -> None:
    assert place_from(text, ID, mounts_from(UNIFIED)) is None
    assert place_from(text, ID, mounts_from(HYBRID)) is None


# what is counted


def test_both_versions_count_the_same() -> None:
    assert counts_from(1, V1, 8 * GIB) == msgspec.structs.replace(SAME, cpu_ns=423005085)
    assert counts_from(2, V2, 8 * GIB) == SAME


def test_no_limit_is_the_machines_memory() -> None:
    assert counts_from(1, V1 | {"memory.limit_in_bytes": b"9223372036854771712\n"}, 8 * GIB).memory_limit == 8 * GIB
    assert counts_from(2, V2 | {"memory.max": b"max\n"}, 8 * GIB).memory_limit == 8 * GIB
    assert counts_from(2, V2 | {"memory.max": b"%d\n" % (16 * GIB)}, 8 * GIB).memory_limit == 8 * GIB


def test_cache_that_nobody_uses_is_left_out_unless_it_is_more_than_all() -> None:
    assert counts_from(2, V2 | {"memory.stat": b"inactive_file 99999999\n"}, GIB).memory == 21999616
    assert counts_from(2, V2 | {"memory.stat": b""}, GIB).memory == 21999616
    assert counts_from(1, V1 | {"memory.stat": b"inactive_file 4096\n"}, GIB).memory == 21999616


def test_the_scheduler_that_counts_comes_first() -> None:
    both = V1 | {"blkio.io_service_bytes_recursive": b"8:0 Read 50\n8:0 Write 60\nTotal 110\n"}
    assert counts_from(1, both, GIB).disk_read == 50
    assert counts_from(1, both, GIB).disk_write == 60


@pytest.mark.parametrize(
    ("version", "files", "gone"), [(1, V1, "cpuacct.usage"), (1, V1, "memory.stat"), (2, V2, "cpu.stat")]
)
def test_a_file_that_has_to_be_there(version: int, files: dict[str, bytes], gone: str) -> None:
    with pytest.raises(ValueError, match=gone):
        counts_from(version, {name: text for name, text in files.items() if name != gone}, GIB)  # type: ignore[arg-type]


@given(st.sampled_from([(1, V1), (2, V2)]), st.data())
def test_any_bytes_in_the_files(which: tuple[int, dict[str, bytes]], data: st.DataObject) -> None:
    version, files = which
    spoiled = {name: data.draw(st.one_of(st.just(text), st.binary(max_size=40))) for name, text in files.items()}
    try:
        counts_from(version, spoiled, GIB)  # type: ignore[arg-type]
    except ValueError:
        return


def test_bytes_on_the_network_leave_the_loopback_out() -> None:
    zeros = b" 0 0 0 0 0 0"
    text = (
        b"Inter-|   Receive                |  Transmit\n face |bytes packets |bytes packets\n"
        b"    lo:     999       0" + zeros + b"      999       0\n"
        b"  eth0:     736       8" + zeros + b"      126       3\n"
        b"eth1:1000000000000 8" + zeros + b"      5       3\n"
        b"  odd: 1 2\n"
    )
    assert network_bytes(text) == (1000000000736, 131)
    assert network_bytes(b"") == (0, 0)


def test_what_the_processors_did() -> None:
    text = b"cpu  100 10 20 300 5 1 2 77 0 0\ncpu0 50 5 10 150 2 1 1 0 0 0\ncpu1 50 5 10 150 3 0 1 0 0 0\nintr 1 2 3\n"
    assert host_times(text) == HostTimes(438 * 10_000_000, 2)
    assert memory_total(b"MemTotal:       24683108 kB\nMemFree: 1 kB\n") == 24683108 * 1024
    for bad in (b"", b"cpu 1 2\n", b"nothing"):
        with pytest.raises(ValueError, match="processors"):
            host_times(bad)
    with pytest.raises(ValueError, match="MemTotal"):
        memory_total(b"MemFree: 1 kB\n")


# the formulas: those of the documents of the API


def test_a_sample_is_the_one_that_the_api_would_give() -> None:
    document = {
        "read": "2026-11-24T23:35:50.163809406Z",
        "cpu_stats": {"cpu_usage": {"total_usage": 500}, "system_cpu_usage": 2000, "online_cpus": 4},
        "precpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 1000, "online_cpus": 4},
        "memory_stats": {"usage": 21999616, "limit": 67108864, "stats": {"inactive_file": 20971520}},
        "networks": {"eth0": {"rx_bytes": 736, "tx_bytes": 126}},
        "pids_stats": {"current": 7},
        "blkio_stats": {
            "io_service_bytes_recursive": [{"op": "read", "value": 4097}, {"op": "write", "value": 8194}]
        },
    }  # fmt: skip
    wire = msgspec.convert(document, WireStats)
    told = sample_from(wire)
    now = Counts(500, 1028096, 67108864, 7, 4097, 8194, 736, 126, HostTimes(2000, 4), told.read_ns, 20971520)
    before = Counts(300, 0, 67108864, host=HostTimes(1000, 4))
    assert sample_between(before, now) == told
    assert told.cpu == 80.0
    assert sample_between(None, now).cpu is None
    assert sample_between(now, now).cpu == 0.0
    assert counts_from_stats(wire) == msgspec.structs.replace(now, host=HostTimes(0, 0))


# on this machine


def machine(folder: Path, version: int, container: str = ID, pid: int = 4711) -> Path:
    """A machine's files under a folder; returns its /proc."""
    proc, tree = folder / "proc", folder / "cgroup"
    files = {
        proc / "meminfo": b"MemTotal: 1048576 kB\n",
        proc / "stat": b"cpu  100 10 20 300 5 1 2 77 0 0\ncpu0 50 5 10 150 2 1 1 0 0 0\n",
        proc / f"{pid}/net/dev": b"\n\n  eth0:     736       8    0    0    0     0          0         0      126 3\n",
    }  # fmt: skip
    if version == 2:
        files[proc / "self/mountinfo"] = f"30 23 0:26 / {tree} rw - cgroup2 cgroup2 rw\n".encode()
        files[proc / f"{pid}/cgroup"] = f"0::/docker/{container}\n".encode()
        places = {"": tree / f"docker/{container}"}
        files |= {places[""] / name: text for name, text in V2.items()}
    else:
        names = ("cpuacct", "memory", "pids", "blkio")
        mounts = "".join(f"3{i} 23 0:2{i} / {tree}/{n} rw - cgroup cgroup rw,{n}\n" for i, n in enumerate(names))
        files[proc / "self/mountinfo"] = mounts.encode()
        files[proc / f"{pid}/cgroup"] = "".join(f"{i}:{n}:/docker/{container}\n" for i, n in enumerate(names)).encode()
        places = {name: tree / name / f"docker/{container}" for name in names}
        files |= {places["cpuacct" if n[:3] == "cpu" else n.partition(".")[0]] / n: text for n, text in V1.items()}
    files |= {place / "cgroup.procs": f"1\n{pid}\n".encode() for place in places.values()}
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return proc


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_of_this_machine(tmp_path: Path, version: int) -> None:
    cgroups = LocalCgroups(machine(tmp_path, version))
    found = cgroups.find(ID, 4711)
    assert found is not None
    counts = found.read(cgroups.host())
    assert (counts.memory, counts.memory_limit, counts.pids) == (1028096, 67108864, 7)
    assert (counts.disk_read, counts.disk_write, counts.rx, counts.tx) == (4097, 8194, 736, 126)
    assert counts.host == HostTimes(438 * 10_000_000, 1)
    assert counts.read_ns > 0
    in_the_hosts = cgroups.find(ID, 4711, own_network=False)
    assert in_the_hosts is not None
    assert in_the_hosts.read(cgroups.host()).rx == 0


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_that_is_not_here(tmp_path: Path, version: int) -> None:
    proc = machine(tmp_path, version)
    cgroups = LocalCgroups(proc)
    assert cgroups.find(OTHER, 4711) is None, "another container's process"
    assert cgroups.find(ID, 4712) is None, "no process"
    for procs in tmp_path.rglob("cgroup.procs"):
        procs.write_text("1\n2\n")
    assert cgroups.find(ID, 4711) is None, "the process is not in it"
    assert LocalCgroups(tmp_path / "nowhere").find(ID, 4711) is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_that_ended(tmp_path: Path, version: int) -> None:
    cgroups = LocalCgroups(machine(tmp_path, version))
    found = cgroups.find(ID, 4711)
    assert found is not None
    for name in (*V1, *V2):
        for path in tmp_path.rglob(name):
            path.unlink()
    with pytest.raises(ProcessLookupError):
        found.read(cgroups.host())


def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    cgroups = LocalCgroups(machine(tmp_path, 2))
    for path in tmp_path.rglob("memory.current"):
        path.unlink()
        path.mkdir()
    assert cgroups.find(ID, 4711) is None
    assert os.listdir("/proc/self/fd")
