"""What a daemon keeps of its layers on this machine: read as the archive tells it, and left where anything is wrong."""

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archives import CONFIG, LOWER, UPPER, diff_id, tar
from tui.engine import layer_lists as module
from tui.engine.archive import ArchiveIndexer, KnownLayer
from tui.engine.endpoint import Endpoint
from tui.engine.layer_lists import LayerLists, ListError, chain_ids, layer_lists
from tui.jobs.list_reading import ListReading
from tui.model.file_tree import FileTree
from tui.model.layers import ImageStack, RootFs
from tui.model.tree_codec import encode_tree

DIFF_IDS = [diff_id(LOWER), diff_id(UPPER)]
IMAGE_ID = f"sha256:{hashlib.sha256(json.dumps(CONFIG).encode()).hexdigest()}"
STACK = ImageStack(IMAGE_ID, root_fs=RootFs(tuple(DIFF_IDS)))


def lines_of(archive: bytes) -> list[dict[str, object]]:
    """A layer's archive as tar-split writes it down: the pieces between the bodies, and the bodies' sizes."""
    lines: list[dict[str, object]] = []
    start = 0
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            size = member.size if member.isfile() else 0
            lines.append({"type": 2, "payload": base64.b64encode(archive[start : member.offset_data]).decode()})
            lines.append({"type": 1, "name": member.name, "payload": "AAAAAAAAAAA=" if size else None, "size": size})
            start = member.offset_data + size
    lines.append({"type": 2, "payload": base64.b64encode(archive[start:]).decode()})
    return [{**line, "position": position} for position, line in enumerate(lines)]


def packed(lines: list[dict[str, object]]) -> bytes:
    return gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines), mtime=0)


def keep(root: Path) -> tuple[LayerLists, list[Path]]:
    """A data folder with an image of two layers, and the folders of these."""
    base = root / "image/overlay2"
    config = base / "imagedb/content/sha256" / IMAGE_ID.removeprefix("sha256:")
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps(CONFIG))
    folders: list[Path] = []
    for chain, digest, archive in zip(chain_ids(DIFF_IDS), DIFF_IDS, (LOWER, UPPER), strict=True):
        folder = base / "layerdb/sha256" / chain.removeprefix("sha256:")
        folder.mkdir(parents=True)
        (folder / "diff").write_text(digest)
        (folder / "tar-split.json.gz").write_bytes(packed(lines_of(archive)))
        folders.append(folder)
    return LayerLists(root, "overlay2"), folders


def tree_of(archive: bytes) -> FileTree:
    """The tree that an image's archive tells of a layer."""
    told = {**CONFIG, "rootfs": {"diff_ids": [diff_id(archive)]}, "history": []}
    manifest = json.dumps([{"Config": "c.json", "Layers": ["layer.tar"]}]).encode()
    indexer = ArchiveIndexer()
    indexer.feed(tar({"layer.tar": archive, "c.json": json.dumps(told).encode(), "manifest.json": manifest}))
    return indexer.finish().layers[0].tree


def read(lists: LayerLists) -> list[KnownLayer]:
    return [lists.layer(chain, digest) for chain, digest in zip(chain_ids(DIFF_IDS), DIFF_IDS, strict=True)]


def test_chain_ids_are_those_of_the_specification() -> None:
    one, two, three = (f"sha256:{digit * 64}" for digit in "abc")
    second = "sha256:" + hashlib.sha256(f"{one} {two}".encode()).hexdigest()
    third = "sha256:" + hashlib.sha256(f"{second} {three}".encode()).hexdigest()
    assert chain_ids([one, two, three]) == [one, second, third]
    assert chain_ids([]) == []


def test_layers_are_those_of_the_archive(tmp_path: Path) -> None:
    lists, _ = keep(tmp_path)
    for layer, digest, archive in zip(read(lists), DIFF_IDS, (LOWER, UPPER), strict=True):
        assert layer.diff_id == digest
        assert encode_tree(layer.tree) == encode_tree(tree_of(archive))


def test_an_image_is_read_whole(tmp_path: Path) -> None:
    lists, _ = keep(tmp_path)
    trees: dict[str, KnownLayer] = {}
    told: list[str] = []
    reading = ListReading(lists, STACK, trees, lambda layer: told.append(layer.diff_id))
    image = reading.read()
    assert told == list(trees) == DIFF_IDS
    assert (reading.layers, reading.wanted, reading.fraction) == (2, 2, 1.0)
    assert [layer.created_by for layer in image.layers] == ["ADD rootfs", 'CMD ["sh"]', ""]
    assert [layer.empty for layer in image.layers] == [False, True, False]
    assert image.layers[0].created == "2026-01-02T03:04:05Z"
    assert image.config.cmd == ("sh",)
    again = ListReading(lists, STACK, trees, lambda layer: told.append(layer.diff_id))
    assert again.read() == image
    assert len(told) == 2  # what is known is not read again


def test_a_reading_that_is_stopped_ends(tmp_path: Path) -> None:
    lists, _ = keep(tmp_path)
    trees: dict[str, KnownLayer] = {}
    reading = ListReading(lists, STACK, trees, lambda _layer: reading.stop())
    with pytest.raises(ListError, match="stopped"):
        reading.read()
    assert list(trees) == DIFF_IDS[:1]


