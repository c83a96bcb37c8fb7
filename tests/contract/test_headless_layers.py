"""`hythe layers` as a script meets it: the report, the limits and the exit codes, on every engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui import exit_codes

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "busybox:latest"


def layers(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `hythe layers` in a process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tui", "layers", *arguments],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_report_for_people_and_for_programs(engine_socket: str) -> None:
    host = ("--host", f"unix://{engine_socket}")
    people = layers(IMAGE, *host)
    assert people.returncode == exit_codes.OK, people.stderr
    assert people.stderr == ""
    assert "efficiency 100%" in people.stdout
    programs = layers(IMAGE, "--json", *host)
    report = json.loads(programs.stdout)
    assert report["image"] == IMAGE
    assert report["size"] == sum(layer["size"] for layer in report["layers"]) > 0
    assert report["id"].removeprefix("sha256:")[:12] in people.stdout


def test_limits_make_the_exit_code(engine_socket: str) -> None:
    host = ("--host", f"unix://{engine_socket}")
    kept = layers(IMAGE, "--max-waste", "0", "--min-efficiency", "100%", *host)
    assert (kept.returncode, kept.stderr) == (exit_codes.OK, "")


def test_an_image_that_is_not_there(engine_socket: str) -> None:
    done = layers("no/such:image", "--host", f"unix://{engine_socket}")
    assert done.returncode == exit_codes.UNUSABLE
    assert done.stdout == ""
    assert done.stderr.startswith("hythe layers: no/such:image: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("x", "--host", "unix:///nowhere.sock"),
            exit_codes.UNUSABLE,
            "no daemon answers: unix:///nowhere.sock: no socket",
        ),
        (("x", "--host", "nonsense://x"), exit_codes.UNUSABLE, "nonsense"),
        (("x", "--context", "nowhere"), exit_codes.UNUSABLE, "nowhere"),
        (("x", "-c", "a", "-c", "b"), exit_codes.USAGE, "from one daemon"),
    ],
)
def test_a_daemon_that_is_not_there(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = layers(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_demo_engine_serves_too() -> None:
    done = layers(IMAGE, "--demo", "--json")
    assert done.returncode == exit_codes.OK, done.stderr
    assert json.loads(done.stdout)["tags"] == [IMAGE]
