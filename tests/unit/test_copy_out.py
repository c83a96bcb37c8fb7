"""Files copied out of a container: written to the folder that was chosen, and never outside it."""

import asyncio
import os
import stat
import tarfile
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archives import Files, tar
from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.jobs.copy_out import CopyOutJob
from tui.jobs.safe_tree import stays_inside


class Served:
    """An engine that serves one archive, in pieces."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[str] = []
        self.halt: asyncio.Event | None = None
        self.halfway = asyncio.Event()
        self.files = SimpleNamespace(archive=self._archive, export=lambda id: self._archive(id, "/"))

    async def _archive(self, _container: str, path: str) -> AsyncGenerator[bytes]:
        self.asked.append(path)
        if not self.data:
            raise NotFound(404, f"Could not find the file {path} in container web")
        for start in range(0, len(self.data), 1000):
            if self.halt is not None and start > len(self.data) // 2:
                self.halfway.set()
                await self.halt.wait()
            yield self.data[start : start + 1000]


def job_of(served: Served, path: str, folder: Path, total: int = 0) -> CopyOutJob:
    return CopyOutJob(cast(Engine, served), "c1", "web", path, folder, total)


async def copy(files: Files, path: str, folder: Path) -> CopyOutJob:
    job = job_of(Served(tar(files)), path, folder)
    job.start()
    await job.wait()
    return job


def written(folder: Path) -> dict[str, bytes | str | None]:
    """What is below a folder: contents, targets of links, None for folders."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


SRV: Files = {
    "srv": (tarfile.DIRTYPE, ""),
    "srv/a.txt": b"one",
    "srv/deep/b.bin": bytes(range(256)) * 20,
    "srv/link": (tarfile.SYMTYPE, "deep/b.bin"),
    "srv/deep/up": (tarfile.SYMTYPE, "../a.txt"),
    "srv/hard": (tarfile.LNKTYPE, "srv/a.txt"),
}


async def test_a_folder_is_copied(tmp_path: Path) -> None:
    job = await copy(SRV, "/opt/srv", tmp_path)
    assert job.state == "done", job.error
    assert written(tmp_path) == {
        "srv": None,
        "srv/a.txt": b"one",
        "srv/deep": None,
        "srv/deep/b.bin": bytes(range(256)) * 20,
        "srv/deep/up": "../a.txt",
        "srv/hard": b"one",
        "srv/link": "deep/b.bin",
    }
    assert (job.files, job.written, job.left_out_count) == (3, 3 + 5120, 0)
    assert job.line == f"docker cp web:/opt/srv {tmp_path}"


async def test_a_file_gets_the_name_of_its_path_whatever_the_archive_calls_it(tmp_path: Path) -> None:
    job = await copy({"other": b"content"}, "/etc/motd", tmp_path)
    assert job.state == "done", job.error
    assert written(tmp_path) == {"motd": b"content"}


async def test_the_whole_goes_to_a_folder_of_its_own(tmp_path: Path) -> None:
    job = await copy({"etc/hosts": b"h", "bin/sh": b"s", "bin/ash": (tarfile.LNKTYPE, "bin/sh")}, "/", tmp_path)
    assert job.state == "done", job.error
    assert written(tmp_path / "rootfs") == {
        "bin": None,
        "bin/ash": b"s",
        "bin/sh": b"s",
        "etc": None,
        "etc/hosts": b"h",
    }


async def test_rights_that_are_dangerous_here_are_not_kept(tmp_path: Path) -> None:
    data = bytearray(tar({"f": b"x"}, tarfile.GNU_FORMAT))
    data[100:108] = b"0006777\0"
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    job = job_of(Served(bytes(data)), "/f", tmp_path)
    job.start()
    await job.wait()
    assert job.state == "done", job.error
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o755


HOSTILE: Files = {
    "srv": (tarfile.DIRTYPE, ""),
    "../out": b"1",
    "srv/../../out": b"2",
    "/out": b"3",
    "srv/null": (tarfile.CHRTYPE, ""),
    "srv/pipe": (tarfile.FIFOTYPE, ""),
    "srv/away": (tarfile.SYMTYPE, "/etc/passwd"),
    "srv/up": (tarfile.SYMTYPE, "../../out"),
    "srv/dot": (tarfile.SYMTYPE, "."),
    "srv/trick": (tarfile.SYMTYPE, "dot/../out"),
    "srv/hard": (tarfile.LNKTYPE, "../out"),
    "srv/none": (tarfile.LNKTYPE, "srv/missing"),
}


