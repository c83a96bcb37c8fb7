"""Which program has a port: the kernel's tables, and a real socket of this process."""

import os
import socket
import sys
from pathlib import Path

import pytest

from tui.engine.endpoint import Endpoint
from tui.engine.host_ports import listeners, parse_sockets, with_program

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {} 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 {} 1 0000 100 0 0 10 0\n"


def test_the_tables_of_the_kernel() -> None:
    if sys.byteorder != "little":
        pytest.skip("the table is one of a little-endian machine")
    text = HEAD + ROW.format("0100007F:1F90", "0A", 11) + ROW.format("0100007F:0050", "01", 12) + "nonsense\n"
    assert [(found.port, found.ip, found.inode) for found in parse_sockets(text, "tcp", "0A")] == [
        (8080, "127.0.0.1", 11)
    ]
    six = "00000000000000000000000001000000:0050"
    mapped = "0000000000000000FFFF00000100007F:0051"
    text = HEAD + ROW.format(six, "0A", 1) + ROW.format(mapped, "0A", 2)
    assert [found.ip for found in parse_sockets(text, "tcp", "0A")] == ["::1", "127.0.0.1"]


def test_a_table_that_is_none_says_nothing() -> None:
    assert parse_sockets("", "tcp", "0A") == []
    assert parse_sockets(HEAD + ROW.format("xyz:1", "0A", 1), "tcp", "0A") == []


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs Linux's /proc")
def test_a_port_of_this_process_is_found_beside_a_daemon_of_this_machine(short_tmp: Path) -> None:
    path = short_tmp / "docker.sock"
    with socket.socket(socket.AF_UNIX) as daemon, socket.create_server(("127.0.0.1", 0)) as server:
        daemon.bind(str(path))
        daemon.listen()
        port = server.getsockname()[1]
        found = [one for one in listeners(Endpoint(f"unix://{path}", "test")) if one.port == port]
        assert [(one.protocol, one.ip) for one in found] == [("tcp", "127.0.0.1")]
        assert with_program(found[0]).pid == os.getpid()
        assert f"(PID {os.getpid()})" in with_program(found[0]).owner


def test_of_another_machine_nothing_is_known() -> None:
    assert listeners(Endpoint("tcp://127.0.0.1:2375", "test")) == []
    assert listeners(Endpoint("unix:///nowhere/docker.sock", "test")) == []
