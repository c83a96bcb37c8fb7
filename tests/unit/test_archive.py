"""Image archives of both layouts, packed and plain, whole, cut and hostile."""

import gzip
import io
import sys
import tarfile
import tracemalloc
from collections.abc import AsyncIterator, Callable

import pytest

from archives import CONFIG, LOWER, UPPER, Files, blob, diff_id, docker_archive, oci_layout, tar, without_digests
from tui.engine.archive import ArchiveError, ArchiveIndexer, KnownLayer, index_archive
from tui.model.file_tree import ROOT, Kind
from tui.model.layers import ImageLayers

if sys.version_info >= (3, 14):
    from compression.zstd import compress as zstd
else:
    from backports.zstd import compress as zstd


def index(data: bytes, step: int = 65536, indexer: ArchiveIndexer | None = None) -> ImageLayers:
    indexer = indexer or ArchiveIndexer()
    for start in range(0, len(data), step):
        indexer.feed(data[start : start + step])
    assert indexer.bytes_seen == len(data)
    return indexer.finish()


def check(image: ImageLayers) -> None:
    lower, command, upper = image.layers
    assert [layer.empty for layer in image.layers] == [False, True, False]
    assert (lower.diff_id, upper.diff_id) == (diff_id(LOWER), diff_id(UPPER))
    assert (lower.instruction, command.instruction, upper.instruction) == ("ADD rootfs", 'CMD ["sh"]', "")
    assert lower.created == "2026-01-02T03:04:05Z"
    assert lower.size == 3004
    hard, symbolic = lower.tree.find("/bin/ash"), upper.tree.find("/lib")
    assert hard is not None
    assert symbolic is not None
    assert (lower.tree.kind(hard), lower.tree.link(hard)) == (Kind.HARDLINK, "bin/sh")
    assert (upper.tree.kind(symbolic), upper.tree.link(symbolic)) == (Kind.SYMLINK, "/usr/lib")
    assert upper.tree.find("/srv/" + "n" * 150) is not None
    whole = image.view(2)
    assert whole.total_size(ROOT) == 3010
    assert image.waste(whole) == 4
    assert image.config.cmd == ("sh",)
    assert (image.architecture, image.os, image.created) == ("amd64", "linux", "")


@pytest.mark.parametrize("layout", [docker_archive, oci_layout])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("step", [1 << 20, 997, 64])
def test_both_layouts_plain_and_packed_in_any_pieces(
    layout: Callable[[list[bytes]], Files], pack: Callable[[bytes], bytes], step: int
) -> None:
    check(index(tar(layout([pack(LOWER), pack(UPPER)])), step))


def test_members_of_a_packed_layer_follow_each_other() -> None:
    parts = [LOWER[:700], LOWER[700:4000], LOWER[4000:]]
    several = b"".join(gzip.compress(part) for part in parts) + bytes(10)
    skippable = b"\x5a\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    frames = skippable + b"".join(zstd(part) for part in parts) + skippable
    check(index(tar(docker_archive([several, UPPER])), 100))
    check(index(tar(oci_layout([zstd(b"") + frames, UPPER])), 100))


def test_equal_layers_are_linked_by_older_engines() -> None:
    files = docker_archive([LOWER, UPPER])
    names = [name for name in files if name.endswith("layer.tar")]
    files["x/layer.tar"] = files.pop(names[0])
    check(index(tar({names[0]: (tarfile.SYMTYPE, "../x/layer.tar"), **files})))


def test_links_in_a_ring_are_an_error() -> None:
    files = docker_archive([LOWER, UPPER])
    name = next(name for name in files if name.endswith("layer.tar"))
    files[name] = (tarfile.SYMTYPE, "../y")
    with pytest.raises(ArchiveError, match="is not in the archive"):
        index(tar({"y": (tarfile.SYMTYPE, name), **files}))


def test_an_empty_layer_archive_is_a_layer() -> None:
    config = {**CONFIG, "rootfs": {"diff_ids": [diff_id(bytes(1024)), diff_id(UPPER)]}}
    image = index(tar(docker_archive([bytes(1024), UPPER], config)))
    assert len(image.layers[0].tree) == 1


def test_an_image_without_history_has_its_layers_still() -> None:
    config: dict[str, object] = {"rootfs": {"diff_ids": [diff_id(LOWER)]}}
    image = index(tar(docker_archive([LOWER, UPPER], config)))
    assert [(layer.created_by, layer.diff_id) for layer in image.layers] == [
        ("", diff_id(LOWER)),
        ("", diff_id(UPPER)),
    ]


def test_known_layers_are_not_read_again() -> None:
    first = index(tar(oci_layout([LOWER, UPPER])))
    known = {layer.digest: KnownLayer(layer.diff_id, layer.tree) for layer in first.layers if layer.digest}
    damaged = oci_layout([LOWER, UPPER])
    damaged[blob(LOWER)] = b"?" * len(LOWER)
    again = index(tar(damaged), indexer=ArchiveIndexer(known=lambda digest: known.get(f"sha256:{digest}")))
    check(again)
    assert again.layers[0].tree is first.layers[0].tree


