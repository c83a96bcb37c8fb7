"""The docker CLI and hythe on one context store: each sees what the other wrote, and both write the same."""

import json
import os
import shlex
import stat
import subprocess
from pathlib import Path

import msgspec
import pytest

from tui.engine.context_store import ContextStore, StoredContext
from tui.model.context_spec import ContextSpec, check_name, create_line, remove_line, update_line, use_line

TLS = Path(__file__).parent.parent / "unit" / "data" / "tls"
CA, CERT, KEY = (str(TLS / name) for name in ("ca.pem", "cert.pem", "key.pem"))


class Cli:
    """The docker CLI on a configuration folder of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.store = ContextStore(folder)

    def run(self, line: str, code: int = 0) -> str:
        """Run a line that begins with `docker`, and return what it prints."""
        words = shlex.split(line)
        assert words.pop(0) == "docker"
        env = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        done = subprocess.run(
            [self.program, *words],
            env=env | {"DOCKER_CONFIG": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done
        return done.stdout + done.stderr

    def current(self) -> list[str]:
        """Return the names that the CLI marks as the current context."""
        lines = self.run("docker context ls --format '{{.Name}} {{.Current}}'").splitlines()
        return [line.removesuffix(" true") for line in lines if line.endswith(" true")]

    def found(self, name: str) -> StoredContext:
        stored = self.store.find(name)
        assert stored is not None
        return stored


@pytest.fixture
def theirs(docker_cli: str, tmp_path: Path) -> Cli:
    return Cli(docker_cli, tmp_path / "theirs")


@pytest.fixture
def ours(docker_cli: str, tmp_path: Path) -> Cli:
    return Cli(docker_cli, tmp_path / "ours")


def written(folder: Path) -> dict[str, object]:
    """Every file and folder of the contexts with its mode, JSON files by what they mean."""
    found: dict[str, object] = {}
    for path in (folder / "contexts").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        content: object = None
        if path.is_file():
            content = json.loads(path.read_bytes()) if path.suffix == ".json" else path.read_bytes()
        found[str(path.relative_to(folder))] = (mode, content)
    return found


SPECS = {
    "socket": ContextSpec("local.1", "", "unix:///run/a,b.sock"),
    "tcp": ContextSpec("plain", 'says "hi" <b>é', "tcp://10.0.0.5:2375"),
    "ssh": ContextSpec("far+away", "over there", "ssh://me@box:2222"),
    "tls": ContextSpec("secure", "", "tcp://h:2376", CA, CERT, KEY),
    "ca": ContextSpec("server_only", "", "tcp://h:2376", CA, skip_tls_verify=True),
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_create_writes_what_the_line_writes(theirs: Cli, ours: Cli, spec: ContextSpec) -> None:
    theirs.run(create_line(spec))
    ours.store.create(spec)
    assert written(ours.folder) == written(theirs.folder)


def test_paths_with_commas_and_quotes_reach_the_cli(theirs: Cli, tmp_path: Path) -> None:
    odd = tmp_path / 'a,"b" c.pem'
    odd.write_bytes(Path(CA).read_bytes())
    spec = ContextSpec("secure", "", "tcp://h:2376", str(odd))
    theirs.run(create_line(spec))
    assert Path(theirs.found("secure").spec.ca).read_bytes() == odd.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"description": "other words"},
        {"host": "tcp://i:2376"},
        {"skip_tls_verify": True, "description": "both"},
        {"cert": "", "key": ""},
    ],
    ids=str,
)
def test_update_writes_what_the_line_writes(theirs: Cli, ours: Cli, change: dict[str, object]) -> None:
    for side in (theirs, ours):
        side.store.create(msgspec.structs.replace(SPECS["tls"], description="words"))
    theirs.run(update_line(theirs.found("secure").spec, msgspec.structs.replace(theirs.found("secure").spec, **change)))
    before = ours.found("secure")
    ours.store.update(before, msgspec.structs.replace(before.spec, **change))
    assert written(ours.folder) == written(theirs.folder)


def test_the_cli_sees_ours(ours: Cli) -> None:
    for spec in SPECS.values():
        ours.store.create(spec)
    listed = ours.run("docker context ls --format '{{.Name}} {{.DockerEndpoint}}'").splitlines()
    default = "default unix:///var/run/docker.sock"
    assert sorted(listed) == sorted([default, *(f"{spec.name} {spec.host}" for spec in SPECS.values())])
    (inspected,) = json.loads(ours.run("docker context inspect secure"))
    assert inspected["TLSMaterial"] == {"docker": ["ca.pem", "cert.pem", "key.pem"]}
    assert inspected["Endpoints"]["docker"] == {"Host": "tcp://h:2376", "SkipTLSVerify": False}
    ours.store.use("secure")
    assert ours.current() == ["secure"]
    ours.run(use_line("plain"))
    assert ours.store.current() == "plain"
    ours.store.use("default")
    assert ours.current() == ["default"]
    ours.store.remove([ours.found(spec.name) for spec in SPECS.values()])
    assert ours.run("docker context ls --format '{{.Name}}'").splitlines() == ["default"]


def test_we_see_theirs(theirs: Cli) -> None:
    for spec in SPECS.values():
        theirs.run(create_line(spec))
    found = {stored.name: stored for stored in theirs.store.contexts()}
    assert not any(stored.problem for stored in found.values())
    for spec in SPECS.values():
        bare = {"ca": "", "cert": "", "key": ""}
        stored = msgspec.structs.replace(found[spec.name].spec, **bare)
        assert stored == msgspec.structs.replace(spec, **bare)
        for field in bare:
            path = getattr(found[spec.name].spec, field)
            assert bool(path) == bool(getattr(spec, field))
            assert not path or Path(path).read_bytes() == Path(getattr(spec, field)).read_bytes()
    theirs.run(use_line("plain"))
    assert theirs.store.current() == "plain"


def test_removal_leaves_what_the_line_leaves(theirs: Cli, ours: Cli) -> None:
    for side in (theirs, ours):
        side.store.create(SPECS["tls"])
        side.store.create(SPECS["tcp"])
        side.store.use("secure")
    assert "is in use" in theirs.run(remove_line(["secure"], force=False), code=1)
    theirs.run(remove_line(["secure"], force=True))
    ours.store.remove([ours.found("secure")])
    assert written(ours.folder) == written(theirs.folder)
    assert (ours.store.current(), theirs.store.current()) == ("default", "default")


@pytest.mark.parametrize("name", ["a", "../x", "a/b", "x y", "default", "é1", "ab+c", "a.b", "-ab", "9z", "a\x1bb"])
def test_the_same_names_are_taken(theirs: Cli, name: str) -> None:
    line = create_line(ContextSpec("--", "", "unix:///x")) + " " + shlex.quote(name)
    theirs.run(line, code=0 if check_name(name) is None else 1)
