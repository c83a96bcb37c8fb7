"""The shell, attach and helper commands against every engine: what they run, record and leave behind."""

import asyncio
import io
import secrets
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from engine_bench import IMAGE, Bench, bench_on
from engines import RealEngine
from fake_ui import FakeUi
from private_engine import PrivateEngine
from tui.commands.command import Context
from tui.commands.helper import open_helper
from tui.commands.history import History
from tui.commands.lending import Left, Lent
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.commands.shell import open_exec, shell_of
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, EngineError, ReadOnly
from tui.engine.helpers import SHELL
from tui.engine.interactive import shell_in
from tui.model.containers import Container
from tui.model.exec_spec import ExecSpec
from waiting import until
from ways import Way

Program = Callable[["Typist"], Awaitable[Left]]


@dataclass
class Typist(FakeUi):
    """Has the terminal in place of a person: types, and reads what is printed."""

    program: Program | None = None
    lent: Lent | None = None
    shown: bytes = b""
    sizes: list[tuple[int, int]] = field(default_factory=list)

    async def lend(self, lent: Lent) -> Left:
        self.lent = lent
        assert self.program is not None
        async with asyncio.timeout(30):
            return await self.program(self)

    async def type(self, text: str) -> None:
        assert self.lent is not None
        await self.lent.line.write(text.encode())

    async def read_until(self, wanted: bytes) -> None:
        assert self.lent is not None
        while wanted not in self.shown:
            data = await self.lent.line.read()
            assert data, f"the stream ended after {self.shown!r}"
            self.shown += self.lent.screened(data) if self.lent.screened else data

    async def read_to_end(self) -> Left:
        assert self.lent is not None
        async for data in self.lent.line.chunks():
            self.shown += self.lent.screened(data) if self.lent.screened else data
        return Left("ended", tail=self.shown)

    async def resize(self, columns: int, rows: int) -> None:
        """Resize as hythe does: a program that only just starts refuses."""
        assert self.lent is not None
        assert self.lent.resize is not None
        async with asyncio.timeout(15):
            while True:
                try:
                    return await self.lent.resize(columns, rows)
                except ApiError:
                    await asyncio.sleep(0.02)


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


@pytest.fixture
async def session(way: Way, engine_socket: str) -> AsyncIterator[Session]:
    """A session over each transport."""
    async with way.to(engine_socket) as endpoint:
        session = Session(Engine(endpoint), History())
        yield session
        await session.close()


async def session_to(bench: Bench) -> Session:
    return Session(Engine(bench.engine.endpoint), History())


async def record(bench: Bench, id: str) -> Container:
    return await bench.engine.containers.read(id)


async def some_shell(bench: Bench) -> Container:
    return await record(bench, await bench.run("sleep", "1000"))


def only(session: Session) -> tuple[str, str, str]:
    (entry,) = session.history
    return entry.line, entry.outcome, entry.detail


async def test_a_shell_over_every_transport(bench: Bench, session: Session) -> None:
    target = await some_shell(bench)

    async def program(ui: Typist) -> Left:
        await ui.read_until(b"# ")
        await ui.resize(111, 33)
        await ui.type("echo one$((1+1))three\n")
        await ui.read_until(b"one2three")
        await ui.type("exit 5\n")
        return await ui.read_to_end()

    ui = Typist(program=program)
    await BY_ID["container.shell"].run(Context(session, ui, "containers", (target,)))
    line, outcome, detail = only(session)
    assert line.startswith(f"docker exec -it {target.name} /")
    assert (outcome, detail) == ("ok", "exit 5")
    assert ui.notes[-1][1].endswith(f"in {target.name}: exit 5")
    assert b"\x1e" not in ui.shown, "the process number is not for the terminal"


async def test_the_shell_has_the_size_of_the_terminal_and_follows_it(real_engine: RealEngine, way: Way) -> None:
    async with bench_on(real_engine.socket) as bench, way.to(real_engine.socket) as endpoint:
        target = await some_shell(bench)
        session = Session(Engine(endpoint), History())

        async def program(ui: Typist) -> Left:
            await ui.read_until(b"# ")
            for columns, rows in ((111, 33), (20, 4)):
                await ui.resize(columns, rows)
                await ui.type("stty size\n")
                await ui.read_until(f"{rows} {columns}\r\n".encode())
            await ui.type("exit\n")
            return await ui.read_to_end()

        await open_exec(session, Typist(program=program), target, ExecSpec(("sh",), tty=True), "/bin/sh")
        await session.close()