def test_a_cut_archive_is_an_error_wherever_it_is_cut() -> None:
    data = tar(docker_archive([gzip.compress(LOWER), UPPER]))
    end = data.rstrip(b"\0").__len__()
    for size in [*range(0, end, 211), end - 1]:
        with pytest.raises(ArchiveError):
            index(data[:size])


def test_errors_name_the_layer_and_the_entry() -> None:
    cut = tar(docker_archive([LOWER[: 512 * 3 + 100], UPPER]))
    with pytest.raises(ArchiveError, match=r"0000/layer\.tar': the archive is cut inside 'bin/sh'"):
        index(cut)
    wrong = bytearray(LOWER)
    wrong[1024 + 100] = ord("9")
    with pytest.raises(ArchiveError, match=r"layer\.tar': wrong checksum in the header behind 'etc/passwd'"):
        index(tar(docker_archive([bytes(wrong), UPPER])))
    for packed in (gzip.compress(LOWER), zstd(LOWER)):
        with pytest.raises(ArchiveError, match=r"layer\.tar': the compressed data is cut"):
            index(tar(docker_archive([packed[:-12], UPPER])))
        bad = packed[:40] + b"\xff" * 20 + packed[60:]
        with pytest.raises(ArchiveError, match=r"layer\.tar': "):
            index(tar(docker_archive([bad, UPPER])))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("manifest.json", None, "'manifest.json' is not in it"),
        ("manifest.json", b"[]", "names no image"),
        ("manifest.json", b"{}", "'manifest.json' cannot be read"),
        ("manifest.json", b"[" * 4000, "'manifest.json' cannot be read"),
        ("manifest.json", b'[{"Config":"nope","Layers":[]}]', "'nope' is not in it"),
        ("manifest.json", b'[{"Config":"c.json","Layers":["nope"]}]', "'nope' that manifest.json names"),
        ("c.json", b'{"history": 5}', "'c.json' cannot be read"),
        ("c.json", b"{" + b" " * 5000 + b"}", "'c.json' is over the limit"),
    ],
)
def test_an_archive_that_is_not_an_image_is_refused(name: str, content: bytes | None, words: str) -> None:
    files = docker_archive([LOWER, UPPER])
    if content is None:
        del files[name]
    else:
        files[name] = content
    with pytest.raises(ArchiveError, match=words):
        index(tar(files), indexer=ArchiveIndexer(max_json=4096))


def test_large_json_that_nobody_needs_is_passed_over() -> None:
    check(
        index(
            tar({"sbom.json": b"{" + b" " * 9000, **docker_archive([LOWER, UPPER])}),
            indexer=ArchiveIndexer(max_json=4096),
        )
    )


def test_paths_have_a_bound_and_the_folders_they_imply_count() -> None:
    deep = tar({"/".join("a" * 50): b""})
    with pytest.raises(ArchiveError, match="more than 40 paths, at 'a/a"):
        index(tar(docker_archive([deep, UPPER])), indexer=ArchiveIndexer(max_entries=40))


def test_a_gzip_bomb_takes_constant_memory() -> None:
    block = tarfile.TarInfo("bomb")
    block.size = 256 << 20
    packer = io.BytesIO()
    with gzip.GzipFile(fileobj=packer, mode="w", compresslevel=9) as out:
        out.write(block.tobuf(tarfile.GNU_FORMAT))
        for _ in range(256):
            out.write(bytes(1 << 20))
        out.write(bytes(1024))
    data = tar(docker_archive([packer.getvalue(), UPPER], without_digests()))
    assert len(data) < 1 << 20
    tracemalloc.start()
    image = index(data, 1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert image.layers[0].size == 256 << 20
    assert peak < 8 << 20


def test_names_that_try_to_leave_stay_inside() -> None:
    evil = tar({"../../etc/passwd": b"x", "/abs": b"y", "dev/sda": (tarfile.BLKTYPE, "")})
    image = index(tar(docker_archive([evil, UPPER], without_digests())))
    found = image.layers[0].tree
    assert sorted(found.path(node) for node in range(len(found))) == [
        "/",
        "/abs",
        "/dev",
        "/dev/sda",
        "/etc",
        "/etc/passwd",
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_a_stream_is_indexed(pack: Callable[[bytes], bytes]) -> None:
    data = tar(docker_archive([pack(LOWER), UPPER]))

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 5000):
            yield data[start : start + 5000]

    indexer = ArchiveIndexer()
    assert await index_archive(chunks(), indexer)
    check(indexer.finish())
    assert indexer.bytes_seen == len(data)
