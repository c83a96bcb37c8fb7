"""Save, load, import and export on every engine: whole files, nothing half written, the daemon's words."""

import asyncio
import io
import os
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import pytest

from engine_bench import IMAGE, Bench, bench_on
from fake_ui import FakeUi
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, NotFound
from tui.jobs.archive_tags import tags_in
from tui.jobs.archives import CutArchive, ExportJob, FileJob, ImportJob, LoadJob, SaveJob, ToFileJob, check_archive
from tui.jobs.job import Job
from tui.jobs.log_save import check_place


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


def names_of(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def names_in(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return [name.removeprefix("./") for name in archive.getnames()]


async def ended(job: Job) -> Job:
    job.start()
    async with asyncio.timeout(120):
        await job.wait()
    return job


async def two_images(bench: Bench) -> tuple[str, str]:
    made = await bench.create("true")
    for tag in ("one", "two"):
        await bench.engine.containers.commit(made, repo=bench.prefix, tag=tag, changes=[f"ENV TAG={tag}"])
    return bench.reference("one"), bench.reference("two")


async def test_images_go_to_a_file_and_come_back(bench: Bench, tmp_path: Path) -> None:
    one, two = await two_images(bench)
    path = tmp_path / "images of mine.tar"
    job = await ended(SaveJob(bench.engine, [one, two], path))
    assert (job.state, job.error) == ("done", "")
    assert job.line == f"docker save --output '{path}' {one} {two}"
    assert path.stat().st_mode & 0o077 == 0
    assert "manifest.json" in names_in(path)
    ids = {name: (await bench.engine.images.read(name)).id for name in (one, two)}
    for name in (one, two):
        await bench.engine.images.remove(name, force=True)
    load = LoadJob(bench.engine, path)
    await ended(load)
    assert (load.state, load.error) == ("done", "")
    assert {name: (await bench.engine.images.read(name)).id for name in (one, two)} == ids
    assert [f"Loaded image: {name}" in load.progress for name in (one, two)] == [True, True]


async def test_files_of_a_container_become_an_image(bench: Bench, tmp_path: Path) -> None:
    made = await bench.run("sh", "-c", "echo data > /file-of-mine")
    await bench.ended(made)
    path = tmp_path / "files.tar"
    job = await ended(ExportJob(bench.engine, made, "it", path))
    assert (job.state, job.error) == ("done", "")
    assert "file-of-mine" in names_in(path)
    reference = bench.reference("imported")
    done = await ended(ImportJob(bench.engine, path, reference))
    assert (done.state, done.error) == ("done", "")
    assert done.progress == (await bench.engine.images.read(reference)).id
    assert done.line == f"docker import {path} {reference}"


async def test_what_cannot_be_saved_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    job = await ended(SaveJob(bench.engine, ["no-such-image:1"], tmp_path / "x.tar"))
    assert job.state == "failed"
    assert "no-such-image" in job.title
    assert "does not exist" in job.error or "o such image" in job.error
    job = await ended(ExportJob(bench.engine, "no-such-container", "it", tmp_path / "x.tar"))
    assert "no-such-container" in job.error
    assert names_of(tmp_path) == []
    full = await ended(SaveJob(bench.engine, [IMAGE], tmp_path / "nowhere" / "x.tar"))
    assert full.error == f"{tmp_path}/nowhere/x.tar: No such file or directory"


async def test_a_save_that_is_cancelled_leaves_the_old_file(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "kept.tar"
    path.write_bytes(b"old")
    job = SaveJob(bench.engine, [IMAGE], path)
    begun = asyncio.Event()
    job.listen(begun.set)
    job.start()
    await begun.wait()
    await job.cancel()
    assert job.state == "cancelled"
    assert names_of(tmp_path) == ["kept.tar"]
    assert path.read_bytes() == b"old"


class Cut(ToFileJob):
    """An export whose daemon ends in its midst, without a word."""

    def __init__(self, path: Path) -> None:
        super().__init__("cut", "docker export", path)

    async def chunks(self) -> AsyncGenerator[bytes]:  # type: ignore[override]
        yield b"x" * 4096


async def test_an_archive_that_was_cut_is_not_kept(tmp_path: Path) -> None:
    job = await ended(Cut(tmp_path / "x.tar"))
    assert (job.state, job.error) == ("failed", str(CutArchive()))
    assert names_of(tmp_path) == []


async def test_what_is_no_archive_is_refused_in_the_daemons_words(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "nonsense.tar"
    path.write_bytes(b"this is no archive" * 1000)
    load: FileJob = LoadJob(bench.engine, path)
    await ended(load)
    assert load.state == "failed"
    assert load.error
    gone = await ended(LoadJob(bench.engine, tmp_path / "gone.tar"))
    assert gone.error == f"{tmp_path}/gone.tar: No such file or directory"
    assert check_archive(str(path)) is None
    assert [bool(check_archive(text)) for text in ("", str(tmp_path), "/no/such", "a\0b")] == [True] * 4


async def test_the_commands_ask_where_and_whether_to_replace(bench: Bench, tmp_path: Path) -> None:
    session = Session(bench.engine, History())
    image = await bench.engine.images.read(IMAGE)
    path = tmp_path / "b.tar"
    path.write_bytes(b"old")
    ui = FakeUi(text=str(path), answer=False)
    await BY_ID["image.save"].run(Context(session, ui, "images", (image,)))
    assert ui.asked == [("Replace this file?", (f"{path}  (3B)",), None)]
    assert not list(session.jobs)
    await BY_ID["image.save"].run(Context(session, FakeUi(text=str(path)), "images", (image,)))
    (job,) = session.jobs
    await job.wait()
    assert (job.state, job.error) == ("done", "")
    assert [entry.outcome for entry in session.history] == ["ok"]
    await BY_ID["app.load"].run(Context(session, FakeUi(text=str(path)), "images"))
    load = next(iter(session.jobs))
    await load.wait()
    assert (load.state, load.error) == ("done", "")
    await session.jobs.close()


async def test_search_and_login_have_the_daemons_words(bench: Bench) -> None:
    registries = bench.engine.registries
    with pytest.raises(ApiError):
        await registries.log_in("localhost:1", "me", "wrong")
    with pytest.raises((ApiError, NotFound)):
        await registries.digest_of("localhost:1/no/such:1")
    assert isinstance(await registries.insecure(), frozenset)


async def test_a_tag_in_an_archive_that_another_image_has_is_asked_about(bench: Bench, tmp_path: Path) -> None:
    one, two = await two_images(bench)
    path = tmp_path / "one.tar"
    await ended(SaveJob(bench.engine, [one], path))
    first, second = [await bench.engine.images.read(name) for name in (one, two)]
    assert tags_in(path) == {one: first.id}
    session = Session(Engine(bench.engine.endpoint), History())
    session.start()
    await until(session, lambda: {first.id, second.id} <= set(session.state.images))
    ui = FakeUi(text=str(path), answer=False)
    await BY_ID["app.load"].run(Context(session, ui, "images"))
    assert ui.asked == []  # it is that image's own
    (load,) = session.jobs
    await load.wait()
    await bench.engine.images.tag(two, *one.split(":"))
    await until(session, lambda: one in session.state.images[second.id].tags)
    await BY_ID["app.load"].run(Context(session, ui, "images"))
    assert [title for title, _, _ in ui.asked] == [f"Move {one}?"]
    assert list(session.jobs) == [load]
    await session.close()


async def until(session: Session, true: Callable[[], bool]) -> None:
    """Wait until the state makes it true; the feed publishes each change."""
    changed = asyncio.Event()
    session.on_state = lambda: changed.set()
    async with asyncio.timeout(15):
        while not true():
            await changed.wait()
            changed.clear()


def test_the_tags_of_what_is_no_archive_are_not_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content in (b"", b"nonsense" * 1000, b"\x1f\x8b" + b"x" * 2000):
        path.write_bytes(content)
        assert tags_in(path) is None
    for manifest in (b"{", b"[1]", b'[{"RepoTags": ["a:1"], "Config": "x"}]'):
        with tarfile.open(path, "w") as archive:
            info = tarfile.TarInfo("manifest.json")
            info.size = len(manifest)
            archive.addfile(info, io.BytesIO(manifest))
        assert tags_in(path) == ({"a:1": ""} if manifest.startswith(b"[{") else None)


def test_a_device_or_a_pipe_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in (check_place(str(tmp_path / "pipe")) or "")
    assert "no regular file" in (check_place("/dev/null") or "")
    (tmp_path / "file").touch()
    assert check_place(str(tmp_path / "file")) is None
