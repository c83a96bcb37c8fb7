"""Fixtures every ring shares: a home of its own for each test, and the engines that tests run against."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

import engines
import order
import private_engine
import quiet
from certificates import Certificates, make_certificates
from ssh_server import SshServer, find_sshd, ssh_server
from ways import KINDS, Way

ROOT = Path(__file__).resolve().parent.parent
DEMO = "demo"

# no deadline: a busy machine is no failure; with CI the same examples each time, so that a failure is the change's own
hypothesis.settings.register_profile("hythe", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("hythe")


quiet.install()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two processes a core: what waits for daemons and programs stands beside what calculates."""
    affinity = getattr(os, "sched_getaffinity", None)
    return 2 * (len(affinity(0)) if affinity is not None else os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first where processes share them (`--no-loadscope-reorder` leaves it at that)."""
    if hasattr(config, "workerinput"):
        places = order.file_order(item.path for item in items)
        items.sort(key=lambda item: places[item.path])


@pytest.fixture(autouse=True)
def still_stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no clock of the machine change what a test sees that uses the stage of the screens."""
    if any(getattr(part, "__module__", "") == "stage" for part in vars(request.module).values()):
        import stage

        stage.stand_still(monkeypatch)


@pytest.fixture(autouse=True)
def isolated_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that no other test and no developer has written to; it is made when something writes there."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("CONFIG", ".config"),
        ("STATE", ".local/state"),
        ("CACHE", ".cache"),
        ("DATA", ".local/share"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    return home


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A temporary folder whose path is short enough for a unix socket (108 bytes at most)."""
    folder = Path(tempfile.mkdtemp(prefix="hy-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@lru_cache(maxsize=1)
def _real_engines() -> tuple[engines.RealEngine, ...]:
    return tuple(engines.real_engines())


def _real_params() -> list[object]:
    """A parameter for each real engine; without one, a parameter that skips and says what is missing."""
    found = _real_engines()
    if found:
        return [pytest.param(engine, id=f"engine-{engine.version}", marks=pytest.mark.engine) for engine in found]
    named = engines.named_sockets()
    reason = f"no engine answers at {', '.join(named)}" if named else "no real engine: HYTHE_TEST_ENGINES is not set"
    return [pytest.param(None, id="engine-none", marks=[pytest.mark.engine, pytest.mark.skip(reason=reason)])]


def _own_params() -> list[object]:
    """A parameter for each folder of binaries that an engine of a test's own can be started from; or one that skips."""
    reason = private_engine.why_not()
    if reason is None:
        folders = private_engine.binary_folders()
        return [pytest.param(folder, id=f"own-{folder.parent.name}", marks=pytest.mark.engine) for folder in folders]
    if engines.engines_required():
        raise RuntimeError(reason)
    return [pytest.param(None, id="own-none", marks=[pytest.mark.engine, pytest.mark.skip(reason=reason)])]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `engine_socket` on the demo engine and each real one, `real_engine` on the real ones.

    One that takes `own_engine` gets a real engine of its own, of each version that can be started here.
    """
    if "engine_socket" in metafunc.fixturenames:
        metafunc.parametrize("engine_socket", [pytest.param(DEMO, id=DEMO), *_real_params()], indirect=True)
    if "real_engine" in metafunc.fixturenames:
        metafunc.parametrize("real_engine", _real_params(), indirect=True)
    if "own_engine" in metafunc.fixturenames:
        metafunc.parametrize("own_engine", _own_params(), indirect=True)


@pytest.fixture
def engine_socket(request: pytest.FixtureRequest) -> str:
    """The path of the unix socket of an engine: the demo engine, then each real one."""
    if request.param == DEMO:
        return request.getfixturevalue("demo_socket")
    return request.param.socket


@pytest.fixture
def real_engine(request: pytest.FixtureRequest) -> engines.RealEngine:
    """A real engine, each in turn."""
    return request.param


@pytest.fixture
def own_engine(request: pytest.FixtureRequest) -> Iterator[private_engine.PrivateEngine]:
    """A real engine that nobody else uses, to be stopped, killed, frozen and started again."""
    with private_engine.private_engine(request.param) as engine:
        yield engine


@pytest.fixture(scope="session")
def demo_socket() -> Iterator[str]:
    """The socket of a demo engine that runs in a process of its own, started as a user starts it."""
    folder = Path(tempfile.mkdtemp(prefix="hy-demo-", dir="/tmp"))
    path = folder / "docker.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "demo", "--socket", str(path), "--containers", "12", "--seed", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    try:
        if str(path) not in ready:
            process.kill()
            pytest.fail(f"the demo engine ended with {process.wait()} before it was ready; it said {ready!r}")
        yield str(path)
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """Certificates, good and bad; skips without the openssl command, or fails when engines are required."""
    if shutil.which("openssl") is None:
        _missing("no openssl command to make certificates with")
    folder = Path(tempfile.mkdtemp(prefix="hy-certs-", dir="/tmp"))
    yield make_certificates(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=KINDS)
def way(request: pytest.FixtureRequest) -> Way:
    """Each transport in turn."""
    kind: str = request.param
    return Way(
        kind,
        request.getfixturevalue("certificates") if kind == "tls" else None,
        request.getfixturevalue({"ssh": "sshd", "ssh-stdio": "stdio_sshd"}[kind]) if kind.startswith("ssh") else None,
    )


@pytest.fixture(scope="session")
def sshd() -> Iterator[SshServer]:
    """An sshd as it comes; skips without OpenSSH's programs, or fails when engines are required."""
    with _some_sshd() as server:
        yield server


@pytest.fixture(scope="session")
def stdio_sshd(docker_cli: str) -> Iterator[SshServer]:
    """An sshd that forwards nothing, with a docker command on its sessions' PATH."""
    path = f"{Path(docker_cli).parent}:{os.environ.get('PATH', '')}"
    with _some_sshd("DisableForwarding yes", environment={"PATH": path}) as server:
        yield server


@pytest.fixture
def new_sshd() -> Iterator[Callable[..., SshServer]]:
    """A function that runs an sshd of the test's own: `new_sshd("Option value", environment={…})`."""
    with ExitStack() as stack:
        yield lambda *options, **more: stack.enter_context(_some_sshd(*options, **more))


@contextmanager
def _some_sshd(*options: str, environment: Mapping[str, str] | None = None) -> Iterator[SshServer]:
    if find_sshd() is None or shutil.which("ssh") is None:
        _missing("no sshd or no ssh: install openssh-server and openssh-client")
    with (
        tempfile.TemporaryDirectory(prefix="hy-ssh-", dir="/tmp") as folder,
        ssh_server(Path(folder), *options, environment=environment) as server,
    ):
        yield server


def _missing(what: str) -> NoReturn:
    """Skip, or fail when everything that tests need is required to be there."""
    if engines.engines_required():
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def docker_cli() -> str:
    """The path of a docker CLI; skips without one, or fails when engines are required."""
    found = engines.docker_cli()
    if found is None:
        _missing("no docker CLI: set HYTHE_TEST_DOCKER_CLI")
    return found
