"""The grammars of volumes and networks that are to be made, and who reaches whom."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.containers import Container, Port
from tui.model.network_spec import (
    NetworkSpec,
    check_alias,
    check_inside,
    check_network_name,
    check_part,
    check_range,
    connect_line,
    network_line,
    overlap_of,
)
from tui.model.networks import Attachment, Network, Subnet
from tui.model.published import claims_of, conflicts, wanted_by
from tui.model.reach import members, reached, ways_of
from tui.model.run_wire import WirePortBinding
from tui.model.volume_spec import (
    VolumeSpec,
    check_option,
    check_volume_name,
    option_problem,
    pairs,
    volume_line,
)
from tui.present.published import PortRow, in_the_way, open_to
from tui.present.reach import attached_lines, index_of, reach_lines
from tui.present.secrets import looks_secret

# volumes


@pytest.mark.parametrize("name", ["", "data", "a.b_c-d", "0x"])
def test_names_that_a_volume_may_have(name: str) -> None:
    assert check_volume_name(name) is None


@pytest.mark.parametrize("name", ["a", "-a", "a/b", "a b", "é", "../x", "a\0b"])
def test_names_that_no_volume_may_have(name: str) -> None:
    assert check_volume_name(name)


def test_the_line_of_a_volume_holds_no_password() -> None:
    spec = VolumeSpec(
        "share",
        "local",
        ("type=cifs", "device=//nas/x", "o=addr=nas,username=me,password=hunter2,vers=3"),
        ("token=t",),
    )
    shown = volume_line(spec, looks_secret)
    assert "hunter2" not in shown
    assert "token=t" not in shown
    assert "username=me" in shown
    assert "vers=3" in shown
    assert volume_line(VolumeSpec()) == "docker volume create"
    assert volume_line(VolumeSpec("x", "nfs")) == "docker volume create --driver nfs x"


def test_options_of_the_local_driver() -> None:
    assert option_problem(VolumeSpec("x", options=("size=1g", "type=tmpfs", "device=tmpfs"))) is None
    assert "no frob" in (option_problem(VolumeSpec("x", options=("frob=1",))) or "")
    assert "go together" in (option_problem(VolumeSpec("x", options=("type=nfs",))) or "")
    assert option_problem(VolumeSpec("x", "plugin", ("frob=1",))) is None
    assert check_option("x") == check_option("=x") == "write KEY=VALUE"
    assert pairs(["a=b=c", " d ", "e="]) == {"a": "b=c", "d": "", "e": ""}


# networks


@pytest.mark.parametrize(
    ("text", "version", "wrong"),
    [
        ("", 4, None), ("10.0.0.0/24", 4, None), ("fd00::/64", 6, None),
        ("10.0.0.1/24", 4, "is 10.0.0.0/24 meant?"), ("10.0.0.0", 4, "with its prefix"),
        ("10.0.0.0/33", 4, "10.0.0.0/33"),
        ("fd00::/64", 4, "IPv4"), ("10.0.0.0/24", 6, "IPv6"), ("10.0.0.0/31", 4, "no room"), ("x/24", 4, "x/24"),
    ],
)  # fmt: skip
def test_subnets(text: str, version: int, wrong: str | None) -> None:
    found = check_range(text, version)
    assert found is None if wrong is None else wrong in (found or "")


@pytest.mark.parametrize(
    ("text", "subnet", "wrong"),
    [
        ("", "", None), ("10.0.0.1", "10.0.0.0/24", None), ("10.0.1.1", "10.0.0.0/24", "not in"),
        ("10.0.0.0", "10.0.0.0/24", "first or the last"), ("10.0.0.255", "10.0.0.0/24", "first or the last"),
        ("10.0.0.1", "", "needs a subnet"), ("x", "10.0.0.0/24", "no address"), ("fd00::1", "10.0.0.0/24", "IPv4"),
        ("10.0.0.1", "wrong", None),
    ],
)  # fmt: skip
def test_addresses_in_a_subnet(text: str, subnet: str, wrong: str | None) -> None:
    found = check_inside(text, subnet, 4, what="a gateway")
    assert found is None if wrong is None else wrong in (found or "")


def test_parts_and_overlaps() -> None:
    assert check_part("10.0.0.128/25", "10.0.0.0/24") is None
    assert "no part" in (check_part("10.1.0.0/25", "10.0.0.0/24") or "")
    assert "needs a subnet" in (check_part("10.1.0.0/25", "") or "")
    known = [Network("i", "back", subnets=(Subnet("172.18.0.0/16"), Subnet("fd00::/64"))), Network("j", "odd",
             subnets=(Subnet("nonsense"),))]  # fmt: skip
    assert overlap_of("172.18.5.0/24", 4, known) == "it overlaps with 172.18.0.0/16 of the network back"
    assert overlap_of("172.19.0.0/24", 4, known) is None
    assert overlap_of("fd00::/80", 6, known) == "it overlaps with fd00::/64 of the network back"
    assert overlap_of("wrong", 4, known) is None


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from([4, 6]))
def test_checks_of_any_text_answer(text: str, subnet: str, version: int) -> None:
    for found in (
        check_range(text, version), check_inside(text, subnet, version, what="x"), check_part(text, subnet),
        check_network_name(text), check_alias(text),
        overlap_of(text, version, [Network("i", "n", subnets=(Subnet(subnet),))]),
    ):  # fmt: skip
        assert found is None or found


@given(st.ip_addresses(v=4), st.integers(0, 30))
def test_a_faultless_range_is_one(address: ipaddress.IPv4Address, prefix: int) -> None:
    network = ipaddress.ip_network((int(address), prefix), strict=False)
    assert check_range(str(network), 4) is None


def test_lines_of_networks() -> None:
    spec = NetworkSpec("n", "bridge", "10.0.0.0/24", "10.0.0.1", "10.0.0.128/25", internal=True, labels=("a=b c",))
    assert network_line(spec) == (
        "docker network create --subnet 10.0.0.0/24 --gateway 10.0.0.1 --ip-range 10.0.0.128/25 --internal"
        " --label 'a=b c' n"
    )
    both = NetworkSpec("n", subnet6="fd00::/64")
    assert network_line(both) == "docker network create --subnet fd00::/64 --ipv6 n"
    assert both.subnets == (Subnet("fd00::/64"),)
    assert connect_line("n", "c d", ["x"], "10.0.0.9") == "docker network connect --alias x --ip 10.0.0.9 n 'c d'"
    assert check_network_name("bridge")
    assert check_network_name("") == "a name is needed"


# who reaches whom


def container(name: str, *networks: tuple[str, str], state: str = "running") -> Container:
    return Container(f"id-{name}", name, "x", state, networks=networks)


WEB = container("web", ("front", "10.0.0.2"), ("back", "10.1.0.2"))
DB = container("db", ("back", "10.1.0.3"))
LB = container("lb", ("front", "10.0.0.3"))
OLD = container("old", ("back", ""), state="exited")
LONE = container("lone", ("bridge", "172.17.0.2"))
HOST = container("host", ("host", ""))
ALL = (WEB, DB, LB, OLD, LONE, HOST)
NETWORKS = {
    network.name: network
    for network in (
        Network("f", "front", "bridge"), Network("b", "back", "bridge", internal=True),
        Network("d", "bridge", "bridge"), Network("h", "host", "host"),
        Network("a", "apart", "bridge", options={"com.docker.network.bridge.enable_icc": "false"}),
    )
}  # fmt: skip


def test_reach_goes_by_every_network_and_only_to_what_runs() -> None:
    attached = members(ALL)
    assert reached(ways_of(WEB, NETWORKS, attached)) == ["db", "lb"]
    assert reached(ways_of(DB, NETWORKS, attached)) == ["web"]
    assert reached(ways_of(LONE, NETWORKS, attached)) == []
    (way,) = ways_of(DB, NETWORKS, attached)
    assert (way.by_name, way.outside) == (True, False)
    assert not ways_of(LONE, NETWORKS, attached)[0].by_name
    assert "machine itself" in ways_of(HOST, NETWORKS, attached)[0].blocked


def test_containers_that_are_kept_apart_reach_nobody() -> None:
    one, two = container("one", ("apart", "10.2.0.2")), container("two", ("apart", "10.2.0.3"))
    ways = ways_of(one, NETWORKS, members([one, two]))
    assert reached(ways) == []
    assert "kept apart" in ways[0].blocked


def test_the_lines_of_both_tabs() -> None:
    lines = attached_lines(NETWORKS["back"], [Attachment("id-db", "db", "10.1.0.3/16")], [DB, OLD])
    said = ["".join(text for text, _ in line.spans) for line in lines]
    assert any("nothing outside is reached" in line for line in said)
    assert any(line.startswith("db  10.1.0.3/16") for line in said)
    assert any("old  exited: no address until it runs" in line for line in said)
    tree = index_of(reach_lines([WEB, DB], ALL, NETWORKS.values()))
    assert "reaches db, lb" in "".join(text for text, _ in tree["\0id-web"].spans)
    assert "nothing outside" in "".join(text for text, _ in tree["\0id-db"].spans)
    assert "\0id-web\0back\0db" in tree


# published ports


def test_who_has_a_port_and_who_wants_it() -> None:
    web = Container("w", "web", "x", "running", ports=(Port(80, "tcp", 8080, "0.0.0.0"), Port(80, "tcp", 8080, "::")))
    (has,) = claims_of(web)
    assert has.addresses == ("0.0.0.0", "::")
    assert has.to_world
    rival = Container("r", "rival", "x", "exited")
    wants, local = wanted_by(
        rival,
        {
            "80/tcp": [WirePortBinding("", "8080")],
            "90/udp": [WirePortBinding("127.0.0.1", "9090"), WirePortBinding("", "")],
            "no/tcp": [WirePortBinding("", "1")], "1/tcp": None,
        },
    )  # fmt: skip
    assert (local.protocol, local.to_itself, local.to_world) == ("udp", True, False)
    found = conflicts([has, wants, local], [(Port(0, "udp", 9090, "0.0.0.0"), "dnsmasq (PID 7)")])
    assert [each.who for each in found[has.key]] == ["rival"]
    assert not found[has.key][0].now
    assert found[wants.key][0].now
    assert found[local.key][0].who == "dnsmasq (PID 7)"
    row = PortRow("h", "", has, tuple(found[has.key]))
    assert open_to(row) == ("! the world", "warn")
    assert in_the_way(row) == ("wanted by rival too", "warn")
    assert in_the_way(PortRow("h", "", wants, tuple(found[wants.key]))) == ("web has it", "bad")


def test_the_same_port_on_other_addresses_is_no_conflict() -> None:
    one = Container("a", "one", "x", "running", ports=(Port(80, "tcp", 80, "10.0.0.1"),))
    two = Container(
        "b", "two", "x", "running", ports=(Port(80, "tcp", 80, "10.0.0.2"), Port(80, "udp", 80, "10.0.0.1"))
    )
    assert conflicts([*claims_of(one), *claims_of(two)]) == {}
