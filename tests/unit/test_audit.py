"""The audit file: one JSON line a command, for its owner alone; a file that can't be written is told of once."""

import json
import os
from pathlib import Path

import pytest

from tui.commands.audit import AuditFile
from tui.commands.history import History


def test_each_command_is_a_line(tmp_path: Path) -> None:
    path, told = tmp_path / "audit.ndjson", list[str]()
    history = History(AuditFile(path, told.append).write)
    history.begin("docker rm web", "prod").close("ok")
    running = history.begin("docker stop é\n", "prod")
    history.begin("docker pull x", "dev").close("failed", "no such host, token=hunter2")
    running.close("cancelled")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["host"], line["line"], line["result"]) for line in lines] == [
        ("prod", "docker rm web", "ok"), ("dev", "docker pull x", "failed"), ("prod", "docker stop é\n", "cancelled"),
    ]  # fmt: skip
    assert all(set(line) == {"time", "host", "line", "result", "seconds"} for line in lines)
    assert all(line["time"].endswith("Z") and line["seconds"] >= 0 for line in lines)
    assert "hunter2" not in path.read_text(), "the daemon's words are not ours to vouch for"
    assert path.stat().st_mode & 0o777 == 0o600
    assert not told


def test_it_is_appended_to_and_may_be_rotated(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    path.write_text("older\n")
    history = History(AuditFile(path, print).write)
    history.begin("docker rm a", "h").close("ok")
    assert path.read_text().startswith("older\n{")
    path.rename(tmp_path / "audit.1")
    history.begin("docker rm b", "h").close("ok")
    assert json.loads(path.read_text())["line"] == "docker rm b"


@pytest.mark.parametrize("kind", ["folder", "missing", "pipe"])
def test_one_that_cannot_be_written_is_told_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("no/audit" if kind == "missing" else "audit")
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    told: list[str] = []
    history = History(AuditFile(path, told.append).write)
    for _ in range(3):
        history.begin("docker rm a", "h").close("ok")
    assert len(told) == 1
    assert str(path) in told[0]
    assert len(history) == 3
