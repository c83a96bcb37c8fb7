"""The lines of well-known projects, pasted: what comes of them is what a shell and the docker CLI make of them."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines import RealEngine
from readme_lines import README_LINES, ReadmeLine
from run_daemon import Daemon, differences
from tui.model.run_body import create_request
from tui.model.run_client import resolved
from tui.model.run_line import docker_line, parse_run_line
from tui.model.run_spec import RunSpec, check_run
from tui.present.run_form import spec_from, values_of
from tui.screens.run_checks import check_image
from tui.screens.run_sending import client_of


@pytest.fixture
def daemon(real_engine: RealEngine) -> Iterator[Daemon]:
    daemon = Daemon(real_engine)
    yield daemon
    for name in daemon.containers:
        daemon.call("DELETE", f"/containers/{name}?force=1&v=1")
    for name in daemon.images:
        daemon.call("DELETE", f"/images/{name}?force=1")
    for name in ("portainer_data", "grafana-storage", "nextcloud_aio_mastercontainer"):
        daemon.call("DELETE", f"/volumes/{name}?force=1")


def read(line: ReadmeLine, places: dict[str, str]) -> RunSpec:
    """What is pasted, with what is told about it, and put right as its user would."""
    parsed = parse_run_line(line.text)
    assert parsed.spec is not None
    told = [problem.message for problem in parsed.problems]
    assert len(told) == len(line.told), told
    assert all(part in message for part, message in zip(line.told, told, strict=True)), told
    wrong = {**check_run(parsed.spec), **({"image": "x"} if check_image(parsed.spec.image) else {})}
    assert list(wrong) == ([line.wrong] if line.wrong else [])
    old, new = line.right
    text = docker_line(parsed.spec).replace(old, new.format(**places)) if old else docker_line(parsed.spec)
    spec = parse_run_line(text).spec
    assert spec is not None
    assert spec_from(values_of(spec)) == spec
    return spec


@pytest.mark.parametrize("name", README_LINES)
def test_a_line_that_is_pasted_makes_what_a_shell_makes_of_it(
    daemon: Daemon, docker_cli: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    home = Path(os.environ["HOME"])
    spec = read(README_LINES[name], {"cwd": str(tmp_path), "home": str(home)})
    repo, _, tag = spec.image.partition(":") if "/" not in spec.image else spec.image.rpartition(":")
    if not repo:
        repo, tag = tag, ""
    daemon.call("POST", f"/images/busybox/tag?repo={repo}&tag={tag or 'latest'}")
    daemon.images.append(spec.image)
    folder = tmp_path / "bin"
    folder.mkdir()
    made = folder / "made"
    docker = f"""case $1 in
        run) shift; exec {docker_cli} -H {daemon.engine.host} run --cidfile {made} "$@";;
        *) exec {docker_cli} -H {daemon.engine.host} "$@";;
    esac"""
    for program, body in (("docker", docker), ("sudo", 'exec "$@"')):
        (folder / program).write_text(f"#!/bin/sh\n{body}\n")
        (folder / program).chmod(stat.S_IRWXU)
    text = README_LINES[name].text.strip().removeprefix("$ ")
    path = f"{folder}:{os.environ['PATH']}"
    # the program of the image is missing: the container is made all the same
    subprocess.run(
        ["sh", "-c", text], env={**os.environ, "PATH": path}, capture_output=True, stdin=subprocess.DEVNULL,
        timeout=60, check=False,
    )  # fmt: skip
    daemon.containers.append(made.read_text())
    theirs = daemon.inspect(made.read_text())
    daemon.remove(theirs)
    ours = daemon.send(create_request(resolved(spec, client_of(dict(os.environ))), daemon.api))
    found = differences(ours, theirs)
    found.pop("ports", None)  # theirs runs, or does not any more
    assert found == {}
