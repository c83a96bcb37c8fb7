"""The cache of layers on disk: what it keeps, what it bounds, and what it does where it can't be used."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import paths
from tui.engine.archive import KnownLayer
from tui.jobs.layer_cache import LayerCache
from tui.jobs.layer_store import LayerStore, layers_of
from tui.model.file_tree import FileTree, Kind
from tui.model.layers import ImageConfig, ImageLayers, Layer
from tui.model.tree_builder import TreeBuilder
from tui.model.tree_codec import BadTree, decode_tree, encode_tree


def tree(entries: dict[bytes, tuple[Kind, int, bytes]]) -> FileTree:
    builder = TreeBuilder()
    for path, (kind, size, link) in entries.items():
        builder.add(path, kind, size, 0o644, (1, 2), size * 3, link)
    return builder.finish()


SMALL = tree({b"a/b": (Kind.FILE, 5, b""), b"l": (Kind.SYMLINK, 0, b"../\xff"), b"d/.wh.x": (Kind.FILE, 0, b"")})
ONE, TWO, THREE = (digit * 64 for digit in "123")
LAYER = KnownLayer(f"sha256:{ONE}", SMALL)


def told(of: FileTree) -> list[tuple[object, ...]]:
    return [
        (
            of.path(node), of.kind(node), of.flags(node), of.mode(node), of.owner(node), of.size(node), of.mtime(node),
            of.link(node), of.total_size(node), of.file_count(node), of.parent(node), of.children(node),
        )
        for node in range(len(of))
    ]  # fmt: skip


PATHS = st.dictionaries(
    st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=3).map(b"/".join),
    st.tuples(st.sampled_from([Kind.FILE, Kind.FOLDER, Kind.SYMLINK]), st.integers(0, 1 << 40), st.binary(max_size=3)),
    max_size=8,
)


@given(PATHS)
def test_a_tree_comes_back_as_it_was(entries: dict[bytes, tuple[Kind, int, bytes]]) -> None:
    made = tree(entries)
    assert told(decode_tree(encode_tree(made))) == told(made)


@given(st.binary(max_size=300))
def test_what_is_no_tree_is_refused(data: bytes) -> None:
    with pytest.raises(BadTree):
        decode_tree(data)


@given(st.integers(0, len(encode_tree(SMALL)) - 1))
def test_a_cut_tree_is_refused(length: int) -> None:
    with pytest.raises(BadTree):
        decode_tree(encode_tree(SMALL)[:length])


def image(*diff_ids: str) -> ImageLayers:
    told_of = ("2026-01-02T03:04:05Z", "c", False)
    layers = [Layer("RUN x", *told_of, diff_id, "sha256:b", 9, SMALL, "m") for diff_id in diff_ids]
    return ImageLayers((*layers, Layer("CMD x", empty=True)), ImageConfig(user="u", env=("A=1",)), ("t:1",), "amd64")


def test_a_layer_is_found_by_each_of_its_digests(tmp_path: Path) -> None:
    LayerStore(tmp_path).put_tree(LAYER, TWO)
    again = LayerStore(tmp_path)
    for digest in (ONE, TWO):
        found = again.tree(digest)
        assert found is not None
        assert (found.diff_id, told(found.tree)) == (LAYER.diff_id, told(SMALL))
    assert again.diff_id(TWO) == ONE
    assert again.diff_id(ONE) == again.diff_id(THREE) == ""
    assert again.tree(THREE) is None
    assert not again.problem
    folder = next(tmp_path.glob("layers-*"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600]


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 63 + "/", "." * 64])
def test_what_is_no_digest_is_no_path(tmp_path: Path, digest: str) -> None:
    store = LayerStore(tmp_path / "inside")
    store.put_tree(KnownLayer(f"sha256:{digest}", SMALL), digest)
    store.put_image(digest, image())
    assert store.tree(digest) is None
    assert store.image(digest) is None
    assert store.diff_id(digest) == ""
    assert list(tmp_path.iterdir()) == []


def test_an_image_comes_back_with_its_trees(tmp_path: Path) -> None:
    store = LayerStore(tmp_path)
    kept = image(LAYER.diff_id)
    store.put_image(f"sha256:{THREE}", kept)
    line = LayerStore(tmp_path).image(f"sha256:{THREE}")
    assert line is not None
    assert layers_of(line, {LAYER.diff_id: LAYER}) == kept
    assert layers_of(line, {}) is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "huge"])
def test_a_damaged_entry_is_thrown_away(tmp_path: Path, damage: str) -> None:
    LayerStore(tmp_path).put_tree(LAYER, TWO)
    path = next(tmp_path.glob(f"layers-*/trees/{ONE}"))
    data = bytearray(path.read_bytes())
    if damage == "cut":
        del data[-3:]
    elif damage == "flipped":
        data[-20] ^= 1
    elif damage == "empty":
        data.clear()
    elif damage == "foreign":
        data[:6] = b"other!"
    else:
        magic = data.index(b"\n") + 1
        data[magic:] = b"\x28\xb5\x2f\xfd\xe0" + (1 << 62).to_bytes(8, "little") + bytes(40)
    path.write_bytes(data)
    store = LayerStore(tmp_path)
    assert store.tree(TWO) is None
    assert not path.exists()
    assert not store.problem
    store.put_tree(LAYER, TWO)
    assert store.tree(TWO) is not None


def test_the_oldest_give_way(tmp_path: Path) -> None:
    store = LayerStore(tmp_path)
    digests = [f"{n:064x}" for n in range(6)]
    for digest in digests:
        store.put_tree(KnownLayer(f"sha256:{digest}", SMALL), "f" * 63 + digest[-1])
    folder = next(tmp_path.glob("layers-*")) / "trees"
    size = (folder / digests[0]).stat().st_size
    for age, digest in enumerate(digests):
        os.utime(folder / digest, (1000 + age, 1000 + age))
    assert store.tree(digests[0]) is not None  # used now
    stale = folder / ".x.tmp"
    stale.write_bytes(b"")
    os.utime(stale, (1, 1))
    fresh = folder / ".y.tmp"
    fresh.write_bytes(b"")
    old = tmp_path / "layers-0"
    old.mkdir()
    (old / "x").write_bytes(b"")
    small = LayerStore(tmp_path, limit=size * 3 + 30)
    small.trim()
    kept = sorted(path.name for path in folder.iterdir() if not path.name.startswith((".", "f")))
    assert kept == [digests[0], digests[4], digests[5]]
    assert all(path.exists() for path in folder.iterdir())  # no link leads nowhere
    assert not stale.exists()
    assert fresh.exists()
    assert not old.exists()


def test_without_a_home_it_says_so_and_goes_on() -> None:
    cache = LayerCache(LayerStore(None))
    cache.put_layer("", LAYER)
    cache.put(f"sha256:{ONE}", image(LAYER.diff_id))
    assert cache.get(f"sha256:{ONE}") is not None
    cache.close()
    assert "no home folder" in cache.take_problem()
    assert cache.take_problem() == ""


def test_a_folder_that_can_not_be_made_is_told_of_once(tmp_path: Path) -> None:
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file")
    cache = LayerCache(LayerStore(in_the_way))
    for _ in range(3):
        cache.put_layer(ONE, LAYER)
        cache.put(f"sha256:{ONE}", image(LAYER.diff_id))
    cache.close()
    assert "layers are not kept in" in cache.take_problem()
    assert cache.take_problem() == ""
    assert in_the_way.read_text() == "a file"


def test_a_full_disk_is_told_of_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _data: bytes, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths, "write_private", full)
    store = LayerStore(tmp_path)
    store.put_tree(LAYER)
    store.put_image(ONE, image())
    store.trim()
    assert store.problem.endswith(": No space left on device")


def test_a_cache_that_may_only_be_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LayerStore(tmp_path).put_tree(LAYER)

    def refuse(*_arguments: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "utime", refuse)
    store = LayerStore(tmp_path)
    assert store.tree(ONE) is not None
    assert not store.problem


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    caches = [LayerCache(LayerStore(tmp_path)) for _ in range(2)]
    for number in range(20):
        for cache in caches:
            cache.put_layer(TWO, KnownLayer(f"sha256:{number:064x}", SMALL))
            cache.put(f"sha256:{number:064x}", image())
    for cache in caches:
        cache.close()
        assert not cache.take_problem()
    store = LayerStore(tmp_path)
    assert all(store.tree(f"{number:064x}") is not None for number in range(20))
