"""A connection that becomes a duplex stream, over every transport: exec's input and output, resize, the refusals."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from engine_bench import Bench, bench_on
from engines import RealEngine
from tui.engine.engine import Engine
from tui.engine.errors import Conflict, NotFound, ReadOnly
from tui.engine.framing import StdcopyDecoder
from tui.engine.hijack import Hijacked
from tui.engine.transport import Transport
from tui.model.log_record import Stream
from ways import Way


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


@pytest.fixture
async def line(way: Way, engine_socket: str) -> AsyncIterator[Transport]:
    """A transport of each kind to the engine under test."""
    async with way.to(engine_socket) as endpoint:
        engine = Engine(endpoint)
        yield engine.transport
        await engine.close()


async def new_exec(bench: Bench, container: str, *command: str, tty: bool = False, stdin: bool = True) -> str:
    body = {"AttachStdin": stdin, "AttachStdout": True, "AttachStderr": True, "Tty": tty, "Cmd": list(command)}
    made = await bench.engine.transport.post(f"/containers/{container}/exec", dict[str, str], body=body)
    return made["Id"]


async def exit_code(bench: Bench, exec_id: str) -> int | None:
    """The exit code, once the daemon has seen the end."""
    async with asyncio.timeout(15):
        while True:
            seen = await bench.engine.transport.get(f"/exec/{exec_id}/json", dict[str, object])
            if not seen["Running"]:
                code = seen["ExitCode"]
                assert code is None or isinstance(code, int)
                return code
            await asyncio.sleep(0.02)


async def read_until(line: Hijacked, wanted: bytes) -> bytes:
    got = b""
    async with asyncio.timeout(15):
        while wanted not in got:
            data = await line.read()
            assert data, f"the stream ended after {got!r}"
            got += data
    return got


async def read_all(line: Hijacked) -> bytes:
    async with asyncio.timeout(15):
        return b"".join([data async for data in line.chunks()])


async def test_a_shell_on_a_terminal(bench: Bench, line: Transport) -> None:
    made = await bench.run("sleep", "1000")
    shell = await new_exec(bench, made, "sh", tty=True)
    async with line.hijack("POST", f"/exec/{shell}/start", body={"Detach": False, "Tty": True}) as duplex:
        await read_until(duplex, b"# ")
        await line.read("POST", f"/exec/{shell}/resize", params={"h": 33, "w": 111})
        await duplex.write(b"echo one$((1+1))three\n")
        await read_until(duplex, b"one2three\r\n")
        await duplex.write(b"exit 5\n")
        await read_all(duplex)
        assert await exit_code(bench, shell) == 5


async def test_the_terminal_has_the_size_that_it_was_given(real_engine: RealEngine, way: Way) -> None:
    async with bench_on(real_engine.socket) as bench, way.to(real_engine.socket) as endpoint:
        transport = Transport(endpoint)
        made = await bench.run("sleep", "1000")
        shell = await new_exec(bench, made, "sh", tty=True)
        async with transport.hijack("POST", f"/exec/{shell}/start", body={"Detach": False, "Tty": True}) as duplex:
            await read_until(duplex, b"# ")
            await transport.read("POST", f"/exec/{shell}/resize", params={"h": 33, "w": 111})
            await duplex.write(b"stty size\n")
            await read_until(duplex, b"33 111\r\n")
        await transport.close()


async def test_the_end_of_the_input_alone(bench: Bench, way: Way, line: Transport) -> None:
    made = await bench.run("sleep", "1000")
    echo = await new_exec(bench, made, "cat")
    async with line.hijack("POST", f"/exec/{echo}/start", body={"Detach": False, "Tty": False}) as duplex:
        await duplex.write(b"there and back")
        decoder = StdcopyDecoder()
        assert decoder.feed(await read_until(duplex, b"back")) == [(Stream.STDOUT, b"there and back")]
        assert duplex.end_writing() == duplex.can_end_writing == (way.kind != "tls")
        if duplex.can_end_writing:
            assert await read_all(duplex) == b""
            assert await exit_code(bench, echo) == 0
    # without a half-close only the end of the whole connection is left, and the program sees that too
    assert await exit_code(bench, echo) == 0


async def test_more_than_any_buffer_holds_goes_both_ways_whole(bench: Bench, line: Transport) -> None:
    """The reader starts only when the writer can't go on: neither side may be left waiting, nothing may be lost."""
    made = await bench.run("sleep", "1000")
    echo = await new_exec(bench, made, "cat")
    sent = b"".join(b"%07d\n" % number for number in range(400_000))
    async with line.hijack("POST", f"/exec/{echo}/start", body={"Detach": False, "Tty": False}) as duplex:

        async def send() -> None:
            for at in range(0, len(sent), 32 << 10):
                await duplex.write(sent[at : at + (32 << 10)])
            duplex.end_writing()

        writing = asyncio.create_task(send())
        decoder, got = StdcopyDecoder(), bytearray()
        async with asyncio.timeout(60):
            async for data in duplex.chunks():
                for stream, payload in decoder.feed(data):
                    assert stream is Stream.STDOUT
                    got += payload
                if len(got) == len(sent) and not duplex.can_end_writing:
                    break  # the program waits for an end that this line can't tell alone
        await writing
    assert bytes(got) == sent


