"""The disk of a daemon: known only where the daemon is this machine's, and a problem only when it is full."""

import socket
from pathlib import Path

from tui.engine.data_root import disk_space
from tui.engine.endpoint import Endpoint
from tui.model.system import DiskSpace
from tui.present.problems import disk_problem

GIB = 1 << 30


def listening(folder: Path, name: str, comm: str) -> tuple[socket.socket, Endpoint, Path]:
    """A socket of this process, and a /proc in which it has another name."""
    import os

    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / name))
    server.listen()
    own = folder / "proc" / str(os.getpid())
    own.mkdir(parents=True, exist_ok=True)
    (own / "comm").write_text(f"{comm}\n")
    (own / "root").unlink(missing_ok=True)
    (own / "root").symlink_to("/")
    return server, Endpoint(f"unix://{folder / name}", "test"), folder / "proc"


def test_the_disk_that_the_daemon_sees(short_tmp: Path) -> None:
    server, endpoint, proc = listening(short_tmp, "d.sock", "dockerd")
    with server:
        found = disk_space(endpoint, "/tmp", proc)
        assert found is not None
        assert found.total >= found.free > 0
        assert disk_space(endpoint, "/no/such/folder", proc) is None
        assert disk_space(endpoint, "", proc) is None


def test_the_end_of_a_tunnel_says_nothing_of_a_disk(short_tmp: Path) -> None:
    server, endpoint, proc = listening(short_tmp, "d.sock", "ssh")
    with server:
        assert disk_space(endpoint, "/tmp", proc) is None
    assert disk_space(endpoint, "/tmp", proc) is None
    assert disk_space(Endpoint("tcp://localhost:1", "test"), "/tmp", proc) is None


def test_a_disk_is_a_problem_when_little_is_left() -> None:
    assert disk_problem(None, "") is None
    assert disk_problem(DiskSpace("/d", 100 * GIB, 20 * GIB), "") is None
    full = disk_problem(DiskSpace("/d", 100 * GIB, 1 * GIB), "")
    assert full is not None
    assert full.text == "1GiB of 100GiB left where /d is"
    assert disk_problem(DiskSpace("/d", 4000 * GIB, 100 * GIB), "") is None, "a small share of a large disk is much"
    assert disk_problem(DiskSpace("/d", 100 * GIB, 50 * GIB, 0.001), "") is not None
    said = "docker run: no space left on device"
    assert disk_problem(DiskSpace("/d", 100 * GIB, 50 * GIB), said) is None, "there is room by now"
    spoken = disk_problem(None, said)
    assert spoken is not None
    assert spoken.text == said
