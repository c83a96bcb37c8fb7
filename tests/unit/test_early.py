"""The lists that are asked for before there is a client: what is kept, what is only shown, and that nothing raises."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tui.engine.early import EarlyLists, Glimpse, can_be_read
from tui.engine.endpoint import Endpoint

DATE = "Tue, 24 Nov 2026 21:00:00 GMT"
DATE_NS = 1_795_554_000 * 10**9


def row(number: int) -> dict[str, object]:
    return {
        "Id": f"{number:064x}",
        "Names": [f"/box-{number}"],
        "Image": "busybox",
        "State": "running",
        "Status": "Up 2 minutes",
        "Created": 1_790_000_000 - number,
    }


def answer(body: object, *, api: str = "1.51", status: str = "200 OK", date: str = DATE, length: int = 0) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.0 {status}\r\nApi-Version: {api}\r\nDate: {date}\r\nContent-Length: {length or len(data)}\r\n\r\n"
    return head.encode() + data


def daemon_of(count: int, **options: str) -> Callable[[str], bytes]:
    """A daemon of so many containers and two images."""

    def respond(path: str) -> bytes:
        if path.startswith("/images"):
            images = [{"Id": f"sha256:{number:064x}", "Created": 1, "Size": 7} for number in range(2)]
            return answer(images, **options)  # type: ignore[arg-type]
        rows = [row(number) for number in range(count)]
        _, limited, limit = path.partition("limit=")
        return answer(rows[: int(limit)] if limited else rows, **options)  # type: ignore[arg-type]

    return respond


@contextmanager
def serving(path: Path | None, respond: Callable[[str], bytes]) -> Iterator[str]:
    """A server that answers each request by what `respond` says of its path; yields its URL."""
    family = socket.AF_UNIX if path else socket.AF_INET
    with socket.socket(family) as server:
        server.bind(str(path) if path else ("127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):  # the client may be gone by then
                    connection.sendall(respond(connection.recv(4096).decode().split(" ")[1]))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"unix://{path}" if path else f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


async def read(*urls: str, first: int = 5) -> tuple[EarlyLists, list[Glimpse]]:
    seen: list[Glimpse] = []
    lists = EarlyLists([Endpoint(url, "test") for url in urls], first, seen.append)
    lists.start()
    async with asyncio.timeout(60):
        await lists.ended()
    return lists, seen


@pytest.mark.parametrize("kind", ["unix", "tcp"])
async def test_a_short_list_is_read_once_and_kept(kind: str, short_tmp: Path) -> None:
    with serving(short_tmp / "d.sock" if kind == "unix" else None, daemon_of(3)) as url:
        lists, seen = await read(url)
    assert [(glimpse.whole, len(glimpse.containers)) for glimpse in seen] == [(True, 3)]
    assert seen[0].api_version == "1.51"
    assert [container.name for container in lists.containers or ()] == ["box-0", "box-1", "box-2"]
    assert len(lists.images or ()) == 2
    assert lists.asked_ns == DATE_NS
    assert lists.endpoint == Endpoint(url, "test")


async def test_of_a_long_list_the_newest_come_first_and_then_all(short_tmp: Path) -> None:
    with serving(short_tmp / "d.sock", daemon_of(40)) as url:
        lists, seen = await read(url)
    assert [(glimpse.whole, len(glimpse.containers)) for glimpse in seen] == [(False, 5), (True, 40)]
    assert len(lists.containers or ()) == 40


async def test_an_answer_in_a_newer_version_is_shown_but_not_kept(short_tmp: Path) -> None:
    with serving(short_tmp / "d.sock", daemon_of(3, api="1.99")) as url:
        lists, seen = await read(url)
    assert len(seen) == 1
    assert (lists.containers, lists.images, lists.asked_ns) == (None, None, None)


async def test_without_the_daemons_clock_nothing_tells_what_happened_since(short_tmp: Path) -> None:
    with serving(short_tmp / "d.sock", daemon_of(3, date="soon")) as url:
        lists, _ = await read(url)
    assert lists.asked_ns is None


@pytest.mark.parametrize(
    "answered",
    [
        b"",
        b"HTTP/1.0 200 OK\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        answer([], status="403 Forbidden"),
        answer(b"<html>"),
        answer(b'[{"Id": 7}]'),
        answer(b"[]", length=99),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        answer(b"[" * 100_000),
    ],
)
async def test_what_is_no_list_is_left_to_the_client(answered: bytes, short_tmp: Path) -> None:
    with serving(short_tmp / "d.sock", lambda _path: answered) as url:
        lists, seen = await read(url)
    assert seen == []
    assert lists.containers is lists.images is None


async def test_a_first_list_that_is_followed_by_nothing_is_all_that_is_shown(short_tmp: Path) -> None:
    whole = daemon_of(40)
    with serving(short_tmp / "d.sock", lambda path: whole(path) if "limit" in path else b"") as url:
        lists, seen = await read(url)
    assert [glimpse.whole for glimpse in seen] == [False]
    assert lists.containers is None


async def test_sockets_that_nobody_listens_on_are_passed_over_but_nothing_that_is_out_of_reach(short_tmp: Path) -> None:
    with serving(short_tmp / "d.sock", daemon_of(1)) as url:
        lists, seen = await read(f"unix://{short_tmp}/none.sock", url)
        assert lists.endpoint == Endpoint(url, "test")
        assert len(seen) == 1
        lists, seen = await read("ssh://somewhere", url)
    assert (lists.endpoint, seen) == (None, [])
    assert not can_be_read(Endpoint("ssh://somewhere", "test"))


async def test_a_daemon_that_never_answers_is_given_up_when_told_to(short_tmp: Path) -> None:
    asked, never = threading.Event(), threading.Event()

    def respond(_path: str) -> bytes:
        asked.set()
        never.wait(10)
        return b""

    with serving(short_tmp / "d.sock", respond) as url:
        lists = EarlyLists([Endpoint(url, "test")], 5, lambda _glimpse: None)
        lists.start()
        await asyncio.to_thread(asked.wait, 10)
        lists.close()
        async with asyncio.timeout(5):
            await lists.ended()
        never.set()
    assert lists.containers is None