async def test_output_and_errors_are_told_apart(bench: Bench, line: Transport) -> None:
    made = await bench.run("sleep", "1000")
    talk = await new_exec(bench, made, "sh", "-c", "echo out; echo err >&2", stdin=False)
    async with line.hijack("POST", f"/exec/{talk}/start", body={"Detach": False, "Tty": False}) as duplex:
        frames = StdcopyDecoder().feed(await read_all(duplex))
    assert sorted(frames, key=lambda frame: frame[0]) == [(Stream.STDOUT, b"out\n"), (Stream.STDERR, b"err\n")]


async def test_a_program_that_is_not_there_says_so_in_the_stream(bench: Bench, line: Transport) -> None:
    made = await bench.run("sleep", "1000")
    missing = await new_exec(bench, made, "no-such-program", tty=True)
    async with line.hijack("POST", f"/exec/{missing}/start", body={"Detach": False, "Tty": True}) as duplex:
        assert b"no-such-program" in await read_all(duplex)
    assert await exit_code(bench, missing) in (126, 127)


async def test_refusals_come_as_the_daemons_errors(bench: Bench, line: Transport) -> None:
    made = await bench.run("sleep", "1000")
    body = {"Detach": False, "Tty": True}
    with pytest.raises(NotFound, match=r"(?i)no such exec"):
        async with line.hijack("POST", "/exec/none/start", body=body):
            pass
    shell = await new_exec(bench, made, "sh", tty=True)
    await bench.engine.containers.kill(made)
    await bench.ended(made)
    with pytest.raises((NotFound, Conflict), match=r"(?i)no such exec|not running"):
        async with line.hijack("POST", f"/exec/{shell}/start", body=body):
            pass
    assert (await line.ping()).api_version, "the transport goes on after a refusal"


async def test_attaching_to_a_container(bench: Bench, line: Transport) -> None:
    made = await bench.create("cat", Tty=False, OpenStdin=True, StdinOnce=True, AttachStdin=True)
    params = {"stream": True, "stdin": True, "stdout": True, "stderr": True}
    async with line.hijack("POST", f"/containers/{made}/attach", params=params) as duplex:
        await bench.engine.containers.start(made)
        await duplex.write(b"typed\n")
        await read_until(duplex, b"typed\n")
        if duplex.end_writing():
            await read_all(duplex)
    assert await bench.ended(made) == 0


async def test_read_only_opens_no_shell(bench: Bench, line: Transport) -> None:
    made = await bench.run("sleep", "1000")
    shell = await new_exec(bench, made, "sh", tty=True)
    line.read_only = True
    with pytest.raises(ReadOnly):
        async with line.hijack("POST", f"/exec/{shell}/start", body={"Detach": False, "Tty": True}):
            pass
    seen = await bench.engine.transport.get(f"/exec/{shell}/json", dict[str, object])
    assert not seen["Running"]


async def test_the_build_session_is_http_2_with_the_daemon_as_the_client(real_engine: RealEngine, way: Way) -> None:
    headers = {"X-Docker-Expose-Session-Uuid": secrets.token_hex(12), "X-Docker-Expose-Session-Name": "hythe-test"}
    async with way.to(real_engine.socket) as endpoint:
        transport = Transport(endpoint)
        async with transport.hijack("POST", "/session", upgrade="h2c", headers=headers) as duplex:
            assert (await read_until(duplex, b"SM\r\n\r\n")).startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        await transport.close()
