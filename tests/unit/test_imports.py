"""Who may import whom: the contracts of pyproject.toml hold, and what runs agrees with what is written."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import textual.widgets

from tui.commands.registry import BY_ID
from tui.first_paint import DRAWING, DRAWING_GROUPS

ROOT = Path(__file__).resolve().parents[2]
CORE = ("model", "engine", "store", "present", "demo")


def modules(package: str) -> list[str]:
    """The dotted names of all modules of one of our packages."""
    files = (path.relative_to(ROOT) for path in (ROOT / package).rglob("*.py"))
    return sorted(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files)


def imported_by(names: list[str], *watched: str) -> str:
    """Which of the *watched* packages are there once all of *names* were imported, in a process of its own."""
    code = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print(*(name for name in {watched!r} if name in sys.modules))"
    )
    return output_of(code)


def output_of(code: str) -> str:
    """What some Python prints, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.strip()


def test_import_contracts() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("package", CORE)
def test_core_runs_without_a_terminal(package: str) -> None:
    names = modules(f"tui/{package}")
    assert names
    assert imported_by(names, "textual", "rich") == ""


@pytest.mark.parametrize("package", ["tui/model", "tui/present"])
def test_pure_packages_pull_in_no_http(package: str) -> None:
    assert imported_by(modules(package), "aiohttp", "docker", "textual") == ""


def test_the_first_names_wait_for_no_dear_import() -> None:
    """Each of these takes as long as drawing the names does."""
    dear = (
        "argparse", "asyncio", "dataclasses", "inspect", "ssl", "logging", "difflib", "hashlib", "json", "tomllib",
        "textual", "rich.style", "aiohttp",
    )  # fmt: skip
    drawn = ["tui.settings", "tui.first_paint", "tui.engine.early", "tui.engine.endpoint", *DRAWING, *DRAWING_GROUPS]
    code = (
        "import importlib, os, sys, tui.__main__\n"
        "os.environ['XDG_CONFIG_HOME'] = os.environ['XDG_STATE_HOME'] = '/nowhere'\n"
        "tui.__main__.import_msgspec()\n"
        f"for name in {drawn!r}: importlib.import_module(name)\n"
        "from tui.first_paint import PLAIN, colours_of\nfrom tui.settings import Settings, load_settings\n"
        "load_settings({})\nassert colours_of(Settings()) != PLAIN\n"
        f"print(*(name for name in {dear!r} if name in sys.modules))"
    )
    assert output_of(code) == ""


def test_settings_and_command_line_are_light() -> None:
    light = ["tui.cli", "tui.completion", "tui.crash", "tui.keymap", "tui.paths"]
    assert imported_by(light, "textual", "rich", "aiohttp", "docker", "asyncio", "msgspec") == ""
    assert imported_by(["tui.settings", "tui.state_file"], "textual", "rich", "aiohttp", "docker", "asyncio") == ""


def test_what_few_ask_for_is_not_imported_at_the_start() -> None:
    late = (
        "tarfile", "regex", "docker", "csv", "tui.jobs.build", "tui.engine.transfers", "tui.engine.exec",
        "tui.engine.files", "tui.model.run_line", "tui.demo",
    )  # fmt: skip
    assert imported_by(["tui.app"], *late) == ""


def test_the_code_of_a_command_is_not_imported_to_tell_of_it() -> None:
    """Its key, title and hint, in footer, help and palette."""
    here = ("tui.commands.general", "tui.commands.later", "tui.commands.left_behind", "tui.commands.session")
    code = {command.run.__module__ for command in BY_ID.values()} - {*here}
    assert {"tui.commands.containers", "tui.commands.shell", "tui.commands.projects"} <= code
    told = ["tui.app", "tui.screens.help", "tui.screens.palette"]
    assert imported_by(told, *(name for name in code if ".tables" not in name)) == ""


def test_no_binding_has_the_names_of_characters_read() -> None:
    code = (
        "import unicodedata\nasked = []\n"
        "unicodedata.name = lambda char, *default: asked.append(char) or 'x'\nimport tui.app\nprint(asked)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("id", BY_ID)
def test_what_a_command_names_for_later_is_there(id: str) -> None:
    command = BY_ID[id]
    for named in (command.run, command.available):
        if named is not None and named.__module__.startswith("tui.commands.") and "<" not in named.__qualname__:
            assert callable(getattr(importlib.import_module(named.__module__), named.__name__))


def test_widgets_have_never_heard_of_docker() -> None:
    assert imported_by(modules("widgets"), "tui", "aiohttp", "docker", "themes") == ""


def test_every_module_says_its_reason_to_exist() -> None:
    for package in ("tui", "widgets", "themes"):
        for path in (ROOT / package).rglob("*.py"):
            assert path.read_text().startswith('"""'), path


def test_no_class_has_the_name_of_a_widget_of_textual() -> None:
    """Styles go by the names of classes: one's own would get Textual's as soon as that widget is shown anywhere."""
    files = [path for package in ("tui/screens", "widgets") for path in (ROOT / package).rglob("*.py")]
    names = {match for path in files for match in re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE)}
    assert not names & set(textual.widgets.__all__)
