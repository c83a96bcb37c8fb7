"""`hythe demo` as a process: it says where it listens, serves other clients, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

import engines
from tui import exit_codes

ROOT = Path(__file__).resolve().parents[2]
# for what is sure to come; it is far longer than the start of Python on a busy machine
PATIENCE_SECONDS = 60


def start(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the verb; returns when it has said its first line, or ended."""
    command = [sys.executable, "-m", "tui", "demo", "--socket", str(path), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def path(short_tmp: Path) -> Path:
    return short_tmp / "docker.sock"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_interrupted(path: Path, number: signal.Signals) -> None:
    process = start(path, "--containers", "3")
    assert process.stdout is not None
    assert process.stdout.readline() == f"DOCKER_HOST=unix://{path}\n"
    listed = engines.engine_get(str(path), "/containers/json?all=1")
    process.send_signal(number)
    rest, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert isinstance(listed, list)
    assert len(cast("list[object]", listed)) == 3
    assert (process.returncode, rest, said) == (exit_codes.OK, "", "")
    assert not path.exists()


def test_a_socket_in_use_is_left_alone(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        inode = path.stat().st_ino
        process = start(path)
        out, said = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, out) == (exit_codes.UNUSABLE, "")
        assert said == f"hythe demo: {path}: something listens there already: name another socket\n"
        assert path.stat().st_ino == inode


def test_a_dead_socket_is_taken_over(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    process = start(path)
    assert process.stdout is not None
    assert process.stdout.readline() == f"DOCKER_HOST=unix://{path}\n"
    process.terminate()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == exit_codes.OK


@pytest.mark.parametrize("place", ["file", "absent/docker.sock", "x" * 120])
def test_a_place_where_no_socket_can_be_is_3(short_tmp: Path, place: str) -> None:
    (short_tmp / "file").write_text("kept")
    process = start(short_tmp / place)
    out, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (exit_codes.UNUSABLE, "")
    assert said.startswith(f"hythe demo: {short_tmp / place}: ")
    assert said.count("\n") == 1
    assert (short_tmp / "file").read_text() == "kept"
