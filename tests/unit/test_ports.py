"""Where a published port is reached from here: this machine's own, another machine's, one bound to an address."""

import pytest

from tui.model.containers import Port
from tui.present.ports import address_of, ports_text, published

WEB = (Port(80, "tcp", 8080, "0.0.0.0"), Port(80, "tcp", 8080, "::"))
DNS = Port(53, "udp", 53, "127.0.0.1")
BOUND = Port(443, "tcp", 443, "10.1.1.1")


def test_a_row_says_each_port_once() -> None:
    assert ports_text((*WEB, DNS, BOUND, Port(9000))) == "8080→80, 127.0.0.1:53→53/udp, 10.1.1.1:443→443"
    assert ports_text(WEB, "->") == "8080->80"
    assert ports_text((Port(1, "tcp", 2, "fe80::1"),)) == "[fe80::1]:2→1"
    assert ports_text((Port(9000),)) == ""


def test_a_row_of_another_machine_says_which() -> None:
    assert ports_text(WEB, host="build-box") == "8080→80 on build-box"
    assert ports_text((Port(9000),), host="build-box") == ""


def test_published() -> None:
    assert published((*WEB, DNS, Port(9000))) == [WEB[0], DNS]


@pytest.mark.parametrize(
    ("port", "host", "address"),
    [
        (WEB[0], "", "localhost:8080"),
        (WEB[1], "", "localhost:8080"),
        (WEB[0], "build-box", "build-box:8080"),
        (WEB[0], "::5", "[::5]:8080"),
        (DNS, "", "127.0.0.1:53"),
        (DNS, "build-box", ""),
        (Port(1, "tcp", 2, "::1"), "build-box", ""),
        (Port(1, "tcp", 2, "::1"), "", "[::1]:2"),
        (BOUND, "", "10.1.1.1:443"),
        (BOUND, "build-box", "10.1.1.1:443"),
    ],
)
def test_where_a_port_is_reached(port: Port, host: str, address: str) -> None:
    assert address_of(port, host) == address
