"""HTTP to a daemon that may be missing, broken or something else: each failure has its name, its words and a hint."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientTimeout

from raw_engine import CHUNKED, PING, RawEngine, answer, chunk, raw_engine
from tui.engine.containers import Containers
from tui.engine.endpoint import Endpoint, Tls
from tui.engine.errors import (
    ApiError,
    ConnectionFailed,
    ConnectionLost,
    Forbidden,
    MalformedAnswer,
    NotFound,
    ReadOnly,
)
from tui.engine.events import REST_SECONDS, decode_event, stream_event_documents, stream_events
from tui.engine.images import Images
from tui.engine.transport import Transport
from tui.engine.wire import encode_params
from tui.model.events import Event


@pytest.fixture
async def engine(short_tmp: Path) -> AsyncIterator[RawEngine]:
    async with raw_engine(short_tmp) as engine:
        yield engine


@pytest.fixture
async def transport(engine: RawEngine) -> AsyncIterator[Transport]:
    transport = Transport(Endpoint(engine.url, "test"))
    yield transport
    await transport.close()


async def failure(path: Path | str) -> ConnectionFailed:
    """How a ping of the socket at `path` fails."""
    transport = Transport(Endpoint(f"unix://{path}", "test"))
    try:
        with pytest.raises(ConnectionFailed) as caught:
            await transport.ping(0.2)
    finally:
        await transport.close()
    assert caught.value.endpoint == f"unix://{path}"
    assert caught.value.hint
    return caught.value


async def test_no_socket(short_tmp: Path) -> None:
    assert (await failure(short_tmp / "none.sock")).kind == "no socket"


async def broken_off(writer: asyncio.StreamWriter) -> None:
    writer.write(PING.removesuffix(b"OK"))
    await writer.drain()
    writer.close()


async def half_an_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(PING.removesuffix(b"OK"))
    await writer.drain()


async def test_a_ping_that_breaks_off_in_its_body(engine: RawEngine, transport: Transport) -> None:
    engine.replies["/_ping"] = broken_off
    with pytest.raises(ConnectionLost):
        await transport.ping()


async def test_a_ping_whose_body_never_comes(engine: RawEngine, transport: Transport) -> None:
    engine.replies["/_ping"] = half_an_answer
    with pytest.raises(ConnectionFailed) as caught:
        await transport.ping(0.2)
    assert caught.value.kind == "timed out"


async def test_nobody_listens_any_more(short_tmp: Path) -> None:
    path = short_tmp / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    assert (await failure(path)).kind == "refused"


async def test_a_tcp_port_where_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        transport = Transport(Endpoint(f"tcp://127.0.0.1:{held.getsockname()[1]}", "test"))
        with pytest.raises(ConnectionFailed) as caught:
            await transport.ping()
        await transport.close()
    assert caught.value.kind == "refused"


async def test_a_name_that_nobody_has() -> None:
    for tls in (None, Tls()):
        transport = Transport(Endpoint("tcp://no-such-host.invalid:2375", "test", tls=tls))
        with pytest.raises(ConnectionFailed, match="unreachable: ") as caught:
            await transport.ping()
        await transport.close()
        assert "name" in caught.value.hint
        assert "Unknown error" not in str(caught.value)


async def test_who_hangs_up_without_an_answer(engine: RawEngine, transport: Transport) -> None:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.close()

    engine.replies["/_ping"] = reply
    with pytest.raises(ConnectionFailed, match="hangs up without an answer") as caught:
        await transport.negotiate()
    assert caught.value.hint


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        answer(b"<html><p>The plain HTTP request was sent to HTTPS port</p>", "400 Bad Request", "text/html"),
        b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
    ids=["go", "nginx", "alert", "short alert"],
)
async def test_a_port_that_speaks_tls(engine: RawEngine, transport: Transport, reply: bytes) -> None:
    async def answer_and_close(writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        writer.close()

    engine.replies["/_ping"] = answer_and_close
    with pytest.raises(ConnectionFailed) as caught:
        await transport.negotiate()
    assert caught.value.kind == "TLS"
    assert "DOCKER_TLS_VERIFY=1" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open any socket")
async def test_no_permission(engine: RawEngine) -> None:
    os.chmod(engine.socket, 0)
    assert (await failure(engine.socket)).kind == "permission denied"


async def test_silence(short_tmp: Path) -> None:
    path = short_tmp / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        error = await failure(path)
    assert (error.kind, str(error)) == ("timed out", "timed out: no answer")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (answer(b"<html>", "200 OK", "text/html"), "it answers HTTP 200 without an API version"),
        (answer(b"", "502 Bad Gateway"), "it answers HTTP 502 without an API version"),
        (PING.replace(b"200 OK", b"500 Oops"), "HTTP 500"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not an engine"),
    ],
)
async def test_who_answers_is_no_engine(engine: RawEngine, transport: Transport, reply: bytes, words: str) -> None:
    engine.replies["/_ping"] = reply
    with pytest.raises(ConnectionFailed, match=words) as caught:
        await transport.negotiate()
    assert (caught.value.kind, caught.value.endpoint) == ("not an engine", engine.url)
    assert caught.value.hint


@pytest.mark.parametrize("theirs", ["1.40", "1.24", "new"])
async def test_a_daemon_that_is_too_old(engine: RawEngine, transport: Transport, theirs: str) -> None:
    engine.replies["/_ping"] = PING.replace(b"1.41", theirs.encode())
    with pytest.raises(ConnectionFailed, match=f"it speaks API {theirs}, and hythe needs 1.41 or newer") as caught:
        await transport.negotiate()
    assert (caught.value.kind, caught.value.endpoint) == ("version", engine.url)
    assert "upgrade the daemon" in caught.value.hint


async def test_a_daemon_that_is_too_new(engine: RawEngine, transport: Transport) -> None:
    engine.replies["/_ping"] = PING.replace(b"1.41", b"1.99")
    engine.replies["/version"] = answer(b'{"Version":"99","ApiVersion":"1.99","MinAPIVersion":"1.52"}')
    with pytest.raises(
        ConnectionFailed, match=r"it speaks API 1\.52 and newer, and hythe no newer one than 1\.51"
    ) as caught:
        await transport.negotiate()
    assert (caught.value.kind, caught.value.hint) == ("version", "upgrade hythe")
    for reply in (
        answer(b'{"Version":"99","ApiVersion":"1.99","MinAPIVersion":"1.51"}'),
        answer(b'{"message":"no"}', "403 Forbidden"),
        answer(b"<html>"),
    ):
        engine.replies["/version"] = reply
        await transport.negotiate()
        assert transport.api_version == (1, 51)


async def test_what_is_forbidden_is_told_apart(engine: RawEngine, transport: Transport) -> None:
    engine.replies["/info"] = answer(b"<html><h1>403 Forbidden</h1>", "403 Forbidden", "text/html")
    with pytest.raises(Forbidden) as caught:
        await transport.read("GET", "/info")
    assert (caught.value.status, caught.value.request) == (403, "GET /v1.41/info")
    engine.replies["/_ping"] = answer(b"", "403 Forbidden")
    with pytest.raises(ConnectionFailed, match="refuses GET /_ping") as failed:
        await transport.negotiate()
    assert failed.value.kind == "permission denied"


@pytest.mark.parametrize(
    ("theirs", "chosen"), [("1.41", (1, 41)), ("1.45", (1, 45)), ("1.51", (1, 51)), ("1.99", (1, 51))]
)
async def test_the_newest_version_that_both_speak(
    engine: RawEngine, transport: Transport, theirs: str, chosen: tuple[int, int]
) -> None:
    engine.replies["/_ping"] = PING.replace(b"1.41", theirs.encode())
    engine.replies["/info"] = answer(b"{}")
    await transport.read("GET", "/info")
    assert transport.api_version == chosen
    assert transport.speaks(1, 41)
    assert not transport.speaks(2, 0)
    assert engine.requests[-1].target == f"/v{chosen[0]}.{chosen[1]}/info"
    assert transport.requests == (2 if theirs != "1.99" else 3), "a daemon that is newer is asked for its oldest too"


async def test_a_ping_tells_the_daemons_time_and_kind(engine: RawEngine, transport: Transport) -> None:
    ping = await transport.ping()
    assert ping.time_ns == 1795505400 * 10**9
    assert not ping.is_podman
    engine.replies["/_ping"] = PING.replace(b"Date: Tue, 24", b"Libpod-Api-Version: 4.3.1\r\nDate: Someday, 99")
    ping = await transport.ping()
    assert ping.time_ns is None
    assert ping.is_podman


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        ("404 Not Found", b'{"message":"No such container: x"}', "No such container: x"),
        ("404 Not Found", b"404 page not found\n", "404 page not found"),
        ("404 Not Found", b"", "HTTP 404"),
        ("404 Not Found", b"<html>nginx</html>", "HTTP 404"),
        ("404 Not Found", b'{"message":"bad \xff byte"}', "bad � byte"),
        ("404 Not Found", b'{"message":null}', '{"message":null}'),
        ("404 Not Found", b'{"message":' + b"[" * 60_000, ('{"message":' + "[" * 500)[:500]),
    ],
    ids=range(7),
)
async def test_an_error_answer_keeps_the_daemons_words(
    engine: RawEngine, transport: Transport, status: str, body: bytes, words: str
) -> None:
    engine.replies["/containers/x/json"] = answer(body, status)
    with pytest.raises(NotFound) as caught:
        await transport.read("GET", "/containers/x/json")
    assert (str(caught.value), caught.value.request) == (words, "GET /v1.41/containers/x/json")


async def test_an_error_answer_that_comes_in_pieces_is_read_to_its_end(engine: RawEngine, transport: Transport) -> None:
    words = "conflict: " + "x" * 300

    async def reply(writer: asyncio.StreamWriter) -> None:
        whole = answer(f'{{"message":"{words}"}}'.encode(), "500 Oops")
        for at in range(0, len(whole), 7):
            writer.write(whole[at : at + 7])
            await writer.drain()
            await asyncio.sleep(0)

    engine.replies["/info"] = reply
    with pytest.raises(ApiError) as caught:
        await transport.read("GET", "/info")
    assert (caught.value.status, str(caught.value)) == (500, words)


async def test_a_redirect_is_malformed(engine: RawEngine, transport: Transport) -> None:
    engine.replies["/info"] = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(MalformedAnswer, match=r"GET /v1\.41/info: a redirect"):
        await transport.read("GET", "/info")


async def test_a_connection_cut_at_any_byte_of_an_answer(engine: RawEngine, transport: Transport) -> None:
    """Never a part of an answer: the whole, or an error that says that the line broke."""
    body = b'{"Name":"h\xc3\xa9","NCPU":2}'
    await transport.negotiate()
    for whole in (answer(body), CHUNKED + chunk(body[:9]) + chunk(body[9:]) + chunk(b"")):
        for cut in range(len(whole)):

            async def reply(writer: asyncio.StreamWriter, part: bytes = whole[:cut]) -> None:
                writer.write(part)
                await writer.drain()
                writer.close()

            engine.replies["/info"] = reply
            with pytest.raises((ConnectionLost, ConnectionFailed)):
                await transport.read("GET", "/info")
        engine.replies["/info"] = whole
        assert await transport.read("GET", "/info") == body


async def test_an_answer_that_stops_coming_is_a_lost_connection(engine: RawEngine, transport: Transport) -> None:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"12345")[:-2])
        await asyncio.Event().wait()

    engine.replies["/info"] = reply
    with pytest.raises(ConnectionLost):
        await transport.read("GET", "/info", seconds=0.1)


async def test_read_only_sends_nothing(engine: RawEngine) -> None:
    engine.replies["/info"] = answer(b"{}")
    transport = Transport(Endpoint(engine.url, "test"), read_only=True)
    await transport.read("GET", "/info")
    sent = len(engine.requests)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        with pytest.raises(ReadOnly, match=rf"read-only: {method} /v1\.41/containers/x/stop was not sent"):
            await transport.read(method, "/containers/x/stop", body={})
    await transport.close()
    assert len(engine.requests) == sent


async def test_a_name_never_becomes_another_path(engine: RawEngine, transport: Transport) -> None:
    images, containers = Images(transport), Containers(transport)
    names = ["../containers/x", "a/../../containers/x", "x?force=1", "x#y", "100%", "é", ".."]
    for name in names:
        with pytest.raises(NotFound):
            await images.remove(name, force=True)
        with pytest.raises(NotFound):
            await containers.remove(name)
    sent = [request.target for request in engine.requests if request.method == "DELETE"]
    assert sent[0::2] == [
        "/v1.41/images/../containers/x?force=1",
        "/v1.41/images/a/../../containers/x?force=1",
        "/v1.41/images/x%3Fforce%3D1?force=1",
        "/v1.41/images/x%23y?force=1",
        "/v1.41/images/100%25?force=1",
        "/v1.41/images/%C3%A9?force=1",
        "/v1.41/images/..?force=1",
    ]
    assert sent[1] == "/v1.41/containers/..%2Fcontainers%2Fx?force=0&v=0"


async def test_what_is_sent_is_what_was_said(engine: RawEngine, transport: Transport) -> None:
    engine.replies["/commit"] = answer(b'{"Id":"sha256:1"}', "201 Created")
    message = "a; b & c+d=é%41\n\u202e"
    await Containers(transport).commit("x", message=message, changes=["ENV A=1", "CMD b"])
    query = parse_qs(urlsplit(engine.requests[-1].target).query, separator="&", strict_parsing=True)
    assert query["comment"] == [message]
    assert query["changes"] == ["ENV A=1\nCMD b"]
    assert ";" not in engine.requests[-1].target, "Go refuses a query with a bare semicolon"
    assert (engine.requests[-1].headers["content-type"], engine.requests[-1].body) == ("application/json", b"{}")


@pytest.mark.parametrize(
    ("params", "encoded"),
    [
        (None, {}),
        ({"a": None, "b": True, "c": False, "d": 0, "e": ""}, {"b": "1", "c": "0", "d": "0", "e": ""}),
        ({"filters": {"id": ["x"]}, "l": ("a", "b")}, {"filters": '{"id":["x"]}', "l": '["a","b"]'}),
    ],
)
def test_query_parameters(params: Any, encoded: dict[str, str]) -> None:
    assert encode_params(params) == encoded


async def test_a_stream_that_is_left_early_gives_its_connection_back(engine: RawEngine, transport: Transport) -> None:
    left = asyncio.Event()

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        with suppress(ConnectionError):
            while True:
                writer.write(chunk(b"1\n" * 1000))
                await writer.drain()
        left.set()

    engine.replies["/events"] = reply
    async with transport.stream("GET", "/events", limit=ClientTimeout(total=None)) as response:
        async for _ in response.chunks():
            break
    async with asyncio.timeout(5):
        await left.wait()


EVENT = (
    b'{"Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{"name":"w\xc3\xa9b"}},'
    b'"time":1795505372,"timeNano":1795505372415312238}\n'
)
STARTED = Event("container", "start", "c1", 1795505372415312238, {"name": "wéb"})


async def events_of(transport: Transport) -> list[Event | None]:
    """What the event stream gives until it breaks."""
    found: list[Event | None] = []
    with suppress(ConnectionLost):
        async for event in stream_events(transport):
            found.append(event)  # noqa: PERF401 what came before the break counts
    return found


async def test_a_connection_cut_at_any_byte_of_an_event(engine: RawEngine, transport: Transport) -> None:
    """The events before come whole, and of the one that was cut nothing does."""
    await transport.negotiate()
    for cut in range(len(EVENT) + 1):

        async def reply(writer: asyncio.StreamWriter, part: bytes = EVENT[:cut]) -> None:
            writer.write(CHUNKED + chunk(EVENT) + (chunk(part) if part else b""))
            await writer.drain()
            writer.close()

        engine.replies["/events"] = reply
        whole = [None, STARTED, STARTED] if cut >= len(EVENT) - 1 else [None, STARTED]
        assert await events_of(transport) == whole


async def test_events_that_are_noise_or_of_no_known_shape(engine: RawEngine, transport: Transport) -> None:
    noise = [b"exec_create: sh", b"exec_die", b"top", b"resize", b"attach", b"archive-path", b"export", b"save"]
    body = b"".join(b'{"Type":"container","Action":"%b","Actor":{"ID":"c1"}}\n' % action for action in noise)
    body += b'{"Type":"container","Action":"exec-mode","Actor":{"ID":"c1"},"time":1}\n'
    body += b'{"Type":"container","Action":null}\n{"Type":"container","Action":"die","Actor":"c1"}\n{"New":1}\n' + EVENT
    engine.replies["/events"] = CHUNKED + chunk(body) + chunk(b"")
    unknown = Event("", "", "", 0)
    assert await events_of(transport) == [
        None,
        Event("container", "exec-mode", "c1", 10**9),
        unknown,
        unknown,
        unknown,
        STARTED,
    ]


async def test_events_that_follow_each_other_are_read_together(engine: RawEngine, transport: Transport) -> None:
    """A daemon that tells each by itself wakes nobody for each; the first is not kept waiting, and none is lost."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        for number in range(100):
            writer.write(chunk(b'{"Type":"container","Action":"die","Actor":{"ID":"%d"}}\n' % number))
            await writer.drain()
            await asyncio.sleep(0.001)
        writer.write(chunk(b""))

    engine.replies["/events"] = reply
    await transport.negotiate()
    began = asyncio.get_running_loop().time()
    batches = [batch async for batch in stream_event_documents(transport)]
    passed = asyncio.get_running_loop().time() - began
    told = [document for batch in batches if batch for document in batch]
    assert [decode_event(document).id for document in told] == [str(number) for number in range(100)]
    assert len(batches) <= passed / REST_SECONDS + 3


