"""Files taken out of an image: viewed in part, written to a folder, and never outside it whatever the archive says."""

import asyncio
import gzip
import io
import os
import shutil
import stat
import tarfile
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archives import Files, docker_archive, oci_layout, tar, without_digests
from tui.engine.archive import ArchiveIndexer
from tui.engine.engine import Engine
from tui.engine.layer_lists import LayerLists
from tui.jobs.extract import ExtractJob, Selection
from tui.jobs.layer_file import LayerFileJob
from tui.jobs.safe_tree import SafeTree, UnsafeName
from tui.model.file_lookup import locate
from tui.model.layers import ImageLayers


class Served:
    """An engine that serves one archive, in pieces; `asked` counts how often, and `passed` the bytes."""

    def __init__(self, data: bytes, step: int = 1000) -> None:
        self.data = data
        self.step = step
        self.asked = self.passed = 0
        self.halt: asyncio.Event | None = None
        self.halfway = asyncio.Event()
        self.images = SimpleNamespace(archive=self._archive)

    async def layer_lists(self) -> LayerLists | None:
        return None

    async def _archive(self, _image: str) -> AsyncGenerator[bytes]:
        self.asked += 1
        for start in range(0, len(self.data), self.step):
            if self.halt is not None and start > len(self.data) // 2:
                self.halfway.set()
                await self.halt.wait()
            yield self.data[start : start + self.step]
            self.passed += self.step

    def read(self) -> ImageLayers:
        indexer = ArchiveIndexer()
        indexer.feed(self.data)
        return indexer.finish()


def serve(*layers: Files, pack: Callable[[bytes], bytes] = bytes) -> Served:
    return Served(tar(docker_archive([pack(tar(layer)) for layer in layers], without_digests())))


def selected(image: ImageLayers, path: str, only: int | None = None) -> Selection:
    number = len(image.layers) - 1 if only is None else only
    view = image.view(number)
    node = view.find(path)
    assert node is not None, path
    return Selection(image, view, node, only)


async def extract(served: Served, path: str, folder: Path, only: int | None = None) -> ExtractJob:
    job = ExtractJob(cast(Engine, served), "sha256:x", "app:1", selected(served.read(), path, only), folder)
    job.start()
    await job.wait()
    return job


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return os.listdir(folder)


def link_ends(folder: Path) -> list[str]:
    """Where the links below a folder lead to, but for those that lead nowhere."""
    return [os.path.realpath(path) for path in folder.rglob("*") if path.is_symlink() and path.exists()]


