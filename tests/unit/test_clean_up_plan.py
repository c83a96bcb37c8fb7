"""Which objects each prune would remove, worked out from what the daemon tells."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.clean_up import PRUNES, Doomed, children_first, doomed
from tui.model.containers import Container, Mount
from tui.model.disk import (
    KINDS,
    CacheRecord,
    DiskContainer,
    DiskImage,
    DiskUse,
    DiskVolume,
    WireDiskUse,
    disk_use,
)
from tui.model.networks import Network
from tui.present.clean_up import described, freed_words
from tui.present.disk import rows_of, summaries

PRUNE = {prune.id: prune for prune in PRUNES}

USE = DiskUse(
    layers_size=300,
    images=(
        DiskImage("i-used", ("app:1",), 200, 100),
        DiskImage("i-old", ("app:0", "app:old"), 200, 50),
        DiskImage("i-dangling", (), 150, 30),
        DiskImage("i-of-stopped", (), 100, 20),
    ),
    containers=(
        DiskContainer("c-up", "up", image_id="i-used", state="running", size=10),
        DiskContainer(
            "c-down", "down", image_id="i-of-stopped", state="exited", size=5, status="Exited (0) 2 weeks ago"
        ),
        DiskContainer("c-paused", "paused", image_id="i-used", state="paused"),
    ),
    volumes=(
        DiskVolume("data", 1000, 1),
        DiskVolume("spare", 500, 0),
        DiskVolume("a" * 64, 70, 0, anonymous=True),
        DiskVolume("b" * 64, 60, 1, anonymous=True),
        DiskVolume("unknown", None, None),
    ),
    cache=(
        CacheRecord("leaf", size=8, parents=("root",)),
        CacheRecord("root", size=4),
        CacheRecord("busy", size=2, in_use=True),
        CacheRecord("ours", size=16, shared=True),
        CacheRecord("front", type="frontend", size=1),
    ),
)
CONTAINERS = (
    Container("c-up", "up", "app:1", "running", networks=(("front", "10.0.0.2"),)),
    Container("c-down", "down", "x", "exited", mounts=(Mount("volume", "b" * 64, "/x"),), networks=(("back", ""),)),
)
NETWORKS = (
    Network("n-bridge", "bridge", "bridge", "local"),
    Network("n-front", "front", "bridge", "local"),
    Network("n-back", "back", "bridge", "local"),
    Network("n-free", "free", "bridge", "local"),
    Network("n-swarm", "mesh", "overlay", "swarm"),
)


def ids(prune: str) -> list[str]:
    return [each.id for each in doomed(PRUNE[prune], USE, NETWORKS, CONTAINERS)]


@pytest.mark.parametrize(
    ("prune", "wanted"),
    [
        ("containers", ["c-down"]),
        ("dangling", ["i-dangling"]),
        ("images", ["i-old", "i-dangling"]),
        ("anonymous", ["a" * 64]),
        ("volumes", ["spare", "a" * 64]),
        ("networks", ["n-back", "n-free"]),
        ("system", ["c-down", "n-back", "n-free", "i-dangling", "i-of-stopped", "leaf", "root"]),
    ],
)
def test_each_prune_takes_its_own(prune: str, wanted: list[str]) -> None:
    assert ids(prune) == wanted if prune != "system" else sorted(ids(prune)) == sorted(wanted)


def test_cache_that_is_in_use_stays_and_children_go_first() -> None:
    every = ids("all-cache")
    assert "busy" not in every
    assert every.index("leaf") < every.index("root")
    assert sorted(ids("cache")) == ["leaf", "root"]


def test_volumes_of_containers_that_go_too_go_with_them() -> None:
    assert "b" * 64 in ids("everything")
    assert "b" * 64 not in ids("anonymous")
    assert "data" not in ids("everything")


def test_a_network_that_a_stopped_container_names_is_there_but_not_ticked() -> None:
    found = {each.id: each for each in doomed(PRUNE["networks"], USE, NETWORKS, CONTAINERS)}
    assert found["n-back"].users == ("down",)
    assert found["n-free"].users == ()
    # when that container goes too, nothing names it
    with_it = {each.id: each for each in doomed(PRUNE["system"], USE, NETWORKS, CONTAINERS)}
    assert with_it["n-back"].users == ()


records = st.lists(
    st.builds(
        CacheRecord,
        st.sampled_from([str(at) for at in range(8)]),
        parents=st.lists(st.sampled_from([str(at) for at in range(9)]), max_size=3).map(tuple),
    ),
    unique_by=lambda record: record.id,
)


@given(records)
def test_no_record_is_lost_or_doubled(found: list[CacheRecord]) -> None:
    ordered = children_first(found)
    assert sorted(each.id for each in ordered) == sorted(each.id for each in found)


@given(st.permutations([CacheRecord(str(at), parents=(str(at + 1),) if at < 6 else ()) for at in range(7)]))
def test_a_chain_is_taken_from_its_end(found: list[CacheRecord]) -> None:
    assert [each.id for each in children_first(found)] == [str(at) for at in range(7)]


def test_words() -> None:
    image = Doomed("image", "i", "app:1", 30, tags=("app:1", "app:2"))
    assert described(image) == "image app:1  (30B, tags app:1, app:2)"
    assert described(Doomed("volume", "v", "v")) == "volume v  (size not told)"
    assert freed_words([image]) == "at least 30B"
    assert freed_words([Doomed("container", "c", "c", 1500)]) == "1.5kB"
    assert freed_words([]) == "0B"


def test_what_is_idle_is_told_with_each_kind() -> None:
    told = {each.kind: each for each in summaries(USE)}
    assert (told["image"].size, told["image"].idle) == (300, 80)
    assert told["container"].idle == 5
    assert (told["volume"].size, told["volume"].idle) == (1630, 570)
    assert "of 1 the driver tells no size" in told["volume"].text
    assert (told["build-cache"].size, told["build-cache"].idle) == (15, 13)
    assert "16B more are the images'" in told["build-cache"].text
    assert [each.size for each in summaries(DiskUse())] == [None] * 4
    assert len(rows_of(USE, KINDS)) == 4 + 3 + 5 + 5


def test_parts_come_one_after_the_other_and_none_is_lost() -> None:
    use = DiskUse()
    wire = WireDiskUse()
    use = use.with_parts(disk_use(wire, ("container",)))
    assert use.containers == ()
    assert use.images is None
    use = use.with_parts(disk_use(wire, ("image",)))
    assert use.layers_size == 0
    assert use.containers == ()


@pytest.mark.parametrize("told", ['"Parent": "p"', '"Parents": ["p"]', '" Parents": ["p"]'])
def test_what_a_record_builds_upon_has_three_names(told: str) -> None:
    """A daemon of 28 writes a blank before the name; without it, records were removed in a wrong order and kept."""
    wire = msgspec.json.decode(f'{{"BuildCache": [{{"ID": "c", {told}}}]}}', type=WireDiskUse)
    (record,) = disk_use(wire, KINDS).cache or ()
    assert record.parents == ("p",)


@given(st.binary(max_size=200))
def test_an_answer_of_any_shape_is_told_or_refused(data: bytes) -> None:
    try:
        wire = msgspec.json.decode(data, type=WireDiskUse)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert disk_use(wire, KINDS).total >= 0
