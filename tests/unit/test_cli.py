"""The command line as a user meets it: help, version, exit codes, streams that are closed."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui import __main__ as entry
from tui import __version__, cli, exit_codes
from tui.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
HYTHE = [sys.executable, "-m", "tui"]


def hythe(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, without a terminal."""
    return subprocess.run(
        [*HYTHE, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("arguments", ["--version", "--help", "completion bash", "demo --help"])
def test_textual_and_aiohttp_stay_unimported(arguments: str) -> None:
    code = (
        "import sys\nfrom tui.__main__ import main\n"
        f"try: main({arguments.split()!r})\nexcept SystemExit as end: assert not end.code, end.code\n"
        "heavy = ('textual', 'rich', 'aiohttp', 'docker', 'msgspec')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.stderr == "[]\n"
    assert done.stdout


def test_who_asks_for_nothing_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, object]] = []

    def start(options: dict[str, object]) -> int:
        given.append({**options})
        return 0

    monkeypatch.setattr(entry, "run_dashboard", start)
    parsed = cli.build_parser().parse_args([])
    monkeypatch.setattr(cli, "build_parser", lambda: pytest.fail("a parser was built"))
    assert entry.main([]) == 0
    assert given == [{}]
    assert load_settings(vars(parsed)) == load_settings({})


def test_version() -> None:
    done = hythe("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"hythe {__version__}\n", "")


def test_help_tells_every_option_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        entry.main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    flags = (
        "--host",
        "--context",
        "--group",
        "--demo",
        "--read-only",
        "--theme",
        "--config",
        "--ascii",
        "--slow",
        "--version",
    )
    assert all(flag in text for flag in flags)
    codes = [value for name, value in vars(exit_codes).items() if name.isupper()]
    assert [
        int(code) for code in re.findall(r"^  (\d+) {2,}\w", text.partition("exit codes:")[2], re.MULTILINE)
    ] == codes
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hots", "x"], "see hythe --help"),
        (["--host"], "expected one argument"),
        (["--host", " "], "must not be empty"),
        (["--host", "x", "--demo"], "not allowed with"),
        (["--host", "x", "--context", "y"], "not allowed with"),
        (["--group", "x", "--context", "y"], "not allowed with"),
        (["--demo", "--group", "x"], "not allowed with"),
        (["--context", "x", "--context", ""], "must not be empty"),
        (["demo"], "--socket"),
        (["demo", "--socket", "/x", "--containers", "-1"], "whole number"),
        (["demo", "--socket", "/x", "--events-per-second", "nan"], "not a number"),
        (["layers"], "IMAGE"),
        (["layers", "x", "--max-waste", "much"], "no size such as"),
        (["layers", "x", "--max-waste", "-1"], "no size such as"),
        (["layers", "x", "--max-waste", "1TB"], "no size such as"),
        (["layers", "x", "--min-efficiency", "95"], "no share such as"),
        (["layers", "x", "--min-efficiency", "nan"], "no share such as"),
        (["layers", "x", "-H", "a", "-c", "b"], "not allowed with"),
        (["completion", "tcsh"], "choose from"),
        (["--rea"], "--rea"),
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        entry.main(arguments)
    assert end.value.code == exit_codes.USAGE
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert words in said


def test_a_wrong_shell_is_told_of_the_shells_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        entry.main(["completion", "WRONG"])
    said = capsys.readouterr().err
    assert all(shell in said for shell in ("bash", "zsh", "fish"))
    assert "groups" not in said


def test_limits_of_layers() -> None:
    parse = cli.build_parser().parse_args
    sizes = {"0": 0, "5000": 5000, "20MB": 20_000_000, "1.5 kb": 1500, "1GiB": 1 << 30, "3B": 3}
    assert {text: parse(["layers", "x", "--max-waste", text]).max_waste for text in sizes} == sizes
    shares = {"0.95": 0.95, "95%": 0.95, "1": 1.0, "0": 0.0}
    assert {text: parse(["layers", "x", "--min-efficiency", text]).min_efficiency for text in shares} == shares
    before, behind = parse(["-H", "unix:///a", "layers", "x"]), parse(["layers", "x", "-H", "unix:///a"])
    assert (before.host, before.contexts) == (behind.host, behind.contexts) == ("unix:///a", None)
    assert parse(["-c", "a", "layers", "x"]).contexts == parse(["layers", "x", "--context", "a"]).contexts == ["a"]


def test_several_contexts_and_groups() -> None:
    options = cli.build_parser().parse_args(["-c", "a", "--context", "b", "-c", "a"])
    assert options.contexts == ["a", "b", "a"]
    assert cli.build_parser().parse_args(["--group", "x", "--group", "y"]).groups == ["x", "y"]


def test_a_group_that_is_not_there_is_one_line_and_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(entry, "terminal_problem", lambda: None)
    assert entry.main(["--group", "pr\x1bod"]) == exit_codes.USAGE
    said = capsys.readouterr().err
    assert said.startswith("hythe: no group 'pr\\x1bod' in ")
    assert said.count("\n") == 1


def test_without_a_terminal() -> None:
    done = hythe()
    assert done.returncode == exit_codes.USAGE
    assert done.stdout == ""
    assert done.stderr.startswith("hythe: the dashboard needs a terminal")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_terminal(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *HYTHE],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
    )
    assert done.returncode == exit_codes.USAGE
    assert b"Traceback" not in done.stderr


def test_dumb_terminal() -> None:
    controller, terminal = pty.openpty()
    try:
        done = subprocess.run(
            HYTHE,
            cwd=ROOT,
            env=os.environ | {"TERM": "dumb"},
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE,
            timeout=30,
        )
    finally:
        os.close(terminal)
        os.close(controller)
    assert done.returncode == exit_codes.USAGE
    assert b"TERM is dumb" in done.stderr


def test_reader_that_went_away() -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen([*HYTHE, "completion", "zsh"], cwd=ROOT, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (exit_codes.PIPE_CLOSED, b"")


def raising(error: BaseException) -> object:
    def run(_options: object) -> int:
        raise error

    return run


def test_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(entry, "run", raising(KeyboardInterrupt()))
    assert entry.main([]) == exit_codes.INTERRUPTED == 128 + signal.SIGINT
    assert capsys.readouterr() == ("", "")


def test_unexpected_error_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(entry, "run", raising(RuntimeError("gone\nwrong")))
    assert entry.main([]) == exit_codes.UNEXPECTED
    said = capsys.readouterr().err
    assert re.fullmatch(r"hythe: unexpected error: RuntimeError: gone wrong; the traceback is in (\S+)\n", said)


def test_textuals_variables_are_set_before_it_is_imported_unless_the_user_set_them() -> None:
    code = (
        "import sys, os, types\nfrom tui import __main__ as entry\nentry.terminal_problem = lambda: None\n"
        "app = types.ModuleType('tui.app')\n"
        "def run_app(settings, first):\n    assert first.lists is None\n    import textual.constants as c\n"
        "    print(c.TEXTUAL_ANIMATIONS, c.SMOOTH_SCROLL, c.MAX_FPS, settings.theme, settings.read_only)\n"
        "    return 7\n"
        "app.run_app = run_app\nsys.modules['tui.app'] = app\n"
        "sys.exit(entry.main(['--theme', 'x', '--read-only']))"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("TEXTUAL_")} | {"TEXTUAL_FPS": "12"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == ("none False 12 x True\n", "", 7)
