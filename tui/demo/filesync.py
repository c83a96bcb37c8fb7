"""Takes the files of a client's folder as BuildKit does: told of each, it asks for the contents that it has not got.

Format: fsutil's DiffCopy, the proto files under types/ of github.com/tonistiigi/fsutil.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from tui.demo.layers import Node
from tui.wire.grpc import GrpcConnection
from tui.wire.grpc_call import Call, GrpcError, frame
from tui.wire.protowire import as_bytes, as_int, first_bytes, number_field, read_fields

METHOD = "/moby.filesync.v1.FileSync/DiffCopy"
_STAT, _REQUEST, _DATA, _END, _ERROR = 0, 1, 2, 3, 4
_FOLDER, _LINK, _OTHER = 1 << 31, 1 << 27, 1 << 26 | 1 << 25
_SPECIAL = ((1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000))


@dataclass
class Told:
    """What was told of a file; `data` is its content once that has come."""

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
        return not self.mode & (_FOLDER | _LINK | _OTHER)

    @property
    def rights(self) -> int:
        """The mode's bits as chmod takes them."""
        return self.mode & 0o777 | sum(bit for theirs, bit in _SPECIAL if self.mode & theirs)


async def receive(
    client: GrpcConnection, options: Mapping[str, str | tuple[str, ...]], known: Mapping[bytes, Told] | None = None
) -> dict[bytes, Told]:
    """Return what a DiffCopy with these options brings, by path, in order.

    Files that are in `known` with the same time are not asked for. Raises GrpcError as the call ends.
    """
    async with client.open(METHOD, options) as call:
        found = await _take(call, known or {})
        await call.send(frame(number_field(1, _END)))
        while await call.receive() is not None:
            continue
        return {told.path: told for told in found}


async def _take(call: Call, known: Mapping[bytes, Told]) -> list[Told]:
    found: list[Told] = []
    wanted: dict[int, bytearray] = {}
    whole = False
    async for kind, id, body, data in _packets(call):
        if kind == _STAT and body is not None:
            told = _status(body)
            before = known.get(told.path)
            if told.is_file and not told.link and (before is None or before.mtime != told.mtime):
                wanted[len(found)] = bytearray()
                await call.send(frame(number_field(1, _REQUEST) + number_field(3, len(found))))
            found.append(told)
        elif kind == _DATA and data:
            wanted[id] += data
        elif kind == _DATA:
            found[id].data = bytes(wanted.pop(id))
        else:
            whole = True
        if whole and not wanted:
            return found
    raise GrpcError(2, "the files ended before all had come")


async def _packets(call: Call) -> AsyncIterator[tuple[int, int, bytes | None, bytes]]:
    """The packets as they come: kind, number, status and data."""
    while (message := await call.receive()) is not None:
        kind, id, body, data = _STAT, 0, None, b""
        for number, value in read_fields(message):
            if number == 1:
                kind = as_int(value)
            elif number == 2:
                body = as_bytes(value)
            elif number == 3:
                id = as_int(value)
            elif number == 4:
                data = as_bytes(value)
        if kind == _ERROR:
            await call.receive()  # raises what the call ends with, which says the same
            raise GrpcError(2, data.decode("utf-8", "replace"))
        yield kind, id, body, data


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


def tree_of(found: Mapping[bytes, Told]) -> dict[str, Node]:
    """Return the files as a tree. What is neither a file, a folder nor a link is left out: nothing here can use it."""
    tree: dict[str, Node] = {}
    for told in found.values():
        path, mtime = told.path.decode("utf-8", "replace"), told.mtime // 10**9
        if told.mode & _FOLDER:
            tree[path] = Node("dir", mode=told.rights, mtime=mtime)
        elif told.mode & _LINK:
            tree[path] = Node("link", mode=0o777, target=told.link.decode("utf-8", "replace"), mtime=mtime)
        elif told.link:
            tree[path] = tree.get(told.link.decode("utf-8", "replace"), Node(mtime=mtime))
        elif told.is_file:
            tree[path] = Node("file", told.data or b"", told.rights, "", mtime)
    return tree
