"""Completion scripts: what bash really offers, and that zsh and fish accept theirs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tui.__main__ import main
from tui.cli import SHELLS, build_parser
from tui.completion import completion_script, describe

FLAGS = [flag for verb in describe(build_parser()) for option in verb.options for flag in option.flags]


def offered(line: str, tmp_path: Path) -> set[str]:
    """What bash's completion offers at the end of *line*."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    words = line.split(" ")
    script = (
        f'{completion_script("bash", build_parser())}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_hythe\n'
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [bash, "--norc", "-uc", script, "bash", *words], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert done.stderr == ""
    return set(done.stdout.splitlines()) - {""}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("hythe --re", {"--read-only"}),
        ("hythe --the", {"--theme"}),
        ("hythe --theme hythe-", {"hythe-dark", "hythe-light"}),
        ("hythe --host ", set[str]()),
        ("hythe d", {"demo"}),
        ("hythe comp", {"completion"}),
        ("hythe completion ", {"-h", "--help", *SHELLS}),
        ("hythe demo --s", {"--socket", "--seed", "--swarm"}),
        ("hythe demo --seed ", set[str]()),
        ("hythe --config fi", {"file.toml"}),
        ("hythe demo --socket fi", {"file.toml"}),
        ("hythe --ascii --demo --v", {"--version"}),
    ],
)
def test_bash_offers(line: str, words: set[str], tmp_path: Path) -> None:
    (tmp_path / "file.toml").touch()
    assert offered(line, tmp_path) == words


def test_bash_offers_names_with_blanks_whole(tmp_path: Path) -> None:
    (tmp_path / "My Files").mkdir()
    assert offered("hythe --config My", tmp_path) == {"My Files"}


def test_bash_offers_the_names_of_contexts_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nprintf '%s\\n' web-1 'web two' 'we$(touch gone)b' other\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert offered("hythe -c we", tmp_path) == {"web-1", r"web\ two", r"we\$\(touch\ gone\)b"}
    assert not (tmp_path / "gone").exists()


def test_a_context_that_is_named_like_a_verb_is_none(tmp_path: Path) -> None:
    assert "--read-only" in offered("hythe -c demo --", tmp_path)
    assert "--socket" not in offered("hythe -c demo --", tmp_path)
    assert "--socket" in offered("hythe -c demo demo --", tmp_path)


def test_percent_signs_are_not_doubled() -> None:
    assert not any("%%" in option.help for verb in describe(build_parser()) for option in verb.options)


def test_bash_offers_every_option(tmp_path: Path) -> None:
    verbs = ("", "layers ", "demo ", "completion ")
    everything = {word for verb in verbs for word in offered(f"hythe {verb}", tmp_path)}
    assert everything == {*FLAGS, "layers", "demo", "completion", *SHELLS}


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_hold_every_option_and_parse(shell: str, tmp_path: Path) -> None:
    script = completion_script(shell, build_parser())
    for flag in FLAGS:
        assert (
            flag if shell != "fish" else f" {'-l' if flag.startswith('--') else '-s'} {flag.lstrip('-')} "
        ) in script
    if found := shutil.which(shell):
        file = tmp_path / "script"
        file.write_text(script)
        done = subprocess.run([found, "-n", str(file)], capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_names_of_groups_are_printed_for_the_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[groups]\nweb = ["a", "b"]\nall-of-it = ["a"]\n')
    monkeypatch.setenv("HYTHE_CONFIG", str(file))
    assert main(["completion", "groups"]) == 0
    assert capsys.readouterr().out == "all-of-it\nweb\n"
    for shell in SHELLS:
        assert "hythe completion groups" in completion_script(shell, build_parser())
