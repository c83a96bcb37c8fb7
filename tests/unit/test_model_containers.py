"""What real engines say of containers becomes one record, the same from a list and from an inspect."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.decoding import decode
from tui.engine.errors import MalformedAnswer
from tui.model.containers import (
    Container,
    ContainerInspect,
    ContainerSummary,
    Mount,
    Port,
    container_name,
    from_inspect,
    from_summary,
)
from tui.model.events import Event, WireEvent, from_wire

DATA = Path(__file__).parent / "data"
ENGINES = ["20", "28"]
NAMES = ["web", "done", "made"]


def listed(engine: str) -> dict[str, Container]:
    wires = decode((DATA / f"containers_{engine}.json").read_bytes(), list[ContainerSummary], "list")
    return {wire.names[0].rpartition("-")[2]: from_summary(wire) for wire in wires if wire.names}


def inspected(engine: str, name: str) -> Container:
    return from_inspect(decode((DATA / f"inspect_{name}_{engine}.json").read_bytes(), ContainerInspect, "inspect"))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_list_of_a_real_engine(engine: str) -> None:
    found = listed(engine)
    assert sorted(found) == sorted(NAMES)
    web, done, made = found["web"], found["done"], found["made"]
    assert (web.name, web.image, web.state, web.health, web.exit_code) == (
        "coretests-web",
        "busybox",
        "running",
        "healthy",
        None,
    )
    assert web.is_running
    assert web.project == "coretests"
    assert web.labels["empty"] == ""
    assert [port for port in web.ports if not port.public] == [Port(443, "udp")]
    assert {(port.private, port.ip) for port in web.ports if port.public} == {
        (80, "127.0.0.1"),
        (8081, "0.0.0.0"),
        (8081, "::"),
    }
    assert web.mounts == (Mount("volume", "coretests-vol", "/data", read_only=True),)
    assert [name for name, _ in web.networks] == ["bridge"]
    assert (done.state, done.exit_code, done.is_running, done.project) == ("exited", 7, False, "")
    assert (made.state, made.exit_code, made.status) == ("created", None, "Created")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_an_inspect_says_what_the_list_says_and_more(engine: str, name: str) -> None:
    short, whole = listed(engine)[name], inspected(engine, name)
    for field in ("id", "name", "image", "image_id", "state", "created", "health", "exit_code", "labels", "command"):
        assert getattr(whole, field) == getattr(short, field), field
    assert (whole.ports, whole.mounts, whole.networks) == (short.ports, short.mounts, short.networks)
    assert whole.inspected
    assert not short.inspected
    assert (whole.restarts, whole.tty) == (0, name == "made")
    assert (short.restarts, short.tty, short.started) == (None, None, None)
    assert (whole.started is None) == (name == "made")
    assert (whole.finished is None) == (name != "done")
    assert (whole.pid > 0) == (name == "web")


@pytest.mark.parametrize("engine", ENGINES)
def test_events_of_a_real_engine(engine: str) -> None:
    lines = (DATA / f"events_{engine}.ndjson").read_bytes().splitlines()
    events = [from_wire(decode(line, WireEvent, "events")) for line in lines]
    died = next(event for event in events if event.action == "die")
    assert (died.type, died.name, died.attributes["exitCode"]) == ("container", "coretests-done", "7")
    assert died.time_ns > 1795505371 * 10**9
    assert "health_status: healthy" in {event.action for event in events}
    assert {event.verb for event in events} >= {"create", "start", "die", "tag", "health_status"}
    assert all(event.id for event in events)


def test_an_event_without_an_actor_or_nanoseconds() -> None:
    bare = from_wire(decode(b'{"Type":"daemon","Action":"reload","time":3}', WireEvent, "events"))
    assert bare == Event("daemon", "reload", "", 3 * 10**9)
    null = from_wire(decode(b'{"Actor":null,"Other":1}', WireEvent, "events"))
    assert null == Event("", "", "", 0)
    assert from_wire(decode(b'{"Actor":{"ID":"c","Attributes":null}}', WireEvent, "events")).name == "c"


@pytest.mark.parametrize(
    ("status", "exit_code", "health"),
    [
        ("Up 5 minutes", None, ""),
        ("Up 5 minutes (healthy)", None, "healthy"),
        ("Up 5 minutes (unhealthy)", None, "unhealthy"),
        ("Up 2 seconds (health: starting)", None, "starting"),
        ("Up 5 minutes (Paused)", None, ""),
        ("Exited (0) 3 days ago", 0, ""),
        ("Exited (137) About a minute ago", 137, ""),
        ("Exited (-1) 1 second ago", -1, ""),
        ("Restarting (3) 2 seconds ago", 3, ""),
        ("Created", None, ""),
        ("Dead", None, ""),
        ("Removal In Progress", None, ""),
        ("", None, ""),
    ],
)
def test_exit_code_and_health_are_read_from_the_status(status: str, exit_code: int | None, health: str) -> None:
    got = from_summary(ContainerSummary("a", ["/a"], "i", "running", status=status))
    assert (got.exit_code, got.health, got.status) == (exit_code, health, status)


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["/web"], "web"),
        (["/other/alias", "/web"], "web"),
        (["/web", "/other/alias"], "web"),
        (["/other/alias"], "0123456789ab"),
        (["web"], "web"),
        ([], "0123456789ab"),
        (None, "0123456789ab"),
    ],
)
def test_names(names: list[str] | None, name: str) -> None:
    assert container_name(names, "0123456789abcdef") == name


def bare_inspect(**changes: Any) -> dict[str, Any]:
    bare = {"Id": "a" * 64, "Name": "/x", "Created": "", "State": {"Status": "created"}, "Config": {}}
    return bare | changes


def read(document: dict[str, Any]) -> Container:
    return from_inspect(decode(json.dumps(document).encode(), ContainerInspect, "inspect"))


def test_the_least_that_an_inspect_may_say() -> None:
    nulls = dict.fromkeys(("Args", "Mounts", "NetworkSettings"))
    got = read(
        bare_inspect(**nulls, Config={"Labels": None, "Future": [1]}, State={"Status": "frozen", "Health": None})
    )
    assert got == Container("a" * 64, "x", "", "frozen", inspected=True, restarts=0, tty=False)
    assert got.short_id == "a" * 12
    assert not got.is_running


@pytest.mark.parametrize("key", ["Id", "Name", "Created", "State", "Config"])
@pytest.mark.parametrize("value", ["missing", None, 3.5])
def test_an_inspect_without_its_essentials_is_malformed(key: str, value: Any) -> None:
    document = bare_inspect()
    if value == "missing":
        del document[key]
    else:
        document[key] = value
    with pytest.raises(MalformedAnswer, match="unexpected answer to inspect"):
        read(document)


@pytest.mark.parametrize(
    ("state", "exit_code"),
    [("running", None), ("paused", None), ("created", None), ("exited", 3), ("dead", 3), ("restarting", 3)],
)
def test_only_a_process_that_ended_has_an_exit_code(state: str, exit_code: int | None) -> None:
    assert read(bare_inspect(State={"Status": state, "ExitCode": 3})).exit_code == exit_code


def test_what_only_an_inspect_knows() -> None:
    state = {
        "Status": "exited",
        "ExitCode": 137,
        "OOMKilled": True,
        "Error": "no",
        "StartedAt": "2026-11-24T07:29:31Z",
        "FinishedAt": "2026-11-24T07:29:32.5Z",
        "Health": {"Status": "none"},
    }
    got = read(bare_inspect(State=state, RestartCount=4, Path="/bin/sh", Args=["-c", "a b"], Config={"Tty": True}))
    assert (got.oom_killed, got.error, got.health, got.restarts, got.tty) == (True, "no", "", 4, True)
    assert (got.started, got.finished) == (1795505371.0, 1795505372.5)
    assert got.command == "/bin/sh -c 'a b'"


def test_ports_of_an_inspect() -> None:
    ports = {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
        "53/udp": None,
        "9": [],
        "odd/tcp": None,
        "81/tcp": [{"HostIp": "", "HostPort": ""}],
    }
    got = read(bare_inspect(NetworkSettings={"Ports": ports, "Networks": {"b": None, "a": {"IPAddress": "10.0.0.2"}}}))
    assert got.ports == (
        Port(0, "tcp"),
        Port(9, "tcp"),
        Port(53, "udp"),
        Port(80, "tcp", 8080, "0.0.0.0"),
        Port(80, "tcp", 8080, "::"),
        Port(81, "tcp"),
    )
    assert got.networks == (("a", "10.0.0.2"), ("b", ""))


@given(st.text(max_size=20), st.lists(st.text(max_size=8), max_size=3), st.text(max_size=20))
def test_any_text_is_kept_as_it_is(status: str, names: list[str], state: str) -> None:
    got = from_summary(ContainerSummary("0123456789abcdef", names, "i", state, status=status))
    assert (got.status, got.state) == (status, state)
    assert got.name in {name.removeprefix("/") for name in names} | {"0123456789ab"}
