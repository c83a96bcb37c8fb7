"""The options that `docker run` is used for daily: ports, volumes, variables, labels, restart policies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.run_options import (
    InvalidOption,
    PortMapping,
    RestartPolicy,
    VolumeMount,
    check_env,
    check_label,
    check_port,
    check_restart,
    check_volume,
    parse_expose,
    parse_port,
    parse_restart,
    parse_volume,
)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", [PortMapping(80)]),
        ("8080:80", [PortMapping(80, host_port=8080)]),
        ("8080:80/UDP", [PortMapping(80, "udp", host_port=8080)]),
        ("127.0.0.1::80", [PortMapping(80, host_ip="127.0.0.1")]),
        ("[::1]:8080:80", [PortMapping(80, host_ip="::1", host_port=8080)]),
        ("::1:8080:80", [PortMapping(80, host_ip="::1", host_port=8080)]),
        ("8000-8010:80", [PortMapping(80, host_port=8000, host_port_end=8010)]),
        ("80-81", [PortMapping(80), PortMapping(81)]),
        ("0:80", [PortMapping(80, host_port=0)]),
        ("published=8080,target=80,protocol=udp", [PortMapping(80, "udp", host_port=8080)]),
        ("target=80", [PortMapping(80)]),
        (
            "127.0.0.1:8080-8081:80-81/sctp",
            [PortMapping(80, "sctp", "127.0.0.1", 8080), PortMapping(81, "sctp", "127.0.0.1", 8081)],
        ),
    ],
)
def test_ports(text: str, ports: list[PortMapping]) -> None:
    assert parse_port(text) == ports
    assert check_port(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "container's port is missing"),
        ("8080:", "container's port is missing"),
        ("80/", "protocol '' is unknown"),
        ("80/icmp", "protocol 'icmp' is unknown"),
        ("x:80", "'x' is not a host port"),
        ("80:x", "'x' is not a container port"),
        ("70000:80", "host port 70000 is over 65535"),
        ("80:0", "1 to 65535"),
        ("81-80", "run backwards"),
        ("8000-8001:80-82", "2 host ports for the 3"),
        ("host:80:80", "'host' is not an IP address"),
        ("[]:80:80", "'[]' is not an IP address"),
        ("-1:80", "'-1' is not a host port"),
        ("٣:80", "is not a host port"),
        ("published=80", "container's port is missing"),
        ("target=80,ip=1.2.3.4", "'ip=1.2.3.4' is not published="),
    ],
)
def test_ports_that_are_none(text: str, words: str) -> None:
    assert words in (check_port(text) or "")


@pytest.mark.parametrize(
    ("text", "ports"),
    [("80", ["80/tcp"]), ("53/UDP", ["53/udp"]), ("7000-7002/sctp", ["7000/sctp", "7001/sctp", "7002/sctp"])],
)
def test_exposed_ports(text: str, ports: list[str]) -> None:
    assert parse_expose(text) == ports


def test_what_publishes_does_not_expose() -> None:
    with pytest.raises(InvalidOption, match="the container's port alone"):
        parse_expose("8080:80")


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/data", VolumeMount("/data")),
        ("data:/data", VolumeMount("/data", "data")),
        ("/srv/x:/data:ro,z", VolumeMount("/data", "/srv/x", ("ro", "z"))),
        ("/srv:/data:rshared", VolumeMount("/data", "/srv", ("rshared",))),
        ("data:/data:nocopy", VolumeMount("/data", "data", ("nocopy",))),
        ("./x:/data:ro", VolumeMount("/data", "./x", ("ro",))),
    ],
)
def test_volumes(text: str, mount: VolumeMount) -> None:
    assert parse_volume(text) == mount
    assert check_volume(text) is None
    assert mount.is_bind == text.startswith(("/srv", "."))
    assert mount.read_only == (":ro" in text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not source:target"),
        ("a:/b:ro:x", "not source:target"),
        ("a::ro", "not source:target"),
        ("data", "must be absolute, not 'data'"),
        ("data:data", "must be absolute, not 'data'"),
        ("/srv:/", "/ cannot be a mount"),
        ("$PWD/x:/x", "host's path must be absolute"),
        ("~/x:/x", "host's path must be absolute"),
        ("a/b:/x", "host's path must be absolute"),
        ("a:/x", "at least two characters"),
        ("a b:/x", "' ' cannot be part of a volume name"),
        ("/srv:/x:rx", "'rx' is unknown"),
        ("/srv:/x:ro,rw", "at odds"),
        ("/srv:/x:nocopy", "for named volumes"),
        ("data:/x:shared", "for paths of the host"),
    ],
)
def test_volumes_that_are_none(text: str, words: str) -> None:
    assert words in (check_volume(text) or "")


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("", RestartPolicy()),
        ("no", RestartPolicy("no")),
        ("always", RestartPolicy("always")),
        ("unless-stopped", RestartPolicy("unless-stopped")),
        ("on-failure:3", RestartPolicy("on-failure", 3)),
    ],
)
def test_restart_policies(text: str, policy: RestartPolicy) -> None:
    assert parse_restart(text) == policy


@pytest.mark.parametrize("text", ["never", "always:1", "on-failure:", "on-failure:x", "on-failure:-1", "no:0"])
def test_restart_policies_that_are_none(text: str) -> None:
    assert check_restart(text)


@pytest.mark.parametrize(
    ("text", "good"),
    [("A=1", True), ("A=", True), ("A=b=c", True), ("A", True), ("=1", False), ("", False), ("A=\0", False)],
)
def test_environment(text: str, good: bool) -> None:
    assert (check_env(text) is None) == good


@pytest.mark.parametrize(
    ("text", "good"), [("a=1", True), ("a", True), ("=1", False), (" ", False), ("a b=1", False), ("a=\0", False)]
)
def test_labels(text: str, good: bool) -> None:
    assert (check_label(text) is None) == good


@given(st.text(alphabet="0189:-/[].audpv,zro ~=", max_size=24))
def test_any_text_is_an_option_or_refused_in_words(text: str) -> None:
    for parse in (parse_port, parse_volume, parse_restart, parse_expose):
        try:
            parse(text)
        except InvalidOption as error:
            words = str(error)
            if not words:
                pytest.fail(f"{text!r} refused without a word")
