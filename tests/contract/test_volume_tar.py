"""Volumes to tar files and back, on every engine, by a container that is never started."""

import asyncio
import gzip
import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine_bench import IMAGE, Bench, bench_on
from tui.engine.helpers import VOLUME
from tui.jobs.job import Job
from tui.jobs.tar_check import TarCheckJob
from tui.jobs.volume_tar import BackupJob, RestoreJob


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench
        for volume in await bench.engine.volumes.list_all(filters={"label": [f"hythe.test={bench.prefix}"]}):
            # other tests have helpers of their own on this engine
            helpers = await bench.engine.containers.list_all(filters={"label": [f"{VOLUME}={volume.name}"]})
            assert not helpers, "no helper is left"
            await bench.engine.volumes.remove(volume.name, force=True)


async def volume(bench: Bench, name: str) -> str:
    labels = {"hythe.test": bench.prefix}
    return (await bench.engine.volumes.create(f"{bench.prefix}-{name}", labels=labels)).name


async def ended(job: Job) -> Job:
    job.start()
    async with asyncio.timeout(60):
        await job.wait()
    return job


def a_tar(path: Path, *, packed: bool = False) -> Path:
    """A tar with a file of an owner, a folder, a link and a name that is no ASCII."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in (("./", None), ("./sub/", None), ("./sub/é", b"hello\n"), ("./big", bytes(300_000))):
            info = tarfile.TarInfo(name)
            info.mtime, info.uid, info.gid, info.mode = 1_700_000_000, 33, 44, 0o750 if data is None else 0o640
            if data is None:
                info.type = tarfile.DIRTYPE
            info.size = len(data or b"")
            tar.addfile(info, io.BytesIO(data or b""))
        link = tarfile.TarInfo("./link")
        link.type, link.linkname = tarfile.SYMTYPE, "sub/é"
        tar.addfile(link)
    path.write_bytes(gzip.compress(out.getvalue()) if packed else out.getvalue())
    return path


def members(path: Path) -> dict[str, tuple[int, int, int, str]]:
    with tarfile.open(path) as tar:
        return {
            m.name: (m.size, m.uid if m.isreg() else 0, m.mode & 0o7777 if m.isreg() else 0, m.linkname) for m in tar
        }


@pytest.mark.parametrize("packed", [False, True])
async def test_what_is_restored_comes_back_in_a_backup(bench: Bench, tmp_path: Path, packed: bool) -> None:
    name = await volume(bench, "v")
    source = a_tar(tmp_path / "in.tar", packed=packed)
    job = await ended(RestoreJob(bench.engine, name, IMAGE, source, "docker run"))
    assert job.state == "done", job.error
    assert job.fraction == 1.0

    target = tmp_path / "out.tar"
    target.write_text("older")
    job = await ended(BackupJob(bench.engine, name, IMAGE, target, "docker run", 300_000))
    assert job.state == "done", job.error
    assert target.stat().st_mode & 0o777 == 0o600
    found = members(target)
    assert found["./sub/é"] == (6, 33, 0o640, "")
    assert found["./big"][0] == 300_000
    assert found["./link"][3] == "sub/é"

    other = await volume(bench, "other")
    job = await ended(RestoreJob(bench.engine, other, IMAGE, target, "docker run"))
    assert job.state == "done", job.error
    again = tmp_path / "again.tar"
    assert (await ended(BackupJob(bench.engine, other, IMAGE, again, "docker run", None))).state == "done"
    assert members(again) == found


async def test_a_volume_that_is_gone_is_not_made_anew(bench: Bench, tmp_path: Path) -> None:
    target = tmp_path / "out.tar"
    job = await ended(BackupJob(bench.engine, f"{bench.prefix}-gone", IMAGE, target, "x", None))
    assert (job.state, job.error) == ("failed", f"there is no volume {bench.prefix}-gone any more")
    source = a_tar(tmp_path / "in.tar")
    job = await ended(RestoreJob(bench.engine, f"{bench.prefix}-gone", IMAGE, source, "x"))
    assert job.state == "failed"
    assert not target.exists()
    assert f"{bench.prefix}-gone" not in {each.name for each in await bench.engine.volumes.list_all()}


async def test_nothing_half_written_stays(bench: Bench, tmp_path: Path) -> None:
    name = await volume(bench, "v")
    await ended(RestoreJob(bench.engine, name, IMAGE, a_tar(tmp_path / "in.tar"), "x"))
    folder = tmp_path / "out"
    folder.mkdir()
    job = BackupJob(bench.engine, name, IMAGE, folder / "v.tar", "x", None)
    reading = asyncio.Event()
    job.listen(reading.set)
    job.start()
    await reading.wait()
    await job.cancel()
    assert job.state in ("cancelled", "done")
    if job.state == "cancelled":
        assert not list(folder.iterdir())
    missing = await ended(BackupJob(bench.engine, name, IMAGE, folder / "no" / "v.tar", "x", None))
    assert missing.state == "failed"
    assert "No such file" in missing.error


async def test_a_restore_that_fails_says_that_a_part_may_be_there(bench: Bench, tmp_path: Path) -> None:
    name = await volume(bench, "v")
    source = a_tar(tmp_path / "in.tar")
    source.write_bytes(b"this is no tar at all" * 1000)
    job = await ended(RestoreJob(bench.engine, name, IMAGE, source, "x"))
    assert job.state == "failed"
    assert job.error.endswith("the volume may hold a part of it")


async def test_a_read_only_client_carries_nothing(bench: Bench, tmp_path: Path) -> None:
    name = await volume(bench, "v")
    bench.engine.transport.read_only = True
    try:
        job = await ended(BackupJob(bench.engine, name, IMAGE, tmp_path / "v.tar", "x", None))
    finally:
        bench.engine.transport.read_only = False
    assert job.state == "failed"
    assert "read-only" in job.error
    assert not (tmp_path / "v.tar").exists()


async def test_what_a_backup_holds_passes_the_check(bench: Bench, tmp_path: Path) -> None:
    name = await volume(bench, "v")
    await ended(RestoreJob(bench.engine, name, IMAGE, a_tar(tmp_path / "in.tar"), "x"))
    target = tmp_path / "out.tar"
    await ended(BackupJob(bench.engine, name, IMAGE, target, "x", None))
    look = TarCheckJob(target)
    await ended(look)
    assert look.state == "done", look.error
    assert (look.facts.entries, look.facts.content) == (5, 300_006)