@pytest.mark.parametrize("body", [b"<html>\n", b'{"Type":"conta\n', b"[1]\n", b"null\n"])
async def test_a_stream_of_something_else_is_malformed(engine: RawEngine, transport: Transport, body: bytes) -> None:
    engine.replies["/events"] = CHUNKED + chunk(body) + chunk(b"")
    with pytest.raises(MalformedAnswer, match="GET /events"):
        async for _ in stream_events(transport):
            pass


async def test_the_stream_is_resumed_where_it_is_told(engine: RawEngine, transport: Transport) -> None:
    engine.replies["/events"] = CHUNKED + chunk(b"")
    async for _ in stream_events(transport, 1795505372015312238):
        pass
    assert engine.requests[-1].target == "/v1.41/events?since=1795505372.015312238"


async def test_events_come_without_chunks_where_their_end_says_nothing(engine: RawEngine, transport: Transport) -> None:
    """A chunk for each event is dear; of events up to a moment the chunks tell the end from a line that broke."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + EVENT + EVENT)
        writer.close()

    engine.replies["/events"] = reply
    assert await events_of(transport) == [None, STARTED, STARTED]
    assert engine.requests[-1].protocol == "HTTP/1.0"
    engine.replies["/events"] = CHUNKED + chunk(EVENT)
    ended = stream_event_documents(transport, 1, 2)
    assert await anext(ended) is None
    assert await anext(ended) == [EVENT.strip()]
    assert engine.requests[-1].protocol == "HTTP/1.1"
    for line in engine.lines:
        line.close()
    with pytest.raises(ConnectionLost):
        await anext(ended)


@pytest.mark.parametrize("status", ["426 Upgrade Required", "505 HTTP Version Not Supported"])
async def test_who_speaks_no_old_http_is_asked_again_with_chunks(
    engine: RawEngine, transport: Transport, status: str
) -> None:
    """As Envoy does in front of a daemon, unless it is told otherwise. It is found out once."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        old = engine.requests[-1].protocol == "HTTP/1.0"
        writer.write(answer(b"", status) if old else CHUNKED + chunk(EVENT) + chunk(b""))

    engine.replies["/events"] = reply
    assert await events_of(transport) == [None, STARTED]
    assert await events_of(transport) == [None, STARTED]
    told = [request.protocol for request in engine.requests if "/events" in request.target]
    assert told == ["HTTP/1.0", "HTTP/1.1", "HTTP/1.1"]
