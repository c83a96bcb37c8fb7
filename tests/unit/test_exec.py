"""Commands in containers: what is typed, the equal docker lines, the process number, the keys that leave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.helper import helper_body, helper_line, images_for
from tui.commands.shell import attach_line, attach_words, printed_words
from tui.engine.exec import PidMark, telling_its_pid
from tui.model.containers import Container
from tui.model.exec_spec import ExecSpec, check_command, command_words, exec_line
from tui.model.images import Image
from widgets.lent_terminal import DetachKeys

WEB = Container(id="a" * 64, name="web", image="web:1", state="running", image_id="sha256:web")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ls -l '/a b'", ("ls", "-l", "/a b")),
        ("ls | wc -l", ("sh", "-c", "ls | wc -l")),
        ("echo $HOME", ("sh", "-c", "echo $HOME")),
        ("a; b", ("sh", "-c", "a; b")),
        ("ls > /tmp/x", ("sh", "-c", "ls > /tmp/x")),
        ("sh -c 'a; b'", ("sh", "-c", "a; b")),
    ],
)
def test_a_command_as_typed(text: str, words: tuple[str, ...]) -> None:
    assert command_words(text) == words


def test_what_is_no_command_is_told() -> None:
    assert check_command("ls") is None
    assert check_command("  ") == "no command"
    assert "quote" in (check_command("echo 'a") or "")


def test_the_docker_line_has_every_option_and_no_secret() -> None:
    spec = ExecSpec(("sh", "-c", "a b"), True, "me:1", "/w w", ("A=1", "TOKEN=x"), True)
    line = exec_line("web", spec, lambda name, _: name == "TOKEN")
    assert line == (
        "docker exec -it --user me:1 --workdir '/w w' --env A=1 --env TOKEN=*** --privileged web sh -c 'a b'"
    )
    assert exec_line("web", ExecSpec(("ls",))) == "docker exec web ls"


@given(st.binary(max_size=40), st.integers(0, 10**7), st.lists(st.integers(0, 60), max_size=4))
def test_the_process_number_is_taken_out_wherever_the_output_is_cut(rest: bytes, pid: int, cuts: list[int]) -> None:
    data = b"\x1e%d\x1e" % pid + rest
    mark, out, at = PidMark(), b"", 0
    for cut in [*sorted(cuts), len(data)]:
        out += mark(data[at:cut])
        at = max(at, cut)
    assert (mark.pid, out) == (pid, rest)


@given(st.binary(min_size=1, max_size=60).filter(lambda data: data[:1] != b"\x1e"), st.integers(1, 60))
def test_output_without_a_number_is_passed_on_whole(data: bytes, cut: int) -> None:
    mark = PidMark()
    assert mark(data[:cut]) + mark(data[cut:]) == data
    assert mark.pid is None


def test_a_command_is_what_the_shell_becomes() -> None:
    assert telling_its_pid("/bin/sh", ("top", "-b"))[0] == "/bin/sh"
    assert telling_its_pid("/bin/sh", ("top", "-b"))[-2:] == ("top", "-b")


@pytest.mark.parametrize(
    ("typed", "passed", "leaves"),
    [
        ([b"ls\r"], b"ls\r", False),
        ([b"\x10\x11"], b"", True),
        ([b"a\x10", b"\x11b"], b"a", True),
        ([b"\x10x"], b"\x10x", False),
        ([b"\x10\x10\x11"], b"\x10", True),
        ([b"\x11\x10"], b"\x11", False),
        ([b"\x03"], b"\x03", False),
        ([b"a\x1b[112;5u", b"\x1b[113;5ub"], b"a", True),  # as kitty has it
        ([b"\x1b[112;5:1u\x1b[112;5:3u\x1b[113;5:1u"], b"", True),  # with the keys' releases
        ([b"\x1b[27;5;112~\x1b[27;5;113~"], b"", True),  # as xterm has it
        ([b"\x1b[112;5u\x1b[113;6u"], b"\x1b[112;5u\x1b[113;6u", False),
        ([b"\x1b[48;5u\x11"], b"\x1b[48;5u\x11", False),
        ([b"\x1b[112;5:3u"], b"\x1b[112;5:3u", False),
    ],
)
def test_the_keys_that_leave(typed: list[bytes], passed: bytes, leaves: bool) -> None:
    keys, out, left = DetachKeys(), b"", False
    for data in typed:
        part, left = keys.feed(data)
        out += part
    assert (out, left) == (passed, leaves)


def test_ctrl_c_leaves_where_nothing_is_typed() -> None:
    assert DetachKeys(also=b"\x03").feed(b"a\x03b") == (b"a", True)
    assert DetachKeys(also=b"\x03").feed(b"a\x1b[99;5ub") == (b"a", True)


def test_attach_says_what_the_keys_do() -> None:
    assert "ctrl+c reaches the process" in " ".join(attach_words(tty=True, stdin=True, once=False, tls=False))
    blind = " ".join(attach_words(tty=True, stdin=False, once=False, tls=False))
    assert "ctrl+c does not reach the process" in blind
    once = attach_words(tty=False, stdin=True, once=True, tls=True)
    assert "ctrl+d cannot end its input over TLS" in once
    assert "may end it" in once[-1]
    assert attach_line("web", tty=True, stdin=True) == "docker attach web"
    assert attach_line("web", tty=False, stdin=False) == "docker attach --no-stdin --sig-proxy=false web"


def test_a_helper_shares_what_it_may() -> None:
    private = helper_body(WEB, "busybox", "private")
    assert private["HostConfig"] == {
        "PidMode": f"container:{WEB.id}", "NetworkMode": f"container:{WEB.id}", "VolumesFrom": [WEB.id],
    }  # fmt: skip
    assert "--ipc" not in helper_line(WEB, "busybox", private)
    shared = helper_body(WEB, "busybox", "shareable")
    assert helper_line(WEB, "busybox:latest", shared) == (
        "docker run --rm -it --pid=container:web --network=container:web --ipc=container:web --volumes-from=web "
        "--entrypoint=sh busybox:latest"
    )


def test_images_that_likely_have_a_shell_are_offered_first_and_the_own_one_not_at_all() -> None:
    images = [
        Image("sha256:web", ("web:1",)), Image("1", ("app:1",)), Image("2"), Image("3", ("alpine:3",)),
        Image("4", ("library/busybox:latest",)),
    ]  # fmt: skip
    assert [value for value, _, _ in images_for(images, WEB)] == ["4", "3", "1"]


def test_words_of_what_was_printed_are_one_line() -> None:
    assert (
        printed_words(b"\r\nOCI runtime exec\r\n failed\xff\r\n") == "OCI runtime exec failed\N{REPLACEMENT CHARACTER}"
    )