@pytest.mark.parametrize("ends", [True, False])
async def test_a_shell_that_is_left_is_ended_or_goes_on_as_the_user_says(bench: Bench, ends: bool) -> None:
    session, target = await session_to(bench), await some_shell(bench)
    running: list[bool] = []

    async def program(ui: Typist) -> Left:
        await ui.read_until(b"# ")
        return Left("detached")

    ui = Typist(program=program, answer=ends)
    made: list[str] = []
    create = session.engine.execs.create

    async def remembered(*arguments: object) -> str:
        made.append(await create(*arguments))  # type: ignore[arg-type]
        running.append(True)
        return made[-1]

    session.engine.execs.create = remembered  # type: ignore[method-assign]
    await open_exec(session, ui, target, ExecSpec(("sh",), tty=True), "/bin/sh")
    assert "End sh in" in ui.asked[0][0]
    assert ("no" if ends else "goes on") in f"{ui.notes[-1][1]} {'no' if ends else ''}"
    if ends:
        assert not (await session.engine.execs.state(made[0])).running
    assert only(session)[2] == ("ended when it was left" if ends else "left running")
    await session.close()


async def test_a_shell_that_is_left_goes_on_in_a_real_container(real_engine: RealEngine) -> None:
    async with bench_on(real_engine.socket) as bench:
        target = await some_shell(bench)
        exec_id = await bench.engine.execs.create(target.id, ExecSpec(("sh",), tty=True))
        async with bench.engine.execs.start(exec_id, tty=True) as line:
            await line.read()
        assert (await bench.engine.execs.state(exec_id)).running, "that is why it is asked what is to become of it"


async def test_a_signal_that_ends_hythe_ends_the_shell_too(bench: Bench) -> None:
    session, target = await session_to(bench), await some_shell(bench)

    async def program(ui: Typist) -> Left:
        await ui.read_until(b"# ")
        assert ui.lent is not None
        assert ui.lent.end is not None
        assert await ui.lent.end()
        return Left("signal")

    await open_exec(session, Typist(program=program), target, ExecSpec(("sh",), tty=True), "/bin/sh")
    assert only(session)[2] == "hythe ended"
    await session.close()


async def test_a_command_that_is_not_there_says_so(bench: Bench) -> None:
    session, target = await session_to(bench), await some_shell(bench)
    ui = Typist(program=Typist.read_to_end)
    with suppress(EngineError):
        await open_exec(session, ui, target, ExecSpec(("no-such-program",), tty=True), None)
    (entry,) = session.history
    assert entry.outcome == "failed"
    assert "no-such-program" in entry.detail
    await session.close()


async def test_user_folder_and_environment(bench: Bench) -> None:
    session, target = await session_to(bench), await some_shell(bench)
    ui = Typist(program=Typist.read_to_end)
    spec = ExecSpec(("sh", "-c", "pwd; echo $HUE $API_TOKEN"), True, workdir="/tmp", env=("HUE=blue", "API_TOKEN=s3"))
    await open_exec(session, ui, target, spec, "/bin/sh")
    assert b"/tmp\r\nblue s3\r\n" in ui.shown
    line, outcome, _ = only(session)
    assert outcome == "ok"
    assert "--workdir /tmp --env HUE=blue --env API_TOKEN=***" in line
    await session.close()


async def test_as_another_user(real_engine: RealEngine) -> None:
    async with bench_on(real_engine.socket) as bench:
        session, target = await session_to(bench), await some_shell(bench)
        ui = Typist(program=Typist.read_to_end)
        await open_exec(session, ui, target, ExecSpec(("id", "-u"), True, user="1234:5"), "/bin/sh")
        assert b"1234" in ui.shown
        await session.close()


