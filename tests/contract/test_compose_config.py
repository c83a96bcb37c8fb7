"""Docker Compose itself takes the services that are written, and means by them what the line means."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from run_lines import CASES
from tui.model.compose_service import compose_text
from tui.model.run_line import parse_run_line
from tui.model.run_spec import RunSpec

Compose = list[str]


@pytest.fixture
def compose(docker_cli: str, tmp_path: Path) -> Compose:
    """The command that runs Compose; skips where the CLI has no such plugin."""
    plugins = Path(docker_cli).absolute().parent.parent / "cli-plugins"
    (tmp_path / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(plugins)]}))
    command = [docker_cli, "--config", str(tmp_path), "compose"]
    if subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
        pytest.skip("the docker CLI has no Compose plugin")
    return command


def spec_of(line: str) -> RunSpec:
    words = {"prefix": "p", "net": "mine", "octet": "1", "other": "other"}
    spec = parse_run_line(f"docker run {line.format(**words)}").spec
    assert spec is not None
    return spec


def config(compose: Compose, spec: RunSpec) -> dict[str, Any]:
    """The service as Compose understands it."""
    result = subprocess.run(
        [*compose, "-f", "-", "--project-directory", "/tmp", "config", "--format", "json"],
        input=compose_text(spec), capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "HOME": "/nowhere"},
    )  # fmt: skip
    assert result.returncode == 0, (compose_text(spec), result.stderr)
    (service,) = json.loads(result.stdout)["services"].values()
    return service


@pytest.mark.parametrize("name", [name for name in CASES if name != "read-only below"])
def test_compose_takes_what_is_written(compose: Compose, name: str) -> None:
    spec = spec_of(CASES[name][1])
    service = config(compose, spec)
    assert service["image"] == spec.image
    assert tuple(service.get("command") or ()) == tuple(word.replace("$", "$$") for word in spec.command)


def test_compose_means_the_same(compose: Compose) -> None:
    spec = spec_of(
        "--name web -p 127.0.0.1:8080:80/tcp -e 'A=$x' -v data:/data:ro "
        "--mount type=bind,source=/tmp,target=/t,readonly "
        "-m 64m --memory-swap 128m --cpus 0.5 --ulimit nofile=1:2 --health-cmd true --health-interval 5s "
        "--init --cap-add NET_ADMIN --log-driver local --log-opt max-size=1m --stop-timeout 7 "
        "--entrypoint sh busybox -c 'echo $A'"
    )
    service = config(compose, spec)
    assert service["ports"] == [
        {"mode": "ingress", "host_ip": "127.0.0.1", "target": 80, "published": "8080", "protocol": "tcp"}
    ]
    assert service["environment"] == {"A": "$$x"}
    assert (service["mem_limit"], service["memswap_limit"], service["cpus"]) == (str(64 << 20), str(128 << 20), 0.5)
    assert service["ulimits"] == {"nofile": {"soft": 1, "hard": 2}}
    assert service["healthcheck"] == {"test": ["CMD-SHELL", "true"], "interval": "5s"}
    assert (service["entrypoint"], service["command"]) == (["sh"], ["-c", "echo $$A"])
    assert service["logging"] == {"driver": "local", "options": {"max-size": "1m"}}
    assert service["stop_grace_period"] == "7s"
    assert [(v["type"], v["source"], v["target"], v["read_only"]) for v in service["volumes"]] == [
        ("volume", "data", "/data", True),
        ("bind", "/tmp", "/t", True),
    ]