async def test_what_leads_out_is_left_out_by_name(tmp_path: Path) -> None:
    inside = tmp_path / "in" / "side"
    inside.mkdir(parents=True)
    job = await copy(HOSTILE, "/srv", inside)
    assert job.state == "done", job.error
    assert written(tmp_path) == {"in": None, "in/side": None, "in/side/srv": None, "in/side/srv/dot": "."}
    told = "\n".join(job.left_out)
    for word in ("../out", "/out", "null", "pipe", "away", "up", "trick", "hard", "none"):
        assert word in told
    assert job.left_out_count == 10


async def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "folder"
    folder.mkdir()
    files: Files = {"srv": (tarfile.DIRTYPE, ""), "srv/l": (tarfile.SYMTYPE, str(outside)), "srv/l/f": b"x"}
    job = await copy(files, "/srv", folder)
    assert os.listdir(outside) == []
    assert job.state == "failed" or written(folder)["srv/l/f"] == b"x"


async def test_a_link_alone_says_where_it_leads(tmp_path: Path) -> None:
    job = await copy({"l": (tarfile.SYMTYPE, "there")}, "/etc/l", tmp_path)
    assert job.error == "/etc/l is a link: copy what it leads to, there"
    assert os.listdir(tmp_path) == []


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    served = Served(tar(SRV))
    job = job_of(served, "/srv", tmp_path)
    job.start()
    await job.wait()
    assert "is there already" in job.error
    assert served.asked == []


async def test_what_does_not_fit_is_told_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=1, f_frsize=4096))
    served = Served(tar(SRV))
    job = job_of(served, "/srv", tmp_path, 10_000)
    job.start()
    await job.wait()
    assert "do not fit" in job.error
    assert served.asked == []


async def test_a_full_disk_names_the_file_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int, _data: memoryview) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    job = await copy(SRV, "/srv", tmp_path)
    assert "srv/a.txt" in job.error
    assert "No space left on device" in job.error
    assert "b'" not in job.error
    assert os.listdir(tmp_path) == []


async def test_a_copy_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    served = Served(tar(SRV))
    served.halt = asyncio.Event()
    job = job_of(served, "/srv", tmp_path)
    job.start()
    await served.halfway.wait()
    await job.cancel()
    assert job.state == "cancelled"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("length", [700, 1500, 4000])
async def test_an_archive_that_is_cut_leaves_nothing(tmp_path: Path, length: int) -> None:
    job = job_of(Served(tar(SRV)[:length]), "/srv", tmp_path)
    job.start()
    await job.wait()
    assert job.state == "failed"
    assert "cut" in job.error
    assert os.listdir(tmp_path) == []


async def test_what_is_not_there_is_told_in_the_daemons_words(tmp_path: Path) -> None:
    job = job_of(Served(b""), "/none", tmp_path)
    job.start()
    await job.wait()
    assert job.error == "Could not find the file /none in container web"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("at", "target", "stays"),
    [("s/a", "b", True), ("s/d/a", "../b", True), ("s/a", "../b", False), ("s/a", "/b", False), ("s/a", "", False),
     ("s/a", "b/../c", True), ("s/a", "l/../c", False), ("s/a", "b/../../c", False), ("s/a", "l/c", True),
     ("s/d/a", "./../x/y", True), ("s", "b", False)],
)  # fmt: skip
def test_where_a_link_may_lead(at: str, target: str, stays: bool) -> None:
    assert stays_inside(tuple(at.encode().split(b"/")), target.encode(), {(b"s", b"l")}) is stays


PARTS = st.sampled_from(["..", ".", "srv", "a", "b", "dot", ""])
PLACES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
ENTRIES = st.one_of(
    st.binary(max_size=30),
    st.tuples(st.sampled_from([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE]), PLACES),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(files=st.dictionaries(PLACES, ENTRIES, max_size=10))
def test_no_archive_writes_or_leads_outside(tmp_path_factory: pytest.TempPathFactory, files: Files) -> None:
    top = tmp_path_factory.mktemp("top")
    folder = top / "in"
    folder.mkdir()
    (top / "secret").write_bytes(b"secret")
    asyncio.run(copy(files, "/srv", folder))
    assert sorted(os.listdir(top)) == ["in", "secret"]
    assert (top / "secret").read_bytes() == b"secret"
    assert set(os.listdir(folder)) <= {"srv"}
    for path in folder.rglob("*"):
        if path.is_symlink() and path.exists():
            assert os.path.realpath(path).startswith(os.path.realpath(folder / "srv"))
