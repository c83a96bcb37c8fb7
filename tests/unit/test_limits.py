"""The limits that can be changed in place: what is wrong, what changes, and how it is asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.limits import LIMITS, body_of, changed, common, conflicts, place_of, problem, same, texts_of, update_line
from tui.model.run_wire import WireHostConfig, WireRestart

NONE = {limit.option: "" for limit in LIMITS}


def limits(**more: str) -> dict[str, str]:
    return NONE | {name.replace("_", "-"): text for name, text in more.items()}


def test_what_inspect_tells() -> None:
    host = WireHostConfig(
        memory=512 << 20, memory_swap=-1, nano_cpus=1_500_000_000, cpu_shares=512, cpuset_cpus="0-1", pids_limit=100,
        restart_policy=WireRestart("on-failure", 3),
    )  # fmt: skip
    assert texts_of(host) == limits(
        memory="512m", memory_swap="-1", cpus="1.5", cpu_shares="512", cpuset_cpus="0-1", pids_limit="100",
        restart="on-failure:3",
    )  # fmt: skip
    assert texts_of(WireHostConfig(pids_limit=-1, restart_policy=WireRestart("no"))) == NONE
    assert texts_of(WireHostConfig(cpu_quota=50_000))["cpus"] == "0.5"


def test_only_what_is_another_limit_is_sent() -> None:
    before = limits(memory="512m", restart="always", pids_limit="10")
    assert changed(before, {**before, "memory": "0.5g"}) == {}
    change = changed(before, {**before, "memory": "1g", "restart": "no", "pids-limit": "-1", "cpus": "0.5"})
    assert body_of(change) == {
        "Memory": 1 << 30, "NanoCpus": 500_000_000, "PidsLimit": -1,
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    }  # fmt: skip
    assert (
        update_line(change, ["web", "a b"])
        == "docker update --memory 1g --cpus 0.5 --pids-limit -1 --restart no web 'a b'"
    )
    assert update_line({}, ["web"]) == ""


def test_swap_without_a_limit_is_said_again_with_the_memory() -> None:
    before = limits(memory="512m", memory_swap="-1")
    assert changed(before, {**before, "memory": "1g"}) == {"memory": "1g", "memory-swap": "-1"}
    assert changed(before, {**before, "cpus": "1"}) == {"cpus": "1"}


def test_of_several_what_differs_is_empty_and_changes_only_if_it_is_filled_in() -> None:
    both = common([limits(memory="1g", cpus="1"), limits(memory="2g", cpus="1")])
    assert both == limits(cpus="1")
    assert changed(both, both) == {}


@pytest.mark.parametrize(
    ("option", "before", "text", "words"),
    [
        ("memory", "", "1m", "least memory"), ("memory", "1g", "", "recreate"), ("memory", "", "0", "no change"),
        ("pids-limit", "5", "", "write -1"), ("pids-limit", "", "-1", None), ("restart", "always", "", "write no"),
        ("restart", "", "sometimes", "unknown"), ("cpus", "", "x", "not a number"), ("cpuset-cpus", "", "0,,1", "set"),
        ("memory-swap", "", "-1", None), ("cpu-shares", "", "1", "from 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_one(option: str, before: str, text: str, words: str | None) -> None:
    found = problem(option, before, text)
    assert (found is None) if words is None else (words in (found or "")), found


def test_what_is_wrong_between_them() -> None:
    assert list(conflicts(limits(memory="1g", memory_swap="512m"))) == ["memory-swap"]
    assert list(conflicts(limits(memory_swap="512m"))) == ["memory-swap"]
    assert list(conflicts(limits(memory="512m", memory_reservation="1g"))) == ["memory-reservation"]
    assert conflicts(limits(memory="1g", memory_swap="-1", memory_reservation="1g")) == {}
    assert conflicts(limits(memory="1m", memory_swap="512m")) == {}
    assert conflicts(limits(memory="nonsense", memory_swap="x")) == {}


def test_where_the_words_of_the_daemon_belong() -> None:
    change = {"memory": "1g", "memory-swap": "1g", "cpus": "9"}
    assert place_of("Minimum memoryswap limit should be larger than memory limit", change) == "memory-swap"
    assert place_of("Minimum memory limit allowed is 6MB", change) == "memory"
    assert place_of("range of CPUs is from 0.01 to 8.00", change) == "cpus"
    assert place_of("no such container", change) is None
    assert place_of("device or resource busy", {"memory": "6m"}) == "memory"


@given(st.sampled_from(LIMITS), st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_checked_and_compared(limit: object, one: str, other: str) -> None:
    option = getattr(limit, "option", "")
    problem(option, one, other)
    assert same(option, one, one)
    assert same(option, one, other) == same(option, other, one)
    conflicts({**NONE, option: one})
