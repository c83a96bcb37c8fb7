"""The last resort: what the user reads, what the log holds, and who may read it."""

import io
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import crash, paths


def error_of(text: str) -> RuntimeError:
    """An error as it is once it was raised."""
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        return error


def test_log_has_the_traceback_and_is_private(capsys: pytest.CaptureFixture[str]) -> None:
    crash.report(error_of("first"))
    crash.report(error_of("second"))
    path = paths.log_file()
    assert path is not None
    assert f"the traceback is in {path}\n" in capsys.readouterr().err
    text = path.read_text()
    assert text.count("Traceback (most recent call last)") == 2
    assert text.index("RuntimeError: first") < text.index("RuntimeError: second")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_log_that_others_could_read_is_closed_to_them() -> None:
    path = paths.log_file()
    assert path is not None
    path.parent.mkdir(parents=True)
    path.touch(0o644)
    crash.write_report(error_of("x"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_large_log_is_moved_aside() -> None:
    path = paths.log_file()
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * (paths.LOG_LIMIT + 1))
    crash.write_report(error_of("new"))
    assert path.stat().st_size < 10_000
    assert path.with_name("hythe.log.old").stat().st_size == paths.LOG_LIMIT + 1


@pytest.mark.parametrize("obstacle", ["file", "symlink"])
def test_without_a_state_folder_the_log_is_a_temporary_file(
    obstacle: str, isolated_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    victim = tmp_path / "victim"
    victim.touch()
    if obstacle == "file":
        isolated_home.write_text("no folder")
    else:
        path = paths.log_file()
        assert path is not None
        path.parent.mkdir(parents=True)
        path.symlink_to(victim)
    words = crash.write_report(error_of("x"))
    (log,) = temporary.iterdir()
    assert words == f"the traceback is in {log}"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "RuntimeError: x" in log.read_text()
    assert victim.read_text() == ""


def test_nowhere_to_write_and_nobody_to_tell(
    isolated_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    isolated_home.write_text("no folder")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    crash.report(error_of("x"))
    assert "RuntimeError: x; the traceback could not be written: No such file or directory" in capsys.readouterr().err
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    crash.report(error_of("x"))
    monkeypatch.setattr(sys, "stderr", None)
    crash.report(error_of("x"))


@pytest.mark.parametrize(
    "text",
    [
        "tcp://user:hunter2@host:2375 refused",
        "headers {'Authorization': 'Bearer hunter2'}",
        "X-Registry-Auth: hunter2",
        "{'password': 'hunter2'}",
        '{"identitytoken": "x", "TOKEN" : "hunter2"}',
        "MYSQL_PASSWORD=hunter2&x=1",
        "api_key='hunter2 and more'",
    ],
)
def test_secrets_reach_neither_the_line_nor_the_log(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    crash.report(error_of(text))
    path = paths.log_file()
    assert path is not None
    assert "hunter2" not in capsys.readouterr().err
    report = path.read_text()
    assert "hunter2" not in report
    assert "***" in report


@given(st.text())
def test_line_is_one_and_printable(text: str) -> None:
    line = crash.one_line(RuntimeError(text))
    assert line.isprintable()
    assert len(line) <= 12 * crash.LINE_LIMIT
