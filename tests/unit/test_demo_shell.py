"""The pretend shell: a few commands on files in memory."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.demo.clock import NS
from tui.demo.layers import Node, folder
from tui.demo.programs import KEPT_LINES, Script
from tui.demo.sessions import ShellSession
from tui.demo.shell import Shell, run_to_end
from tui.demo.shell_words import ShellSyntaxError, parse

ROOT = {"etc": folder(), "etc/name": Node(data=b"box\n"), "bin/tool": Node(mode=0o755)}


@pytest.mark.parametrize(
    ("script", "code", "output"),
    [
        ("echo hi", 0, "hi\n"),
        ("echo -n 'a  b' \"c\"", 0, "a  b c"),
        ("exit 3", 3, ""),
        ("false", 1, ""),
        ("false || echo no; true && echo yes", 0, "no\nyes\n"),
        ("A=1; echo $A ${B:-two} $((A+4))", 0, "1 two 5\n"),
        ("for i in 1 2; do echo $i; done", 0, "1\n2\n"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", 0, "3\n"),
        ("if test -f /etc/name; then cat /etc/name; else echo no; fi", 0, "box\n"),
        ("echo a | cat", 0, "a\n"),
        ("echo $(cat /etc/name)!", 0, "box!\n"),
        ("nosuch", 127, "sh: nosuch: not found\n"),
        ("tool", 0, ""),
        ("cat /none", 1, "cat: can't open '/none': No such file or directory\n"),
        ("echo x > /etc/new && cat /etc/new", 0, "x\n"),
        ("echo a > /f; echo b >> /f; cat /f", 0, "a\nb\n"),
        ("echo hidden >/dev/null; echo seen", 0, "seen\n"),
        ("echo x > /no/such/dir", 1, "sh: can't create /no/such/dir: nonexistent directory\n"),
        ("echo 'open", 2, "sh: syntax error: unterminated quoted string\n"),
        ("if true; then echo a", 2, "sh: syntax error: unexpected end of file\n"),
        ("echo $?; false; echo $?", 0, "0\n1\n"),
    ],
)
def test_scripts(script: str, code: int, output: str) -> None:
    assert run_to_end(["sh", "-c", script], ROOT, {})[:2] == (code, output.encode())


def test_changes_are_kept_apart_from_the_root() -> None:
    _, _, changed = run_to_end(["sh", "-c", "rm /etc/name; mkdir -p /a/b; echo 1 > /a/b/c"], ROOT, {})
    assert changed["etc/name"] is None
    assert changed["a/b/c"] is not None
    assert changed["a/b/c"].data == b"1\n"
    assert ROOT["etc/name"].data == b"box\n"


def test_time_passes_by_sleeping_only() -> None:
    steps = list(Shell(ROOT, {}).script(["sh", "-c", "echo a; sleep 1.5; echo b >&2; exit 4"]))
    assert [(s.offset_ns / NS, s.stream, s.data) for s in steps if s.data] == [(0, 1, b"a\n"), (1.5, 2, b"b\n")]
    assert (steps[-1].offset_ns / NS, steps[-1].exit_code) == (1.5, 4)


def test_an_endless_script_is_computed_only_as_far_as_its_time() -> None:
    script = Script(Shell(ROOT, {}).script(["sh", "-c", "while true; do echo tick; sleep 1; done"]))
    assert script.lines(10 * NS)[1] in (10, 11)
    assert script.exited(10 * NS) is None
    first, end = script.lines(30_000 * NS)
    assert end - first <= 2 * KEPT_LINES
    assert script.line(end - 1).data == b"tick\n"


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    # Any other exception fails the test.
    with contextlib.suppress(ShellSyntaxError):
        parse(text)


def test_a_terminal_echoes_and_ends_at_control_d() -> None:
    session = ShellSession(Shell(ROOT, {}), tty=True)
    assert b"".join(data for _, data in session.feed(b"echp\x7fo hi\r")) == b"echp\b \bo hi\nhi\n/ # "
    assert session.exit_code is None
    session.feed(b"false\r\x04")
    assert session.exit_code == 1
