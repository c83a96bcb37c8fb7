"""References, durations, layers, frames and the protobuf of the demo engine."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.demo.clock import NS, ManualClock
from tui.demo.durations import human
from tui.demo.errors import ApiError
from tui.demo.layers import Layer, Node, flatten, pack, unpack, whiteout
from tui.demo.logs import Wanted, rendered
from tui.demo.population import populate
from tui.demo.programs import STDERR, STDOUT, Line
from tui.demo.protobuf import Log, Vertex, response
from tui.demo.records import Container
from tui.demo.references import parse, parse_target
from tui.demo.seed_images import SEEDS, built
from tui.demo.world import World


@pytest.mark.parametrize(
    ("text", "tagged", "canonical"),
    [
        ("busybox", "busybox:latest", "docker.io/library/busybox"),
        ("docker.io/library/busybox:1", "busybox:1", "docker.io/library/busybox"),
        ("a/b", "a/b:latest", "docker.io/a/b"),
        ("localhost:5000/x:2", "localhost:5000/x:2", "localhost:5000/x"),
    ],
)
def test_references(text: str, tagged: str, canonical: str) -> None:
    assert parse(text).tagged == tagged
    assert parse(text).canonical == canonical


def test_bad_references_in_the_words_of_the_daemon() -> None:
    with pytest.raises(ApiError, match=r"repository name \(library/BAD\) must be lowercase"):
        parse("BAD")
    with pytest.raises(ApiError, match="invalid tag format"):
        parse_target("x", "y@")
    for text in ("", ":", "a//b", "a:b c", "x@sha256:12"):
        with pytest.raises(ApiError, match="invalid reference format"):
            parse(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (7200, "2 hours"),
        (47 * 3600, "47 hours"),
        (3 * 86400, "3 days"),
        (21 * 86400, "3 weeks"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert human(round(seconds * NS)) == words


def test_later_layers_win_and_whiteouts_hide() -> None:
    one = Layer({"a/x": Node(data=b"1"), "a/y": Node(data=b"2"), "b": Node(data=b"3")})
    two = Layer({whiteout("a/x"): Node(), "b": Node(data=b"4")})
    three = Layer({"a/.wh..wh..opq": Node(), "a/z": Node(data=b"5")})
    assert {p: n.data for p, n in flatten([one, two]).items()} == {"a/y": b"2", "b": b"4"}
    assert set(flatten([one, two, three])) == {"a/z", "b"}


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}", fullmatch=True), st.binary(max_size=50), max_size=6)
)
def test_archives_come_back_as_they_were(files: dict[str, bytes]) -> None:
    nodes = {path: Node(data=data) for path, data in files.items()}
    assert unpack(pack(nodes)) == nodes


def test_seeded_images_are_the_same_each_time_and_share_their_base() -> None:
    for seed in SEEDS:
        made = built(seed.tag, seed.dangling)
        layered = [entry for entry in made.history if not entry.get("empty_layer")]
        assert len(layered) == len(made.layers)
    assert built("nginx:1.27-alpine").layers[0] is built("alpine:3.20").layers[0]


def test_long_lines_are_split_into_frames_with_one_timestamp() -> None:
    line = Line(0, STDOUT, b"x" * 20_000 + b"\n")
    data = rendered(NS, line, Wanted(timestamps=True), tty=False)
    stream, length = struct.unpack(">BxxxI", data[:8])
    assert (stream, length) == (1, 31 + 16 * 1024)
    assert data[8 + length :][8:].startswith(data[8:38])
    assert rendered(NS, line._replace(stream=STDERR), Wanted(stderr=False), tty=False) == b""
    assert rendered(NS, Line(0, STDERR, b"a\n"), Wanted(), tty=True) == b"a\r\n"


def test_protobuf() -> None:
    assert Vertex("d", "n", started_ns=NS).encode() == b"\x0a\x0a\x0a\x01d\x1a\x01n\x2a\x02\x08\x01"
    assert response([Log("d", NS, 1, b"x")]) == b"\x1a\x0c\x0a\x01d\x12\x02\x08\x01\x18\x01\x22\x01x"


@given(st.lists(st.integers(0, 5), max_size=20), st.data())
def test_containers_are_listed_newest_first_whatever_comes_and_goes(moments: list[int], data: st.DataObject) -> None:
    world = World(ManualClock(0), 1)
    for number, moment in enumerate(moments):
        world.add_container(Container(f"{number:x}", f"c{number}", "i", "i", moment, {}, {}, "sh", []))
        if data.draw(st.booleans()):
            world.drop_container(data.draw(st.sampled_from([*world.containers.values()])))
        expected = sorted(world.containers.values(), key=lambda container: container.created_ns, reverse=True)
        assert world.newest_first() == expected


async def test_there_are_as_many_images_as_asked_for_and_no_fewer_than_the_cast_needs() -> None:
    world = World(ManualClock(10**18), 1)
    populate(world, 3, 400)
    await world.close()
    assert len(world.images) == 400
    builds = [image for image in world.images.values() if any(":build-" in tag for tag in image.tags)]
    assert len({image.id for image in builds}) == len({image.created_ns for image in builds}) == len(builds) > 300
    fewer = World(ManualClock(10**18), 1)
    populate(fewer, 3, 2)
    await fewer.close()
    assert 2 < len(fewer.images) < 40


def test_the_files_of_layers_are_never_those_of_layers_that_are_gone() -> None:
    """An address in memory is used again."""
    world = World(ManualClock(0), 1)
    for number in range(500):
        layer = Layer({f"file{number}": Node()})
        assert list(world.root_of((layer,))) == [f"file{number}"]
        del layer