def written(folder: Path) -> dict[str, bytes | str | None]:
    """What is below a folder: contents, targets of links, None for folders."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


BASE: Files = {
    "srv": (tarfile.DIRTYPE, ""),
    "srv/a.txt": b"old",
    "srv/deep/b.bin": bytes(range(256)) * 20,
    "srv/gone": b"gone",
    "srv/link": (tarfile.SYMTYPE, "deep/b.bin"),
    "srv/hard": (tarfile.LNKTYPE, "srv/a.txt"),
    "etc/passwd": b"root",
}
ABOVE: Files = {"srv/a.txt": b"new!", "srv/.wh.gone": b"", "srv/added": b"", "etc/more": b"more"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
async def test_a_folder_of_the_whole_image(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    job = await extract(serve(BASE, ABOVE, pack=pack), "/srv", tmp_path)
    assert job.state == "done", job.error
    assert written(tmp_path) == {
        "srv": None,
        "srv/a.txt": b"new!",
        "srv/added": b"",
        "srv/deep": None,
        "srv/deep/b.bin": bytes(range(256)) * 20,
        "srv/hard": b"old",  # a hard link keeps what it was made of
        "srv/link": "deep/b.bin",
    }
    assert (job.files, job.written, job.total) == (4, 4 + 5120 + 3, 4 + 5120 + 3)
    assert job.left_out == []


async def test_a_layer_alone_brings_its_own(tmp_path: Path) -> None:
    job = await extract(serve(BASE, ABOVE), "/srv", tmp_path, only=2)
    assert job.state == "done", job.error
    assert written(tmp_path) == {"srv": None, "srv/a.txt": b"new!", "srv/added": b""}
    job = await extract(serve(BASE, ABOVE), "/", tmp_path, only=2)
    assert job.state == "done", job.error
    assert {name for name in written(tmp_path / "rootfs") if "deep" in name} == set()


async def test_a_link_alone_says_where_it_leads(tmp_path: Path) -> None:
    job = await extract(serve(BASE), "/srv/link", tmp_path)
    assert job.error == "/srv/link is a link: extract what it leads to, deep/b.bin"


async def test_a_full_disk_names_the_file_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int, _data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    job = await extract(serve(BASE), "/srv", tmp_path)
    assert job.state == "failed"
    assert "srv/a.txt" in job.error
    assert "No space left on device" in job.error
    assert "b'" not in job.error
    assert names(tmp_path) == []


async def test_a_link_that_leads_out_through_another_is_left_out(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "in" / "secret").write_bytes(b"mine")
    files: Files = {
        "srv": (tarfile.DIRTYPE, ""),
        "srv/a": b"x",
        "srv/dot": (tarfile.SYMTYPE, "."),
        "srv/trick": (tarfile.SYMTYPE, "dot/../secret"),
    }
    job = await extract(serve(files), "/srv", inside)
    assert job.state == "done", job.error
    assert written(inside / "srv") == {"a": b"x", "dot": "."}
    assert "trick" in job.left_out[0]


async def test_one_file_and_one_that_was_removed(tmp_path: Path) -> None:
    served = serve(BASE, ABOVE)
    assert (await extract(served, "/etc/passwd", tmp_path)).state == "done"
    assert (await extract(served, "/srv/gone", tmp_path, only=2)).state == "done"
    assert written(tmp_path) == {"passwd": b"root", "gone": b"gone"}


async def test_all_of_an_image_goes_to_a_folder_of_its_own(tmp_path: Path) -> None:
    job = await extract(serve(BASE, ABOVE), "/", tmp_path)
    assert job.state == "done", job.error
    assert names(tmp_path) == ["rootfs"]
    assert written(tmp_path / "rootfs")["etc/passwd"] == b"root"


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "mine").write_bytes(b"mine")
    served = serve(BASE)
    job = await extract(served, "/srv", tmp_path)
    assert job.state == "failed"
    assert "is there already" in job.error
    assert written(tmp_path) == {"srv": None, "srv/mine": b"mine"}
    assert served.asked == 0


async def test_what_does_not_fit_is_told_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=1, f_frsize=4096))
    served = serve(BASE)
    job = await extract(served, "/srv", tmp_path)
    assert job.state == "failed"
    assert "do not fit" in job.error
    assert served.asked == 0


async def test_a_cancelled_extraction_leaves_nothing(tmp_path: Path) -> None:
    served = serve(BASE, ABOVE)
    served.halt = asyncio.Event()
    job = ExtractJob(cast(Engine, served), "sha256:x", "app:1", selected(served.read(), "/srv"), tmp_path)
    job.start()
    await served.halfway.wait()
    await job.cancel()
    assert job.state == "cancelled"
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["cut", "other"])
async def test_an_archive_that_breaks_leaves_nothing(tmp_path: Path, kind: str) -> None:
    served = serve(BASE, ABOVE)
    image = served.read()
    served.data = served.data[: len(served.data) // 2] if kind == "cut" else serve(ABOVE).data
    job = ExtractJob(cast(Engine, served), "sha256:x", "app:1", selected(image, "/srv"), tmp_path)
    job.start()
    await job.wait()
    assert job.state == "failed"
    assert job.error
    assert names(tmp_path) == []


EVIL: Files = {
    "d": (tarfile.DIRTYPE, ""),
    "d/../../../../escaped1": b"x",
    "/escaped2": b"x",
    "d/out": (tarfile.SYMTYPE, "../../../../../../tmp"),
    "d/abs": (tarfile.SYMTYPE, "/etc"),
    "d/near": (tarfile.SYMTYPE, "../sibling"),
    "d/inside": (tarfile.SYMTYPE, "sub/../real"),
    "d/real": b"real",
    "d/hard": (tarfile.LNKTYPE, "../../../../etc/passwd"),
    "d/sda": (tarfile.BLKTYPE, ""),
    "d/null": (tarfile.CHRTYPE, ""),
    "d/pipe": (tarfile.FIFOTYPE, ""),
    "d/-rf": b"x",
    "d/a\nb\x1b[2J": b"x",
}


async def test_nothing_leaves_the_folder_whatever_the_archive_says(tmp_path: Path) -> None:
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    job = await extract(serve(EVIL), "/", inside)
    assert job.state == "done", job.error
    assert {path for path in written(tmp_path) if not path.startswith("deep/inside")} == {"deep", "outside"}
    found = written(inside / "rootfs")
    assert found == {
        "d": None, "d/-rf": b"x", "d/a\nb\x1b[2J": b"x", "d/inside": "sub/../real", "d/near": "../sibling",
        "d/real": b"real", "escaped1": b"x", "escaped2": b"x",
    }  # fmt: skip
    assert {line.partition(":")[0] for line in job.left_out} == {
        "/d/out", "/d/abs", "/d/hard", "/d/sda", "/d/null", "/d/pipe",
    }  # fmt: skip
    assert job.left_out_count == 6
    assert not {"escaped1", "escaped2"} & set(os.listdir("/"))


async def test_a_link_is_no_way_for_what_comes_after_it(tmp_path: Path) -> None:
    """A link to a folder outside, and files below its name in the same and in a later layer."""
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "inside"
    folder.mkdir()
    first: Files = {"d/way": (tarfile.SYMTYPE, str(outside)), "d/way/evil": b"x"}
    job = await extract(serve(first, {"d/way/evil2": b"x"}), "/d", folder)
    assert names(outside) == []
    assert job.state in ("done", "failed")
    assert all(not path.is_symlink() for path in folder.rglob("*"))


async def test_a_path_told_twice_is_the_last_one(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for content in (b"first, and longer", b"last"):
            info = tarfile.TarInfo("d/f")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    served = Served(tar(docker_archive([out.getvalue()], without_digests())))
    assert (await extract(served, "/d", tmp_path)).state == "done"
    assert written(tmp_path)["d/f"] == b"last"


async def test_rights_that_no_file_here_should_have(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, mode in (
            ("d", tarfile.DIRTYPE, 0o1777),
            ("d/su", tarfile.REGTYPE, 0o6777),
            ("d/none", tarfile.REGTYPE, 0o000),
            ("d/closed", tarfile.DIRTYPE, 0o000),
            ("d/closed/f", tarfile.REGTYPE, 0o444),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.mtime, info.uid = kind, mode, 1_000_000, 4242
            archive.addfile(info)
    served = Served(tar(docker_archive([out.getvalue()], without_digests())))
    assert (await extract(served, "/d", tmp_path)).state == "done"
    told = ("d", "d/su", "d/none", "d/closed/f", "d/closed")
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in told}
    assert modes == {"d": 0o755, "d/su": 0o755, "d/none": 0o600, "d/closed/f": 0o644, "d/closed": 0o700}
    assert (tmp_path / "d/su").stat().st_mtime == 1_000_000
    assert (tmp_path / "d/su").stat().st_uid == os.getuid()


async def test_a_time_that_no_file_can_have(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, moment in (("d", tarfile.DIRTYPE, 1 << 70), ("d/f", tarfile.REGTYPE, 1 << 70)):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.mtime = kind, 0o755, moment
            archive.addfile(info)
    served = Served(tar(docker_archive([out.getvalue()], without_digests())))
    job = await extract(served, "/d", tmp_path)
    assert (job.state, job.error) == ("done", "")
    assert written(tmp_path) == {"d": None, "d/f": b""}


def sparse() -> bytes:
    info = tarfile.TarInfo("d/holes")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 512
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[386:398], block[398:410] = b"%011o\0" % 0, b"%011o\0" % 512
    block[483:495] = b"%011o\0" % (1 << 30)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + b"x" * 512 + bytes(1024)


async def test_a_sparse_file_is_named_and_not_written(tmp_path: Path) -> None:
    served = Served(tar(docker_archive([sparse()], without_digests())))
    job = await extract(served, "/d", tmp_path)
    assert job.state == "failed"
    assert "'d/holes' is a sparse file" in job.error
    assert names(tmp_path) == []


async def test_a_name_that_is_none_here_is_told(tmp_path: Path) -> None:
    served = serve({"d/" + "n" * 300: b"x"})
    job = await extract(served, "/d", tmp_path)
    assert job.state == "failed"
    assert "nnn" in job.error
    assert "File name too long" in job.error
    assert names(tmp_path) == []


@pytest.mark.parametrize("parts", [[b".."], [b"a", b".."], [b""], [b"."], [b"a/b"], [b"a\0b"], [b"..", b"x"]])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, parts: list[bytes]) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    with SafeTree(folder) as tree:
        with pytest.raises(UnsafeName):
            os.close(tree.open_file(parts))
        with pytest.raises(UnsafeName):
            tree.make_symlink(parts, b"x")
    assert list(tmp_path.rglob("*")) == [folder]


def test_a_folder_that_becomes_a_link_meanwhile_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "inside"
    folder.mkdir()
    with SafeTree(folder) as tree:
        tree.make_folder([b"a", b"b"])
        tree.make_folder([b"c"])
        hidden = next(folder.glob(".hythe-*"))
        shutil.rmtree(hidden / "a")
        (hidden / "a").symlink_to(outside)
        with pytest.raises(OSError, match=r"."):
            os.close(tree.open_file([b"a", b"evil"]))
        with pytest.raises(OSError, match=r"."):
            tree.make_folder([b"a", b"b"])
        (hidden / "file").symlink_to(outside / "evil")
        os.close(tree.open_file([b"file"]))  # the link gave way to a file
        assert not (hidden / "file").is_symlink()
    assert names(outside) == []
    assert names(folder) == []


def test_what_came_to_the_place_meanwhile_stays(tmp_path: Path) -> None:
    for kind in ("file", "folder"):
        with SafeTree(tmp_path) as tree:
            name = kind.encode()
            if kind == "file":
                os.close(tree.open_file([name]))
            else:
                tree.make_folder([name])
            (tmp_path / kind).write_text("mine")
            with pytest.raises(FileExistsError):
                tree.keep(name)
        assert (tmp_path / kind).read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}


NAMES = st.lists(st.sampled_from(["a", "b", "..", ".", "", "/", "c"]), min_size=1, max_size=5).map("/".join)
HOSTILE = st.dictionaries(
    NAMES,
    st.one_of(
        st.binary(max_size=4),
        st.tuples(st.sampled_from([tarfile.SYMTYPE, tarfile.LNKTYPE]), NAMES),
        st.just((tarfile.DIRTYPE, "")),
    ),
    max_size=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HOSTILE, min_size=1, max_size=2))
async def test_no_archive_writes_outside(tmp_path: Path, layers: list[Files]) -> None:
    root = tmp_path / "root"
    shutil.rmtree(root, ignore_errors=True)
    folder = root / "x" / "inside"
    folder.mkdir(parents=True)
    (root / "canary").write_bytes(b"canary")
    job = await extract(serve(*layers), "/", folder)
    assert job.state in ("done", "failed")
    found = written(root)
    assert found["canary"] == b"canary"
    assert all(path in ("canary", "x") or path.startswith("x/inside") for path in found)
    assert {path.name for path in folder.iterdir()} <= {"rootfs"}
    assert all(Path(end).is_relative_to(folder) for end in link_ends(folder))


# looking at one file


async def look(served: Served, path: str, most: int = 1 << 20, image: ImageLayers | None = None) -> LayerFileJob:
    image = image or served.read()
    view = image.view(len(image.layers) - 1)
    node = view.find(path)
    assert node is not None
    job = LayerFileJob(cast(Engine, served), "sha256:x", "app:1", image, locate(image, view, node), most)
    job.start()
    await job.wait()
    return job


@pytest.mark.parametrize("layout", [docker_archive, oci_layout])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
async def test_a_file_of_any_layer(layout: Callable[..., Files], pack: Callable[[bytes], bytes]) -> None:
    served = Served(tar(layout([pack(tar(BASE)), pack(tar(ABOVE))], without_digests())))
    assert (await look(served, "/srv/a.txt")).content == b"new!"
    assert (await look(served, "/srv/deep/b.bin")).content == bytes(range(256)) * 20
    assert (await look(served, "/srv/deep/b.bin", most=10)).content == bytes(range(10))
    assert (await look(served, "/srv/hard")).content == b"old"
    assert (await look(served, "/srv/added")).content == b""


async def test_no_more_of_the_archive_is_read_than_needed() -> None:
    served = serve({"a": b"first", "b": bytes(1 << 20)}, {"c": bytes(1 << 20)})
    job = await look(served, "/a")
    assert job.content == b"first"
    assert served.passed < 100_000


async def test_a_bomb_is_looked_at_in_constant_memory() -> None:
    packed = io.BytesIO()
    info = tarfile.TarInfo("bomb")
    info.size = 256 << 20
    with gzip.GzipFile(fileobj=packed, mode="w", compresslevel=9) as out:
        out.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(256):
            out.write(bytes(1 << 20))
        out.write(bytes(1024))
    served = Served(tar(docker_archive([packed.getvalue()], without_digests())), 1 << 16)
    image = served.read()
    tracemalloc.start()
    job = await look(served, "/bomb", image=image)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert job.content == bytes(1 << 20)
    assert peak < 16 << 20


async def test_members_that_are_named_otherwise_are_found() -> None:
    """The image was read from an archive of another layout: by an engine of another version."""
    before = Served(tar(docker_archive([tar(BASE), tar(ABOVE)], without_digests()))).read()
    config = {
        **without_digests(),
        "rootfs": {"diff_ids": [layer.diff_id for layer in before.layers if not layer.empty]},
    }
    served = Served(tar(oci_layout([tar(BASE), tar(ABOVE)], config)))
    job = await look(served, "/srv/a.txt", image=before)
    assert (job.state, job.content, served.asked) == ("done", b"new!", 2)


async def test_a_file_that_is_gone_is_told() -> None:
    image = serve(BASE, ABOVE).read()
    job = await look(serve({"other": b"x"}), "/srv/a.txt", image=image)
    assert job.state == "failed"
    assert job.error


async def test_a_sparse_file_is_named() -> None:
    served = Served(tar(docker_archive([sparse()], without_digests())))
    job = await look(served, "/d/holes")
    assert "'d/holes' is a sparse file" in job.error
