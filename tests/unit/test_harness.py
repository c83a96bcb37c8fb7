"""The test run itself: its environment, and how it finds engines."""

import os
import socket
import sys
from pathlib import Path

import pytest

import clean_environment
import engines


def test_environment_is_fixed_before_textual_is_imported() -> None:
    dropped = ("NO_COLOR", "TEXTUAL_THEME", "DOCKER_HOST", "HYTHE_THEME", "TERM_PROGRAM")
    assert not any(name in os.environ for name in dropped)
    environment: dict[str, str] = dict.fromkeys((*dropped, "HYTHE_TEST_KEPT", "PATH"), "1")
    clean_environment.clean(environment)
    assert environment == {"HYTHE_TEST_KEPT": "1", "PATH": "1", **clean_environment.FIXED}
    modules = list(sys.modules)
    assert modules.index("clean_environment") < modules.index("textual.constants")


def test_home_is_the_tests_own(isolated_home: Path) -> None:
    assert Path.home() == isolated_home


def test_missing_engine_is_left_out_unless_required(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYTHE_TEST_ENGINES", f"unix://{short_tmp}/none.sock")
    monkeypatch.delenv("HYTHE_REQUIRE_ENGINES", raising=False)
    assert engines.real_engines() == []
    monkeypatch.setenv("HYTHE_REQUIRE_ENGINES", "1")
    with pytest.raises(RuntimeError, match="no engine answers"):
        engines.real_engines()
    monkeypatch.setenv("HYTHE_TEST_ENGINES", " , ")
    with pytest.raises(RuntimeError, match="names no engine"):
        engines.real_engines()


def test_short_tmp_fits_a_socket(short_tmp: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short_tmp / "docker.sock"))
