"""A shell inside a container, on the user's terminal, and the terminal of its main process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from shlex import quote
from typing import Any

from tui.commands.command import Context, Ui
from tui.commands.helper import offer_helper
from tui.commands.history import Entry
from tui.commands.lending import Left, Lent
from tui.commands.running import allowed
from tui.commands.session import Session
from tui.engine.errors import ApiError, EngineError, NotFound
from tui.engine.exec import ExecState, PidMark, telling_its_pid
from tui.model.containers import Container
from tui.model.exec_spec import ExecSpec, exec_line
from tui.present.secrets import looks_secret

COMES_BACK = "exit or ctrl+p ctrl+q comes back to hythe"
Ender = Callable[[], Awaitable[bool]]
"""Ends what was left; returns whether it has ended."""

CANNOT_RUN = (126, 127)
"""What a command ends with that is not executable, or not there."""


async def shell(context: Context) -> None:
    """Open the best shell that the container has, on the user's terminal."""
    target, session = context.containers[0], context.session
    context.ui.check_terminal()
    title = f"Open a shell in {target.name} on {session.name}?"
    lines, names = [f"{target.name}  ({target.image})"], [target.name]
    if not await allowed(context, "guarded", title, lines, names=names, label="Open a shell", host_told=True):
        return
    found = await shell_of(session, target)
    if found is None:
        await offer_helper(session, context.ui, target)
    else:
        await open_exec(session, context.ui, target, ExecSpec((found,), tty=True), found)


async def shell_as(context: Context) -> None:
    """Ask for user, folder and command first."""
    context.ui.check_terminal()
    context.ui.open("exec", session=context.session, container=context.containers[0])


async def one_off(context: Context) -> None:
    """Ask for a command, and show its output in each of the containers, of all hosts."""
    context.ui.view("one_off")


async def shell_of(session: Session, target: Container) -> str | None:
    """Return the path of the container's best shell, or None."""
    engine = session.engine
    made = await engine.containers.made(target.id)
    return await engine.execs.find_shell(target.id, made.config.env or ())


async def open_exec(session: Session, ui: Ui, target: Container, spec: ExecSpec, shell: str | None) -> None:
    """Run a command of the container on the user's terminal, and say how it ended.

    `shell`: the path of a shell there, by which the command can be ended when it is left.
    """
    execs = session.engine.execs
    entry = session.history.begin(exec_line(target.name, spec, looks_secret), session.name)
    mark = PidMark()
    argv = telling_its_pid(shell, spec.command) if shell else spec.command
    with entry.closed_by_failure():
        exec_id = await execs.create(target.id, spec, argv)

        async def end() -> bool:
            if shell is None or mark.pid is None:
                return False
            return await execs.end(target.id, exec_id, shell, mark.pid)

        async with execs.start(exec_id, tty=True) as line:
            greeting = f"hythe: {spec.command[0]} in {target.name} on {session.name}; {COMES_BACK}"
            left = await ui.lend(
                Lent(line, greeting, resize=lambda columns, rows: execs.resize(exec_id, columns, rows), end=end,
                     screened=mark)
            )  # fmt: skip
            if left.how == "detached":
                await _leave_or_end(ui, target, spec, entry, end if mark.pid is not None else None)
                return
        state = await _state_after(session, exec_id, left)
    _tell_end(ui, entry, target, spec, left, state)


async def _leave_or_end(ui: Ui, target: Container, spec: ExecSpec, entry: Entry, end: Ender | None) -> None:
    """Ask what is to become of a command that was left while it runs: docker has no way back to it."""
    name = f"{spec.command[0]} in {target.name}"
    if end is None:
        entry.close("ok", "left running")
        ui.note(f"{name} goes on running: nothing can come back to it, and no shell there could end it", "warning")
        return
    lines = [f"{name} goes on running if it is left", "docker has no way to come back to it"]
    if not await ui.confirm(f"End {name}?", lines, label="End it"):
        entry.close("ok", "left running")
        ui.note(f"{name} goes on running")
    elif await end():
        entry.close("ok", "ended when it was left")
        ui.note(f"{name} was ended")
    else:
        entry.close("ok", "left running")
        ui.note(f"{name} could not be ended: it goes on running", "warning")


async def _state_after(session: Session, exec_id: str, left: Left) -> ExecState | None:
    """Return how a command stands whose stream has ended; None where it is not known any more."""
    if left.how == "signal":
        return None
    try:
        return await session.engine.execs.ended(exec_id)
    except NotFound:
        return None
    except EngineError as error:
        raise type_of_loss(left, error) from error


def type_of_loss(left: Left, error: EngineError) -> EngineError:
    """Return what to say of a stream that ended with the daemon away: the line's own words come first."""
    said = f"{left.error}; {error}" if left.error else f"the daemon went away: {error}"
    lost = EngineError(said)
    lost.hint = error.hint
    return lost


