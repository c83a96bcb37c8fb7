"""What ssh asks is asked on the terminal while hythe steps aside: host keys, passphrases, at the start and later."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ssh_server import SshServer, left_in, make_key, ssh_of
from terminal import Terminal, on_terminal
from waiting import until

ROOT = Path(__file__).resolve().parent.parent.parent
NewSshd = Callable[..., SshServer]
SECRET = "open sesame"


def asking(new_sshd: NewSshd) -> SshServer:
    """A server that nobody knows yet, and that takes one key, which has a passphrase."""
    server = new_sshd()
    for name in ("id_test", "id_test.pub"):
        (server.folder / name).unlink()
    make_key(server.folder / "id_test", SECRET)
    (server.folder / "authorized_keys").write_text((server.folder / "id_test.pub").read_text())
    (server.folder / "known_hosts").write_text("")
    return server


@asynccontextmanager
async def hythe(server: SshServer, socket: str, runtime: Path) -> AsyncIterator[Terminal]:
    env = os.environ | {"PATH": server.path, "TERM": "xterm-256color", "XDG_RUNTIME_DIR": str(runtime)}
    env.pop("SSH_ASKPASS", None)
    command = [sys.executable, "-m", "tui", "--host", f"{server.url}{socket}"]
    async with on_terminal(command, ROOT, env) as terminal:
        yield terminal


async def test_a_host_key_and_a_passphrase_at_the_start_and_again_when_the_line_broke(
    new_sshd: NewSshd, demo_socket: str, short_tmp: Path
) -> None:
    server = asking(new_sshd)
    async with hythe(server, demo_socket, short_tmp) as terminal:
        await terminal.until("continue connecting (yes/no")
        terminal.type("yes\n")
        await terminal.until("Enter passphrase for key")
        terminal.type(f"{SECRET}\n")
        shown = await terminal.until("● live")
        assert SECRET not in shown
        assert "containers" in shown

        os.kill(ssh_of(terminal.process.pid), signal.SIGKILL)
        await terminal.until("ssh asks: hythe-test takes no key that needs no answer")
        terminal.type("\x1b[15~")  # F5
        await terminal.until("Enter passphrase for key")
        terminal.type(f"{SECRET}\n")
        await terminal.until("● live")

        terminal.type("q")
        assert await terminal.ended() == 0
        assert not left_in(short_tmp)


async def test_ctrl_c_gives_up_and_wrong_answers_are_told(new_sshd: NewSshd, demo_socket: str, short_tmp: Path) -> None:
    server = asking(new_sshd)
    async with hythe(server, demo_socket, short_tmp) as terminal:
        await terminal.until("continue connecting (yes/no")
        terminal.type("\x03")
        await terminal.until("ssh: given up")
        assert not left_in(short_tmp)

        terminal.type("r")
        await terminal.until("continue connecting (yes/no")
        terminal.type("no\n")
        await terminal.until("ssh: Host key verification failed")

        terminal.type("q")
        assert await terminal.ended() == 0
        assert not left_in(short_tmp)


async def test_a_hangup_at_the_question_leaves_nothing(new_sshd: NewSshd, demo_socket: str, short_tmp: Path) -> None:
    server = asking(new_sshd)
    for number in (signal.SIGTERM, signal.SIGHUP):
        async with hythe(server, demo_socket, short_tmp) as terminal:
            await terminal.until("continue connecting (yes/no")
            terminal.process.send_signal(number)
            assert await terminal.ended() == 128 + number
            await until(lambda: not left_in(short_tmp))  # what hythe did not get to, its guard does
