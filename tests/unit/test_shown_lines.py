"""The docker lines that are told: a shell takes each as what was done, whatever a name or a path holds."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tui.commands.transfers import login_line
from tui.engine.ssh_address import SshAddress
from tui.jobs.pull import pull_line
from tui.jobs.tar_check import TarCheckJob
from tui.screens.log_saver import save_line

ODD = Path("/tmp/a b/$HOME (1).log")


def test_a_robot_logs_in_by_its_own_name() -> None:
    words = shlex.split(login_line("registry.example.com", "robot$ci"))
    assert words == ["docker", "login", "--username", "robot$ci", "--password-stdin", "registry.example.com"]
    assert "'robot$ci'" in login_line("registry.example.com", "robot$ci")


def test_what_is_typed_into_a_field_is_one_word_of_a_line() -> None:
    assert shlex.split(pull_line("nginx", "linux/amd64; true"))[2:4] == ["--platform", "linux/amd64; true"]
    assert shlex.split(TarCheckJob(ODD).line) == ["tar", "tf", str(ODD)]
    assert shlex.split(SshAddress("box", "a b").forward_line(80))[-1] == "a b@box"


@pytest.mark.parametrize("names", [["web"], ["web", "a$b"]], ids=["one", "two"])
def test_the_line_of_saved_logs_does_what_was_done(names: list[str], tmp_path: Path) -> None:
    place = tmp_path / "a b$HOME.log"
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\ntest $# = 3 && echo "2026-01-0${#3} $3"; echo "2025 err $3" >&2\n')
    program.chmod(0o755)
    line = save_line("docker logs", names, place)
    subprocess.run(["/bin/sh", "-c", line], check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    said = place.read_text().splitlines()
    both = [text for name in names for text in (f"2026-01-0{len(name)} {name}", f"2025 err {name}")]
    assert sorted(said) == sorted(both)
    assert len(names) == 1 or said == sorted(said), "several are one text, in the order of time"
