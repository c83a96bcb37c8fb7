"""A tar file is looked through before a volume is touched."""

import asyncio
import gzip
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.jobs.tar_check import TarCheckJob, check_head


def tar_of(*names: str, size: int = 10) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = size
            tar.addfile(info, io.BytesIO(bytes(size)))
    return out.getvalue()


def linked(*entries: tuple[str, bytes, str]) -> bytes:
    """A tar of entries: name, type and where a link leads."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, type, link in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = type, link
            tar.addfile(info)
    return out.getvalue()


async def looked(path: Path, data: bytes) -> TarCheckJob:
    await asyncio.to_thread(path.write_bytes, data)
    job = TarCheckJob(path)
    job.start()
    await job.wait()
    return job


@pytest.mark.parametrize("packed", [False, True])
async def test_a_good_one_is_counted(tmp_path: Path, packed: bool) -> None:
    data = tar_of("./a", "./b/c", size=1000)
    job = await looked(tmp_path / "x.tar", gzip.compress(data) if packed else data)
    assert job.state == "done", job.error
    assert (job.facts.entries, job.facts.content) == (2, 2000)
    assert job.facts.words == "2 entries, 2kB unpacked"
    assert check_head(job.path) is None


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (tar_of("a", "../out"), "the entry '../out' leads out"),
        (tar_of("a", size=5000)[:3000], "cut"),
        (gzip.compress(tar_of("a", size=50_000))[:-20], "cut"),
        (gzip.compress(b"no tar inside" * 100), "x.tar: "),
        (b"\x1f\x8b" + bytes(600), "damaged"),
        (tar_of("a", size=512)[:1024], "the archive is cut behind 'a': it has no end mark"),
        (tar_of(), "there is nothing in it"),
        (b"", "there is nothing in it"),
        (tar_of("d/" + "n" * 256), "a name of more than 255 bytes"),
        (linked(("l", tarfile.SYMTYPE, "/etc"), ("l/passwd", tarfile.REGTYPE, "")), "lies behind the link 'l'"),
        (linked(("./l", tarfile.SYMTYPE, "x"), ("l/a/b/c", tarfile.DIRTYPE, "")), "lies behind the link 'l'"),
        (linked(("h", tarfile.LNKTYPE, "../../etc/passwd")), "the entry 'h' leads out"),
    ],
    ids=(
        "leads-out",
        "cut",
        "cut-gzip",
        "no-tar",
        "damaged-gzip",
        "no-end",
        "empty",
        "zero",
        "long-name",
        "behind-link",
        "behind-link-deep",
        "hard-link-out",
    ),
)
async def test_a_wrong_one_is_told_with_its_fault(tmp_path: Path, data: bytes, wrong: str) -> None:
    job = await looked(tmp_path / "x.tar", data)
    assert job.state == "failed"
    assert wrong in job.error


def test_what_is_no_tar_is_told_by_its_first_block(tmp_path: Path) -> None:
    text = tmp_path / "notes"
    text.write_text("not a tar")
    assert check_head(text) == "it is no tar: neither plain nor packed with gzip"
    assert check_head(tmp_path) == "a folder, not a tar file"
    assert check_head(tmp_path / "missing") == "there is no such file"
    assert check_head(tmp_path / "a\0b")


async def test_a_bomb_is_looked_through_in_bounded_memory(tmp_path: Path) -> None:
    """What a file of a few hundred kB unpacks to is counted, never kept."""
    data = gzip.compress(tar_of("big", size=200_000_000), 9)
    assert len(data) < 1_000_000
    job = await looked(tmp_path / "x.tar", data)
    assert job.state == "done", job.error
    assert job.facts.content == 200_000_000


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=2000), cut=st.integers(0, 3000))
async def test_any_bytes_end_in_words(tmp_path: Path, data: bytes, cut: int) -> None:
    for each in (data, tar_of("a", "b")[:cut] + data):
        job = await looked(tmp_path / "x.tar", each)
        assert job.state in ("done", "failed")
        assert job.state == "done" or "x.tar" in job.error


async def test_links_and_what_only_looks_odd_pass(tmp_path: Path) -> None:
    data = linked(
        ("./l", tarfile.SYMTYPE, "/etc"), ("./lx/f", tarfile.REGTYPE, ""), ("./" + "n" * 255, tarfile.REGTYPE, ""),
        ("./h", tarfile.LNKTYPE, "./lx/f"), ("./a..b", tarfile.REGTYPE, ""), ("./l2", tarfile.SYMTYPE, "../.."),
        ("./l2", tarfile.DIRTYPE, ""), ("./l2/f", tarfile.REGTYPE, ""), ("./manifest.json", tarfile.REGTYPE, ""),
    )  # fmt: skip
    job = await looked(tmp_path / "x.tar", data)
    assert job.state == "done", job.error
    assert not job.facts.is_image


@pytest.mark.parametrize("names", [("oci-layout", "manifest.json"), ("manifest.json", "0a/layer.tar")])
async def test_an_archive_of_images_is_told_from_a_backup(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert (await looked(tmp_path / "x.tar", tar_of(*names))).facts.is_image
