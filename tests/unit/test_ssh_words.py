"""What OpenSSH prints becomes a kind, a reason and what to do; nothing that a server sends steers a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.ssh_address import SshAddress
from tui.engine.ssh_words import clean_lines, remote_failure, socket_failure, ssh_failure

BOX = SshAddress("box", "me", 2222)

CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Offending ECDSA key in /home/me/.ssh/known_hosts:3
Host key verification failed."""

CASES = [
    (CHANGED, "ssh", "the host key of box is not the one that is known", "ssh-keygen -R box"),
    ("Host key verification failed.", "ssh asks", "the host key of box is not known yet", "F5"),
    ("me@box: Permission denied (publickey,password).", "ssh asks", "box takes no key", "F5"),
    ("Received disconnect from 10.0.0.5 port 22:2: Too many authentication failures", "ssh", "too many keys",
     "IdentitiesOnly"),
    ("ssh: Could not resolve hostname box: Name or service not known", "unreachable", "has the name box", "spelling"),
    ("ssh: connect to host box port 22: Connection refused", "refused", "port 22: Connection refused", "sshd"),
    ("ssh: connect to host box port 22: Connection timed out", "timed out", "timed out", "is the machine up"),
    ("ssh: connect to host box port 22: No route to host", "timed out", "No route", "is the machine up"),
    ("kex_exchange_identification: Connection closed by remote host\nConnection closed by 10.0.0.5 port 22", "ssh",
     "sshd of box closed the connection", "MaxStartups"),
    ("Bad owner or permissions on /home/me/.ssh/config", "ssh", "Bad owner", "configuration"),
    ("Unable to negotiate with 10.0.0.5 port 22: no matching cipher found.", "ssh", "no matching cipher", "too old"),
    ("something new", "ssh", "something new", "ssh me@box"),
    ("", "ssh", "ssh ended with 255", "ssh me@box"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "kind", "words", "hint"), CASES)
def test_what_ssh_says(said: str, kind: str, words: str, hint: str) -> None:
    error = ssh_failure(BOX, said.splitlines(), 255, asked=False)
    assert (error.kind, error.endpoint) == (kind, "ssh://me@box:2222")
    assert words in error.detail
    assert hint in error.hint


def test_who_was_asked_is_not_asked_again() -> None:
    denied = ["me@box: Permission denied (publickey,password)."]
    error = ssh_failure(BOX, denied, 255, asked=True)
    assert (error.kind, error.detail) == ("ssh", denied[0])
    assert ssh_failure(BOX, [], -2, asked=True).detail == "given up"
    assert "signal 9" in ssh_failure(BOX, [], -9, asked=False).detail


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("sh: 1: docker: not found", "no socket"),
        ("bash: line 1: docker: command not found", "no socket"),
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "no socket",
        ),
        ("failed to connect to the docker API at unix:///var/run/docker.sock", "no socket"),
        ("permission denied while trying to connect to the Docker daemon socket", "permission denied"),
        ("This account is currently not available.", "unreachable"),
        ("", "unreachable"),
    ],
)
def test_what_the_remote_docker_says(said: str, kind: str) -> None:
    error = remote_failure(BOX, clean_lines(said.encode()))
    assert error.kind == kind
    assert error.hint


def test_what_is_wrong_with_a_remote_socket() -> None:
    for state, kind in (("none", "no socket"), ("denied", "permission denied"), ("socket", "refused")):
        error = socket_failure(BOX, "/run/d.sock", state)
        assert (error.kind, "/run/d.sock" in error.detail, bool(error.hint)) == (kind, True, True)


@given(st.binary(max_size=200))
def test_lines_have_nothing_that_steers_a_terminal(data: bytes) -> None:
    assert all(line.isprintable() or "\x1b" not in line for line in clean_lines(data))
    assert not any(character in line for line in clean_lines(data) for character in "\x00\x07\x1b\x7f\x9b\n\r")
