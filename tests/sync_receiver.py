"""Takes the files of a FileSync as BuildKit does: asks by number for what it has not got, and says when it has all."""

import asyncio
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from lines import line
from tui.engine.filesync import METHOD, FileSync
from tui.engine.grpc import Call, GrpcConnection, frame
from tui.engine.protowire import as_bytes, as_int, first_bytes, number_field, read_fields


@dataclass
class Told:
    """What was told of a file; `data` is its content where it was asked for."""

    path: bytes
    mode: int = 0
    size: int = 0
    mtime: int = 0
    link: bytes = b""
    attributes: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    data: bytes | None = None

    @property
    def is_file(self) -> bool:
        """Whether it has a content of its own."""
        return not self.mode & (1 << 31 | 1 << 27 | 1 << 26 | 1 << 25)

    @property
    def rights(self) -> int:
        """The mode's bits as chmod takes them."""
        special = ((1 << 23, stat.S_ISUID), (1 << 22, stat.S_ISGID), (1 << 20, stat.S_ISVTX))
        return self.mode & 0o777 | sum(bit for go, bit in special if self.mode & go)


async def received(
    files: FileSync, options: Mapping[str, str | tuple[str, ...]], known: Mapping[bytes, Told] | None = None
) -> dict[bytes, Told]:
    """What a DiffCopy with these options brings, by path, in order. Files as in `known` are not asked for.

    Raises GrpcError as the call ends.
    """
    ours, theirs = line(most=1 << 20)
    client, server = GrpcConnection(ours), GrpcConnection(theirs, files.methods())
    tasks = [asyncio.create_task(client.run()), asyncio.create_task(server.run())]
    try:
        async with client.open(METHOD, options) as call:
            return await _take(call, known or {})
    finally:
        ours.close()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _take(call: Call, known: Mapping[bytes, Told]) -> dict[bytes, Told]:
    found: list[Told] = []
    wanted: dict[int, bytearray] = {}
    whole = False
    while whole is False or wanted:
        message = await call.receive()
        assert message is not None, "it ended before all had come"
        kind, id, body, data = 0, 0, None, b""
        for number, value in read_fields(message):
            if number == 1:
                kind = as_int(value)
            elif number == 2:
                body = as_bytes(value)
            elif number == 3:
                id = as_int(value)
            elif number == 4:
                data = as_bytes(value)
        if kind == 0 and body is None:
            whole = True
        elif kind == 0 and body is not None:
            told = _status(body)
            before = known.get(told.path)
            if told.is_file and not told.link and (before is None or before.mtime != told.mtime):
                wanted[len(found)] = bytearray()
                await call.send(frame(number_field(1, 1) + number_field(3, len(found))))
            found.append(told)
        elif kind == 2 and data:
            wanted[id] += data
        elif kind == 2:
            found[id].data = bytes(wanted.pop(id))
        elif kind == 4:
            await call.receive()  # raises what the call ends with
    await call.send(frame(number_field(1, 3)))
    last = await call.receive()
    assert last is not None
    assert first_bytes(last[2:], 1) == b""
    assert await call.receive() is None
    return {told.path: told for told in found}


def _status(body: bytes) -> Told:
    told = Told(first_bytes(body, 1), link=first_bytes(body, 7))
    for number, value in read_fields(body):
        if number == 2:
            told.mode = as_int(value)
        elif number == 5:
            told.size = as_int(value)
        elif number == 6:
            told.mtime = as_int(value)
        elif number == 10:
            told.attributes[first_bytes(as_bytes(value), 1)] = first_bytes(as_bytes(value), 2)
    return told