async def test_a_guarded_host_asks_before_a_shell_and_read_only_opens_none(bench: Bench) -> None:
    session, target = await session_to(bench), await some_shell(bench)
    session.guarded = True
    ui = Typist(answer=False)
    context = Context(session, ui, "containers", (target,))
    await BY_ID["container.shell"].run(context)
    assert ui.asked[0][0].startswith(f"Open a shell in {target.name} on ")
    assert not len(session.history)
    session.engine.transport.read_only = True
    for id in ("container.shell", "container.shell_as", "container.attach"):
        assert "read-only" in (BY_ID[id].why_not(context) or "")
    with pytest.raises(ReadOnly):
        await open_exec(session, ui, target, ExecSpec(("sh",), tty=True), None)
    await session.close()


async def test_what_does_not_run_has_no_shell(bench: Bench) -> None:
    session = await session_to(bench)
    stopped = await record(bench, await bench.create("true"))
    context = Context(session, FakeUi(), "containers", (stopped,))
    assert BY_ID["container.shell"].why_not(context) == "it does not run: s starts it"
    running = await some_shell_named(bench, "p")
    await bench.engine.containers.pause(running.id)
    context = Context(session, FakeUi(), "containers", (await record(bench, running.id),))
    assert BY_ID["container.attach"].why_not(context) == "it is paused: p lets it go on"
    await bench.engine.containers.unpause(running.id)
    await session.close()


async def some_shell_named(bench: Bench, name: str) -> Container:
    return await record(bench, await bench.run("sleep", "1000", name=name))


# attach


async def test_attach_says_first_how_to_leave_and_what_ctrl_c_does(bench: Bench, session: Session) -> None:
    target = await record(bench, await bench.run("sh", Tty=True, OpenStdin=True))

    async def program(ui: Typist) -> Left:
        await ui.resize(100, 30)
        await ui.type("echo in$((1+1))side\n")
        await ui.read_until(b"in2side")
        return Left("detached")

    ui = Typist(program=program)
    await BY_ID["container.attach"].run(Context(session, ui, "containers", (target,)))
    assert any("ctrl+p ctrl+q detaches" in line for line in ui.asked[0][1])
    assert any("ctrl+c reaches the process" in line for line in ui.asked[0][1])
    assert ui.lent is not None
    assert ui.lent.typing == "keys"
    assert only(session) == (f"docker attach {target.name}", "ok", "detached")
    assert (await record(bench, target.id)).state == "running"


async def test_attach_without_a_terminal_takes_lines_and_without_input_only_shows(bench: Bench) -> None:
    session = await session_to(bench)
    cat = await record(bench, await bench.run("cat", name="cat", OpenStdin=True))

    async def typing(ui: Typist) -> Left:
        assert ui.lent is not None
        assert (ui.lent.typing, ui.lent.framed, ui.lent.resize) == ("lines", True, None)
        await ui.type("typed\n")
        await ui.read_until(b"typed")
        return Left("detached")

    ui = Typist(program=typing)
    await BY_ID["container.attach"].run(Context(session, ui, "containers", (cat,)))
    assert "ctrl+c does not reach the process" in ui.asked[0][1][0]
    quiet = await record(bench, await bench.run("sleep", "1000", name="quiet"))

    async def nothing(ui: Typist) -> Left:
        assert ui.lent is not None
        assert ui.lent.typing == "none"
        return Left("detached")

    ui = Typist(program=nothing)
    await BY_ID["container.attach"].run(Context(session, ui, "containers", (quiet,)))
    assert "takes no input" in ui.asked[0][1][0]
    assert next(iter(session.history)).line == f"docker attach --no-stdin --sig-proxy=false {quiet.name}"
    await session.close()


async def test_attach_tells_what_the_process_ended_with(bench: Bench) -> None:
    session = await session_to(bench)
    target = await record(bench, await bench.run("sh", Tty=True, OpenStdin=True))

    async def program(ui: Typist) -> Left:
        await ui.type("exit 4\n")
        left = await ui.read_to_end()
        await bench.ended(target.id)
        return left

    ui = Typist(program=program)
    await BY_ID["container.attach"].run(Context(session, ui, "containers", (target,)))
    assert only(session)[2] == "it ended, exit 4"
    await session.close()


# no shell