def _tell_end(ui: Ui, entry: Entry, target: Container, spec: ExecSpec, left: Left, state: ExecState | None) -> None:
    what = f"{spec.command[0]} in {target.name}"
    if left.how == "signal":
        entry.close("ok", "hythe ended")
    elif left.how == "lost":
        entry.close("failed", left.error)
        goes_on = "; it goes on running" if state is not None and state.running else ""
        ui.note(f"{what}: {left.error}{goes_on}", "error")
    elif state is None:
        entry.close("ok", "the container ended")
        ui.note(f"{what}: the container ended")
    elif state.running:
        entry.close("ok", "left running")
        ui.note(f"{what}: the daemon closed the connection; it goes on running", "warning")
    elif state.exit_code in CANNOT_RUN:
        words = printed_words(left.tail)
        entry.close("failed", f"exit {state.exit_code}: {words}")
        ui.note(f"{what}: exit {state.exit_code}: {words}", "error")
    else:
        entry.close("ok", f"exit {state.exit_code}")
        ui.note(f"{what}: exit {state.exit_code}")


def printed_words(tail: bytes) -> str:
    """Return the end of what was printed, as one line."""
    return " ".join(tail.decode("utf-8", "replace").split())[-300:]


# the main process


async def attach(context: Context) -> None:
    """Take the terminal of the container's main process, having said what the keys do there."""
    target, session, ui = context.containers[0], context.session, context.ui
    ui.check_terminal()
    config: dict[str, Any] = (await session.engine.containers.inspect(target.id)).get("Config") or {}
    tty, stdin = bool(config.get("Tty")), bool(config.get("OpenStdin"))
    tls = bool(session.engine.endpoint.tls)
    lines = attach_words(tty=tty, stdin=stdin, once=bool(config.get("StdinOnce")), tls=tls)
    if not await ui.confirm(f"Attach to {target.name} on {session.name}?", lines, label="Attach"):
        return
    entry = session.history.begin(attach_line(target.name, tty=tty, stdin=stdin), session.name)
    with entry.closed_by_failure():
        left = await _attached(session, ui, target, lines, tty=tty, stdin=stdin)
        await _tell_attach_end(session, ui, entry, target, left)


async def _attached(
    session: Session, ui: Ui, target: Container, lines: Sequence[str], *, tty: bool, stdin: bool
) -> Left:
    execs = session.engine.execs
    painted = False

    async def resize(columns: int, rows: int) -> None:
        nonlocal painted
        if not painted:  # a change of size makes a program paint itself anew
            await execs.resize_container(target.id, columns, rows + 1)
            painted = True
        await execs.resize_container(target.id, columns, rows)

    greeting = "\n".join([f"hythe: attached to {target.name} on {session.name}", *(f"  {line}" for line in lines)])
    async with execs.attach(target.id, stdin=stdin) as line:
        return await ui.lend(
            Lent(line, greeting, typing=("keys" if tty else "lines") if stdin else "none", framed=not tty,
                 resize=resize if tty else None)
        )  # fmt: skip


async def _tell_attach_end(session: Session, ui: Ui, entry: Entry, target: Container, left: Left) -> None:
    if left.how == "lost":
        entry.close("failed", left.error)
        ui.note(f"{target.name}: {left.error}", "error")
        return
    if left.how in ("detached", "signal"):
        entry.close("ok", "detached")
        if left.how == "detached":
            ui.note(f"detached from {target.name}")
        return
    try:
        now = await session.engine.containers.read(target.id)
    except NotFound:
        entry.close("ok", "removed")
        ui.note(f"{target.name} ended and was removed")
        return
    except ApiError:
        raise
    except EngineError as error:
        raise type_of_loss(left, error) from error
    said = "its output ended" if now.is_running else f"it ended, exit {now.exit_code}"
    entry.close("ok", said)
    ui.note(f"{target.name}: {said}")


def attach_words(*, tty: bool, stdin: bool, once: bool, tls: bool) -> list[str]:
    """Return a line each on how to leave, and on what the keys do to the process."""
    if not stdin:
        return ["it takes no input: what is typed goes nowhere",
                "ctrl+c or ctrl+p ctrl+q detaches; ctrl+c does not reach the process"]  # fmt: skip
    if tty:
        return ["ctrl+p ctrl+q detaches, and it goes on running",
                "ctrl+c reaches the process: it may end it, and the container with it"]  # fmt: skip
    lines = ["ctrl+c or ctrl+p ctrl+q detaches; ctrl+c does not reach the process", "enter sends the line"]
    lines.append("ctrl+d cannot end its input over TLS" if tls else "ctrl+d ends its input")
    if once:
        lines.append("detaching ends its input too (it was made so), and that may end it")
    return lines


def attach_line(name: str, *, tty: bool, stdin: bool) -> str:
    """Return the docker line that it equals."""
    options = ("" if stdin else "--no-stdin ") + ("" if tty else "--sig-proxy=false ")
    return f"docker attach {options}{quote(name)}"
