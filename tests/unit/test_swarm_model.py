"""What a swarm's answers say, and how its services, tasks and nodes are shown."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.swarm import set_image, set_replicas
from tui.model.swarm import (
    SwarmNode,
    SwarmPort,
    SwarmService,
    SwarmStatus,
    SwarmTask,
    WireInfo,
    WireService,
    WireTask,
    service_from,
    status_from,
    task_from,
    told_apart,
)
from tui.present.swarm import NodeRows, ServiceRows, swarm_ports, task_lines

SERVICE = b"""{"ID": "s1", "Version": {"Index": 21}, "CreatedAt": "2026-11-01T10:00:00Z",
 "Spec": {"Name": "shop_web", "Labels": {"com.docker.stack.namespace": "shop"},
  "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1@sha256:abc", "Env": ["TOKEN=hunter2"]}},
  "Mode": {"Replicated": {"Replicas": 3}}},
 "PreviousSpec": {"Name": "shop_web"},
 "Endpoint": {"Ports": [{"Protocol": "udp", "TargetPort": 53, "PublishedPort": 5353, "PublishMode": "host"}]},
 "UpdateStatus": {"State": "paused", "Message": "update paused due to failure"},
 "ServiceStatus": {"RunningTasks": 2, "DesiredTasks": 3, "CompletedTasks": 0}}"""


def test_a_service() -> None:
    service = service_from(msgspec.json.decode(SERVICE, type=WireService))
    assert (service.name, service.stack, service.short_image) == ("shop_web", "shop", "nginx:1")
    assert (service.mode, service.replicas, service.wanted, service.running) == ("replicated", 3, 3, 2)
    assert (service.update, service.has_previous, service.scalable) == ("paused", True, True)
    assert swarm_ports(service.ports) == "5353→53/udp host"
    assert "hunter2" not in repr(service)
    cells = {column.key: column.cell(service) for column in ServiceRows().columns()}
    assert cells["replicas"] == ("2/3", "warn")
    assert cells["update"] == ("paused", "bad")


@pytest.mark.parametrize("state", ["rollback_started", "rollback_paused", "rollback_completed"])
def test_how_far_a_rollback_is_fits_its_column(state: str) -> None:
    service = service_from(msgspec.json.decode(SERVICE.replace(b"paused", state.encode(), 1), type=WireService))
    column = next(column for column in ServiceRows().columns() if column.key == "update")
    words, _ = column.cell(service)
    assert "back" in words
    assert len(words) <= column.width


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ({"Global": {}}, "global"),
        ({"GlobalJob": {}}, "global-job"),
        ({"ReplicatedJob": {"MaxConcurrent": 1}}, "replicated-job"),
        ({"Replicated": {"Replicas": 1}}, "replicated"),
        ({}, "replicated"),
        (None, "replicated"),
    ],
)
def test_modes(mode: object, name: str) -> None:
    wire = msgspec.convert({"ID": "s", "Spec": {"Name": "x", "Mode": mode}}, WireService)
    assert service_from(wire).mode == name


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ({}, "in no swarm"),
        ({"Swarm": None}, "in no swarm"),
        ({"Swarm": {"LocalNodeState": "inactive"}}, "in no swarm"),
        ({"Swarm": {"LocalNodeState": "active", "ControlAvailable": True}}, ""),
        ({"Swarm": {"LocalNodeState": "active"}}, "is a worker"),
        ({"Swarm": {"LocalNodeState": "locked", "Error": "unlock it"}}, "the swarm is locked: unlock it"),
    ],
)
def test_how_a_daemon_stands_to_a_swarm(info: object, why: str) -> None:
    reason = status_from(msgspec.convert(info, WireInfo)).why_not
    assert why in reason
    assert bool(why) == bool(reason)


def test_a_task_that_failed_says_why() -> None:
    wire = msgspec.convert(
        {
            "ID": "t", "ServiceID": "s", "NodeID": "n1", "Slot": 2, "DesiredState": "shutdown",
            "Spec": {"ContainerSpec": {"Image": "nginx:1@sha256:abc"}},
            "Status": {
                "State": "failed", "Err": "task: non-zero exit (137)", "Timestamp": "2026-11-01T10:00:00Z",
                "ContainerStatus": {"ExitCode": 137},
            },
        },
        WireTask,
    )  # fmt: skip
    task = task_from(wire)
    assert (task.slot, task.exit_code, task.image) == (2, 137, "nginx:1")
    nodes = {"n1": SwarmNode("n1", "alpha")}
    now = (task.time or 0) + 60
    told = task_lines(SwarmService("s", "web"), [task], nodes, now, ascii=True)
    lines = ["".join(text for text, _ in line) for line in told]
    assert lines[0] == "x failed web.2 on alpha  nginx:1  1m ago, to be shutdown"
    assert lines[1].startswith("  task: non-zero exit (137)")


def test_a_task_without_a_node_and_of_a_state_nobody_knows() -> None:
    lines = task_lines(SwarmService("s", "web"), [SwarmTask("t", "s", state="dreaming")], {}, 0, ascii=False)
    assert "".join(text for text, _ in lines[0]).startswith("◌ dreaming web")


def test_a_node() -> None:
    leader = SwarmNode("n" * 25, "alpha", "manager", "drain", "ready", leader=True, reachability="reachable")
    lost = SwarmNode("m" * 25, "beta", "manager", "active", "down", reachability="unreachable")
    columns = {column.key: column for column in NodeRows().columns()}
    assert columns["role"].cell(leader) == ("manager, leader", "info")
    assert columns["availability"].cell(leader) == ("drain", "warn")
    assert columns["role"].cell(lost) == ("manager, unreachable", "bad")
    assert columns["state"].cell(lost)[1] == "bad"
    assert SwarmStatus().why_not == "this daemon is in no swarm"
    assert swarm_ports([SwarmPort(80, 8080)], "->") == "8080->80"


def test_nodes_of_one_name_are_told_apart_by_their_ids() -> None:
    host = "ip-10-0-0-12.eu-west-1.compute.internal"
    found = told_apart([SwarmNode("abcdef", host), SwarmNode("ghijkl", host), SwarmNode("mnopqr", "db")])
    assert [node.label for node in found] == [f"{host}-abcd", f"{host}-ghij", "db"]
    name = NodeRows().columns()[0]
    assert name.shorter is not None
    drawn = [next(iter(name.shorter(name.cell(node)[0], 14, "…"))) for node in found[:2]]
    assert drawn == ["ip-10-0-…-abcd", "ip-10-0-…-ghij"]
    tasks = [SwarmTask("t", "s", node.id, slot) for slot, node in enumerate(found, 1)]
    nodes = {node.id: node for node in found}
    lines = task_lines(SwarmService("s", "web"), tasks, nodes, 0, ascii=True)
    assert [line[2][0].split()[1] for line in lines] == [node.label for node in found]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.sampled_from(["Name", "Labels", "TaskTemplate", "Other"]), JSON), st.integers(0, 99))
def test_a_change_touches_nothing_else(spec: dict[str, object], count: int) -> None:
    spec = {key: value for key, value in spec.items() if key != "TaskTemplate"}
    scaled, moved = dict(spec), dict(spec)
    set_replicas(count)(scaled)
    assert scaled == {**spec, "Mode": {"Replicated": {"Replicas": count}}}
    set_image("a:b")(moved)
    assert moved == {**spec, "TaskTemplate": {"ContainerSpec": {"Image": "a:b"}}}