def scratch_tar() -> io.BytesIO:
    """An image's files without a shell: busybox under the name of nothing that is looked for."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add("/bin/busybox", "busybox-app", recursive=False)
    out.seek(0)
    return out


@pytest.fixture
async def shell_less(real_engine: RealEngine) -> AsyncIterator[tuple[Bench, Container]]:
    """A running container made FROM scratch."""
    async with bench_on(real_engine.socket) as bench:
        tag = f"scratch-{secrets.token_hex(4)}"
        bench.tags.append(f"{tag}:1")
        params = {"fromSrc": "-", "repo": tag, "tag": "1"}
        async with bench.engine.transport.stream("POST", "/images/create", params=params, data=scratch_tar()) as answer:
            async for _ in answer.chunks():
                pass
        made = await bench.run("sleep", "1000", Image=f"{tag}:1", Entrypoint=["/busybox-app"], name="scratch")
        yield bench, await record(bench, made)


async def test_a_container_from_scratch_gets_a_helper_that_is_removed(shell_less: tuple[Bench, Container]) -> None:
    bench, target = shell_less
    session = await session_to(bench)
    assert await shell_of(session, target) is None
    image = (await bench.engine.transport.get(f"/images/{IMAGE}/json", dict[str, object]))["Id"]

    async def program(ui: Typist) -> Left:
        await ui.read_until(b"# ")
        await ui.type("ls /proc/1/root; readlink /proc/1/exe\n")
        await ui.read_until(b"/busybox-app\r\n")
        await ui.type("hostname; exit\n")
        return await ui.read_to_end()

    ui = Typist(program=program)
    await open_helper(session, ui, target, str(image))
    line, outcome, _ = only(session)
    assert line.startswith(f"docker run --rm -it --pid=container:{target.name} --network=container:{target.name} ")
    assert outcome == "ok"
    left = await bench.engine.containers.list_all(filters={"label": [f"{SHELL}={target.id}"]})
    assert not left, "the helper is gone"
    assert (await record(bench, target.id)).state == "running"
    await session.close()


async def test_no_shell_is_said_and_the_images_that_are_here_are_offered(shell_less: tuple[Bench, Container]) -> None:
    bench, target = shell_less
    session = await session_to(bench)
    session.start()
    await until(lambda: session.state.condition.is_live and target.id in session.state.containers)
    ui = Typist(choice=None)
    await BY_ID["container.shell"].run(Context(session, ui, "containers", (target,)))
    assert any(IMAGE in label for label in ui.offered.values())
    assert target.image not in ui.offered.values()
    assert not len(session.history), "nothing is made before an image is chosen"
    await session.close()


async def test_the_daemon_dies_in_the_middle_of_a_shell(own_engine: PrivateEngine) -> None:
    async with bench_on(own_engine.socket) as bench:
        session, target = await session_to(bench), await some_shell(bench)

        async def program(ui: Typist) -> Left:
            await ui.read_until(b"# ")
            await asyncio.to_thread(own_engine.kill)
            try:
                return await ui.read_to_end()
            except EngineError as error:
                return Left("lost", str(error))

        ui = Typist(program=program)
        with pytest.raises(EngineError):
            await open_exec(session, ui, target, ExecSpec(("sh",), tty=True), "/bin/sh")
        assert only(session)[1] == "failed"
        await session.close()
        await asyncio.to_thread(own_engine.start)


async def test_a_shell_in_an_image_is_a_container_that_is_removed(bench: Bench) -> None:
    """What the build screen opens after the last good step."""
    before = {container.id for container in await bench.engine.containers.list_all(filters={"label": [SHELL]})}
    async with shell_in(bench.engine, IMAGE, ("sh",)) as shell:
        shown = b""
        await shell.resize(100, 30)
        await shell.line.write(b"echo one$((1+1))three\n")
        async with asyncio.timeout(30):
            while b"one2three" not in shown:
                shown += await shell.line.read()
        made = {container.id for container in await bench.engine.containers.list_all(filters={"label": [SHELL]})}
        assert made - before
    left = {container.id for container in await bench.engine.containers.list_all(filters={"label": [SHELL]})}
    assert not left & (made - before)
