"""What is shipped: the wheel and sdist hold what they must and nothing else, and the installed command runs."""

import os
import pty
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tui import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tui", "widgets", "themes")
SHIPPED = (".py", ".toml", ".tcss", ".typed")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed; what it said is in the failure."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty venv with the wheel alone in it, none of its dependencies."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    return folder


def in_checkout() -> set[str]:
    """The files of the checkout that the wheel must hold, by their paths in it."""
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in SHIPPED
    }
    return {f"hythe/_app/{name}" for name in files - {"tui/launcher.py"}} | {"hythe/__main__.py"}


def test_wheel_holds_the_program_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        assert archive.read("hythe/__main__.py") == (ROOT / "tui/launcher.py").read_bytes()
    information = f"hythe-{__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"hythe", information}
    assert {name for name in names if name.startswith("hythe/")} == in_checkout()
    assert {"hythe/_app/tui/app.tcss", "hythe/_app/themes/hythe-dark.toml"} <= names
    assert f"{information}/licenses/LICENSE" in names


def test_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        information = f"hythe-{__version__}.dist-info"
        metadata = archive.read(f"{information}/METADATA").decode()
        entries = archive.read(f"{information}/entry_points.txt").decode()
    assert f"\nVersion: {__version__}\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert re.search(r"\nRequires-Dist: textual<9,>=8\.2(\.\d+)?\n", metadata)
    assert "pytest" not in metadata.partition("\n\n")[0]
    assert "hythe = hythe.__main__:main" in entries


def test_sdist_can_be_built_and_tested(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = (
        "pyproject.toml",
        "Makefile",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "tests/conftest.py",
        "tui/launcher.py",
    )
    assert set(needed) <= names
    assert not [name for name in names if name.endswith(".pyc") or name.split("/")[0] in (".venv", ".git", "dist")]


def test_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    assert run(installed / "bin/hythe", "--version", cwd=tmp_path).stdout == f"hythe {__version__}\n"
    assert run(installed / "bin/python", "-m", "hythe", "--version", cwd=tmp_path).stdout == f"hythe {__version__}\n"
    assert "--read-only" in run(installed / "bin/hythe", "--help", cwd=tmp_path).stdout
    assert "hythe-dark" in run(installed / "bin/hythe", "completion", "bash", cwd=tmp_path).stdout


def test_installation_without_its_dependencies_says_so_in_one_line(installed: Path, tmp_path: Path) -> None:
    """The venv lacks textual: on a terminal, that is the unexpected error."""
    controller, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [installed / "bin/hythe", "--demo"],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "TERM": "xterm", "TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]},
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    finally:
        os.close(terminal)
        os.close(controller)
    assert done.returncode == 1
    assert done.stderr.startswith("hythe: unexpected error: ModuleNotFoundError: No module named ")
    assert done.stderr.count("\n") == 1


def test_installed_packages_keep_out_of_the_way(installed: Path, tmp_path: Path) -> None:
    code = "import importlib.util as u; print([name for name in ('tui', 'widgets', 'themes') if u.find_spec(name)])"
    assert run(installed / "bin/python", "-c", code, cwd=tmp_path).stdout == "[]\n"