def test_a_link_that_tells_a_size_has_no_body(tmp_path: Path) -> None:
    lists, folders = keep(tmp_path)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname, link.size = tarfile.LNKTYPE, "file", 700
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("file"))
    lines = lines_of(out.getvalue())
    lines[1]["size"] = 700
    (folders[0] / "tar-split.json.gz").write_bytes(packed(lines))
    tree = read(lists)[0].tree
    assert sorted(tree.path(node) for node in range(1, len(tree))) == ["/file", "/link"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def cut_lines(path: Path) -> None:
    path.write_bytes(packed(lines_of(LOWER)[:3]))


def unknown_line(path: Path) -> None:
    path.write_bytes(packed([*lines_of(LOWER), {"type": 7}]))


def larger_body(path: Path) -> None:
    lines = lines_of(LOWER)
    next(line for line in lines if line.get("size"))["size"] = 10_000
    path.write_bytes(packed(lines))


def negative_body(path: Path) -> None:
    lines = lines_of(LOWER)
    next(line for line in lines if line.get("size"))["size"] = -5
    path.write_bytes(packed(lines))


def no_gzip(path: Path) -> None:
    path.write_bytes(b"{}\n")


def endless_line(path: Path) -> None:
    path.write_bytes(gzip.compress(b'{"type":2,"payload":"' + b"A" * (20 << 20), mtime=0))


def no_base64(path: Path) -> None:
    path.write_bytes(packed([{"type": 2, "payload": "%%%"}]))


def link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path) -> None:
    path.unlink()


DAMAGES = (
    cut, cut_lines, unknown_line, larger_body, negative_body, no_gzip, endless_line, no_base64,
    link, pipe, folder, gone,
)  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.__name__ for damage in DAMAGES])
def test_a_damaged_list_is_left(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    lists, folders = keep(tmp_path)
    damage(folders[0] / "tar-split.json.gz")
    with pytest.raises(ListError):
        read(lists)


def test_another_layer_or_image_is_not_taken(tmp_path: Path) -> None:
    lists, folders = keep(tmp_path)
    chain = chain_ids(DIFF_IDS)
    with pytest.raises(ListError, match="not the layer"):
        lists.layer(chain[1], DIFF_IDS[0])
    (folders[0] / "diff").write_text("x" * 500)
    with pytest.raises(ListError, match="more than 200 bytes"):
        lists.layer(chain[0], DIFF_IDS[0])
    next((tmp_path / "image/overlay2/imagedb/content/sha256").iterdir()).write_text("{}")
    with pytest.raises(ListError, match="another one"):
        lists.config(IMAGE_ID)
    for name in ("sha256:../../../../etc/passwd", "../x", "", "sha256:" + "A" * 64, f"{IMAGE_ID}\n"):
        with pytest.raises(ListError, match="no SHA-256 digest"):
            lists.layer(name, DIFF_IDS[0])
        with pytest.raises(ListError, match="no SHA-256 digest"):
            lists.config(name)


def test_more_paths_than_allowed_are_too_many(tmp_path: Path) -> None:
    lists, _ = keep(tmp_path)
    with pytest.raises(ListError, match="more than 3 paths"):
        lists.layer(chain_ids(DIFF_IDS)[0], DIFF_IDS[0], max_entries=3)


def test_a_file_is_read_where_it_is_kept_and_no_link_is_followed(tmp_path: Path) -> None:
    lists, folders = keep(tmp_path)
    chain = chain_ids(DIFF_IDS)[0]
    (folders[0] / "cache-id").write_text("0123abc")
    files = tmp_path / "overlay2/0123abc/diff"
    (files / "etc").mkdir(parents=True)
    (files / "etc/passwd").write_bytes(b"root")
    (tmp_path / "secret").write_bytes(b"root")
    (files / "link").symlink_to("/etc")
    (files / "etc/link").symlink_to(tmp_path / "secret")
    os.mkfifo(files / "etc/pipe")
    assert lists.content(chain, b"etc/passwd", 4, 100) == b"root"
    assert lists.content(chain, b"etc/passwd", 4, 2) == b"ro"
    odd = (b"etc/passwd2", b"link/passwd", b"etc/link", b"etc/pipe", b"etc", b"etc/../etc/passwd", b"/etc/passwd", b"",
           b"etc//passwd", b"./etc/passwd", b"etc/pass\0wd", b"../../../secret")  # fmt: skip
    for path in odd:
        with pytest.raises(ListError):
            lists.content(chain, path, 4, 100)
    with pytest.raises(ListError, match="not what"):
        lists.content(chain, b"etc/passwd", 5, 100)
    (folders[0] / "cache-id").write_text("../../secret")
    with pytest.raises(ListError, match="no name"):
        lists.content(chain, b"etc/passwd", 4, 100)


@given(st.data())
def test_any_bytes_are_a_layer_or_an_error(data: st.DataObject) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as base:
        lists, folders = keep(Path(base))
        path = folders[0] / "tar-split.json.gz"
        text = bytearray(gzip.decompress(path.read_bytes()))
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(text) - 1))
            text[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
        path.write_bytes(gzip.compress(bytes(text), 1, mtime=0))
        try:
            layer = lists.layer(chain_ids(DIFF_IDS)[0], DIFF_IDS[0])
        except ListError:
            return
        assert len(layer.tree) >= 1


def test_lists_are_those_of_a_daemon_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path)
    endpoint = Endpoint("unix:///x.sock", "test")

    def seen(_endpoint: Endpoint, folder: str) -> list[str]:
        return [f"{tmp_path}/elsewhere{folder}", f"{tmp_path}{folder}"]

    monkeypatch.setattr(module, "own_paths", seen)
    found = layer_lists(endpoint, "/", "overlay2")
    assert found is not None
    assert len(read(found)) == 2
    assert layer_lists(endpoint, "/", "overlayfs") is None
    assert layer_lists(endpoint, "/", "../overlay2") is None
    assert layer_lists(endpoint, "/", "") is None
    monkeypatch.setattr(module, "own_paths", lambda *_: [])
    assert layer_lists(endpoint, "/", "overlay2") is None
