"""What is to be run inside a container that runs already, and the `docker exec` line that it equals."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tui.model.shell_line import split_line


class ExecSpec(msgspec.Struct, frozen=True):
    """A command and how it is run. `tty`: on a terminal, with what is typed as its input; else its output alone."""

    command: tuple[str, ...]
    tty: bool = False
    user: str = ""
    workdir: str = ""
    env: tuple[str, ...] = ()
    privileged: bool = False

    def body(self, argv: Sequence[str] = ()) -> dict[str, Any]:
        """Return the body of `POST /containers/{id}/exec`; `argv` runs in place of the command where it is given."""
        body: dict[str, Any] = {
            "Cmd": list(argv or self.command),
            "Tty": self.tty,
            "AttachStdin": self.tty,
            "AttachStdout": True,
            "AttachStderr": True,
            "Privileged": self.privileged,
        }
        optional = {"User": self.user, "WorkingDir": self.workdir, "Env": list(self.env)}
        return body | {name: value for name, value in optional.items() if value}


def exec_line(name: str, spec: ExecSpec, hidden: Callable[[str, str], bool] | None = None) -> str:
    """Return the docker line for a container of that name; values of variables for which `hidden` holds are masked."""
    words = ["docker", "exec"]
    if spec.tty:
        words.append("-it")
    if spec.user:
        words += ["--user", shlex.quote(spec.user)]
    if spec.workdir:
        words += ["--workdir", shlex.quote(spec.workdir)]
    for pair in spec.env:
        key, _, value = pair.partition("=")
        masked = hidden is not None and hidden(key, value)
        words += ["--env", f"{shlex.quote(key)}=***" if masked else shlex.quote(pair)]
    if spec.privileged:
        words.append("--privileged")
    return " ".join([*words, shlex.quote(name), *map(shlex.quote, spec.command)])


def command_words(text: str) -> tuple[str, ...]:
    """Return the argument vector of a command as typed: its words, or, with what only a shell does, `sh -c TEXT`.

    Raises:
        ValueError: there is no command, or a quote is left open; says so.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        raise ValueError("a quote is left open, or a backslash is the last character") from None
    if not words:
        raise ValueError("no command")
    split = split_line(text)
    return ("sh", "-c", text.strip()) if split.problems or len(split.commands) != 1 else words


def check_command(text: str) -> str | None:
    """Return what is wrong with a command as typed, or None."""
    try:
        command_words(text)
    except ValueError as error:
        return str(error)
    return None
