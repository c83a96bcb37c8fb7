"""CPU and memory by the docker CLI's formulas, over what real engines sent."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.decoding import decode
from tui.model.stats import Sample, WireStats, sample_from, usage_from

DATA = Path(__file__).parent / "data"
ENGINES = ["20", "28"]


def sample(document: dict[str, Any]) -> Sample:
    return sample_from(decode(json.dumps(document).encode(), WireStats, "GET stats"))


def captured(name: str) -> dict[str, Any]:
    return json.loads((DATA / name).read_bytes())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sample_of_a_real_engine(engine: str) -> None:
    document = captured(f"stats_{engine}.json")
    got = sample(document)
    cpu, before = document["cpu_stats"], document["precpu_stats"]
    used = cpu["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    system = cpu["system_cpu_usage"] - before["system_cpu_usage"]
    assert got.cpu == pytest.approx(used / system * 2 * 100)
    memory = document["memory_stats"]
    assert got.memory == memory["usage"] - memory["stats"]["total_inactive_file"]
    assert got.memory_limit == 64 << 20
    assert (got.rx, got.tx) == (
        document["networks"]["eth0"]["rx_bytes"],
        document["networks"]["eth0"]["tx_bytes"],
    )
    assert got.pids == document["pids_stats"]["current"]
    assert got.read_ns > 1795505371 * 10**9


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stopped_container_uses_nothing(engine: str) -> None:
    assert sample(captured(f"stats_stopped_{engine}.json")) == Sample(None, 0, 0)


CPU = {"cpu_usage": {"total_usage": 500}, "system_cpu_usage": 2000, "online_cpus": 4}
BEFORE = {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 1000, "online_cpus": 4}


def with_cpu(**changes: Any) -> dict[str, Any]:
    return {"cpu_stats": CPU | changes, "precpu_stats": BEFORE}


@pytest.mark.parametrize(
    ("document", "percent"),
    [
        ({"cpu_stats": CPU, "precpu_stats": BEFORE}, 80.0),
        (with_cpu(online_cpus=0), 20.0),
        (with_cpu(online_cpus=0, cpu_usage={"total_usage": 500, "percpu_usage": [1, 2]}), 40.0),
        (with_cpu(cpu_usage={"total_usage": 300}), 0.0),
        (with_cpu(cpu_usage={"total_usage": 200}), 0.0),
        (with_cpu(system_cpu_usage=1000), 0.0),
        (with_cpu(system_cpu_usage=0), 0.0),
        ({"cpu_stats": CPU}, None),
        ({"cpu_stats": CPU, "precpu_stats": None}, None),
        ({"cpu_stats": CPU, "precpu_stats": {"cpu_usage": {"total_usage": 0}}}, None),
        ({"cpu_stats": CPU, "precpu_stats": {"cpu_usage": None, "system_cpu_usage": 5}}, None),
        ({"precpu_stats": BEFORE}, None),
        ({}, None),
    ],
)
def test_cpu(document: dict[str, Any], percent: float | None) -> None:
    assert sample(document).cpu == percent


@pytest.mark.parametrize(
    ("memory", "used"),
    [
        ({"usage": 100, "stats": {"total_inactive_file": 30, "inactive_file": 7}}, 70),
        ({"usage": 100, "stats": {"inactive_file": 40, "file": 60}}, 60),
        ({"usage": 100, "stats": {"cache": 40}}, 100),
        ({"usage": 100, "stats": {"inactive_file": 100}}, 100),
        ({"usage": 100, "stats": {"inactive_file": 101}}, 100),
        ({"usage": 100, "stats": {"total_inactive_file": 0, "inactive_file": 0}}, 100),
        ({"usage": 100, "stats": None}, 100),
        ({"usage": 18446744073709551615, "limit": 18446744073709551615}, 18446744073709551615),
        ({}, 0),
        (None, 0),
    ],
    ids=["v1", "v2", "neither", "all of it", "more than all", "nothing cached", "null", "unlimited", "empty", "none"],
)
def test_memory(memory: dict[str, Any] | None, used: int) -> None:
    assert sample({"memory_stats": memory}).memory == used


def test_networks_and_disks_are_summed() -> None:
    got = sample(
        {
            "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 10, "tx_bytes": 20}, "odd": None},
            "blkio_stats": {
                "io_service_bytes_recursive": [
                    {"major": 8, "op": "Read", "value": 1},
                    {"major": 9, "op": "read", "value": 2},
                    {"major": 8, "op": "Write", "value": 4},
                    {"major": 8, "op": "Total", "value": 100},
                ]
            },
        }
    )
    assert (got.rx, got.tx, got.disk_read, got.disk_write) == (11, 22, 3, 4)


NUMBERS = st.integers(0, 2**64 - 1)


@given(*[NUMBERS] * 6, st.integers(0, 512))
def test_percent_and_memory_are_never_negative(
    total: int, total_before: int, system: int, system_before: int, usage: int, inactive: int, cpus: int
) -> None:
    got = sample(
        {
            "cpu_stats": {
                "cpu_usage": {"total_usage": total},
                "system_cpu_usage": system,
                "online_cpus": cpus,
            },
            "precpu_stats": {"cpu_usage": {"total_usage": total_before}, "system_cpu_usage": system_before},
            "memory_stats": {"usage": usage, "stats": {"inactive_file": inactive}},
        }
    )
    assert got.cpu is None or got.cpu >= 0
    assert 0 <= got.memory <= usage


def test_rates_are_by_the_daemons_clock() -> None:
    before = Sample(1.0, 5, 10, rx=100, tx=100, disk_read=100, disk_write=100, read_ns=10**9)
    after = Sample(2.0, 6, 10, rx=300, tx=50, disk_read=100, disk_write=104, read_ns=3 * 10**9)
    usage = usage_from(after, before, (1.0, 2.0))
    assert (usage.rx_rate, usage.tx_rate, usage.read_rate, usage.write_rate) == (100.0, 0.0, 0.0, 2.0)
    assert (usage.sample, usage.cpu_history) == (after, (1.0, 2.0))


@pytest.mark.parametrize("read_ns", [None, 3 * 10**9, 4 * 10**9])
def test_without_an_earlier_sample_there_are_no_rates(read_ns: int | None) -> None:
    after = Sample(None, 6, 10, rx=300, read_ns=3 * 10**9)
    before = None if read_ns is None else msgspec.structs.replace(after, rx=0, read_ns=read_ns)
    assert usage_from(after, before, ()).rx_rate == 0.0
