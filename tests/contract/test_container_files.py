"""The files of a container mean the same on every engine: listed, looked at, copied out and in, refused."""

import asyncio
import gc
import io
import os
import secrets
import tarfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from engine_bench import Bench, bench_on
from engines import RealEngine
from fake_ui import FakeUi
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, NotFound
from tui.engine.inside_ports import listening
from tui.engine.room import room_at
from tui.jobs.container_file import ContainerFileJob
from tui.jobs.container_tree import ContainerTreeJob
from tui.jobs.copy_in import CopyInJob
from tui.jobs.copy_out import CopyOutJob
from tui.jobs.job import Job
from tui.model.container_tree import ContainerTree
from tui.model.file_tree import Kind
from tui.present.changes import ADDED
from waiting import until

SCRIPT = (
    "mkdir -p /srv/deep; printf one >/srv/a; printf '0123456789' >/srv/deep/b; ln -s deep/b /srv/link; "
    "ln -s deep /srv/folder; echo ready"
)


@pytest.fixture
async def bench(engine_socket: str) -> AsyncIterator[Bench]:
    async with bench_on(engine_socket) as bench:
        yield bench


@pytest.fixture
async def container(bench: Bench) -> str:
    """A container that has ended, with files."""
    made = await bench.run("sh", "-c", SCRIPT, name="files")
    assert await bench.ended(made) == 0
    return made


def is_left_open(one: object) -> bool:
    """Whether something is a transport that is closed here, and whose socket is not."""
    if not isinstance(one, asyncio.Transport) or not one.is_closing():
        return False
    line = one.get_extra_info("socket")
    return line is not None and line.fileno() >= 0


async def done(job: Job) -> None:
    job.start()
    await job.wait()


async def tree_of(bench: Bench, container: str, path: str = "/") -> tuple[ContainerTree, ContainerTreeJob]:
    job = ContainerTreeJob(bench.engine, container, "files", path)
    await done(job)
    assert job.state == "done", job.error
    tree = ContainerTree()
    part = job.take_part()
    assert part is not None
    assert part.complete
    tree.add_part(part)
    return tree, job


def folder_of(tmp_path: Path) -> Path:
    """A folder of this machine to be copied."""
    folder = tmp_path / "given"
    (folder / "deep").mkdir(parents=True)
    (folder / "one").write_text("1")
    (folder / "deep" / ("n" * 130)).write_bytes(b"x" * 70_000)
    (folder / "link").symlink_to("one")
    return folder


# what there is


async def test_the_whole_tree_and_what_changed(bench: Bench, container: str) -> None:
    tree, job = await tree_of(bench, container)
    assert job.line == "docker export files | tar -tv"
    assert job.seen > 1000
    assert job.progress.startswith(f"{job.paths} paths, ")
    assert job.paths > 5
    found = {path: tree.find(path) for path in ("/srv/a", "/srv/deep", "/srv/link", "/bin/sh")}
    assert all(found.values())
    link = found["/srv/link"]
    assert link is not None
    assert (link.kind, link.tree.link(link.node)) == (Kind.SYMLINK, "deep/b")
    deep = found["/srv/deep"]
    assert deep is not None
    assert tree.size(deep) == 10
    tree.set_changes([(change.path, change.kind) for change in await bench.engine.containers.changes(container)])
    assert tree.change("/srv/deep/b") == ADDED
    assert tree.change("/bin/sh") is None
    assert tree.changes_below("/srv")


async def test_a_folder_alone(bench: Bench, container: str) -> None:
    tree, job = await tree_of(bench, container, "/srv")
    assert job.line == "docker cp files:/srv - | tar -tv"
    assert [str(path) for path in tree.tops()] == ["/srv"]
    assert [str(path) for path in tree.children("/srv")] == ["/srv/a", "/srv/deep", "/srv/folder", "/srv/link"]


async def test_volumes_are_read_where_they_are_mounted(bench: Bench) -> None:
    volume, script = f"{bench.prefix}-data", "mkdir -p /data/sub; echo x >/data/sub/f"
    made = await bench.run("sh", "-c", script, HostConfig={"Binds": [f"{volume}:/data"]})
    await bench.ended(made)
    around = await bench.engine.containers.surroundings(made)
    assert [(mount.name, mount.destination) for mount in around.mounts] == [(volume, "/data")]
    whole, _ = await tree_of(bench, made)
    whole.set_mounts(around.plain_mounts)
    assert whole.unread_mount("/data") is not None
    assert whole.children("/data") == []
    part, _ = await tree_of(bench, made, "/data")
    assert part.find("/data/sub/f") is not None
    await bench.engine.containers.remove(made, force=True)
    await bench.engine.volumes.remove(volume)


async def test_what_is_at_a_path(bench: Bench, container: str) -> None:
    files = bench.engine.files
    a, deep, link = [await files.stat(container, f"/srv/{name}") for name in ("a", "deep", "link")]
    assert (a.is_file, a.is_folder, a.size, a.link_target) == (True, False, 3, "")
    assert (deep.is_file, deep.is_folder) == (False, True)
    assert (link.is_file, link.is_link, link.link_target) == (False, True, "/srv/deep/b")
    assert (await files.stat(container, "/srv/folder/b")).is_file
    assert (await files.stat(container, "/")).is_folder
    with pytest.raises(NotFound, match="Could not find the file /srv/none in container"):
        await files.stat(container, "/srv/none")


async def test_a_name_that_is_no_utf8_is_never_taken_for_another(real_engine: RealEngine, tmp_path: Path) -> None:
    script = r"""mkdir /srv; printf right >"/srv/$(printf '\377bad')"; printf wrong >/srv/bad"""
    async with bench_on(real_engine.socket) as bench:
        made = await bench.run("sh", "-c", script)
        assert await bench.ended(made) == 0
        tree, _ = await tree_of(bench, made)
        odd = tree.find("/srv/\udcffbad")
        assert odd is not None
        assert (await bench.engine.files.stat(made, odd)).size == 5
        job = ContainerFileJob(bench.engine, made, "odd", str(odd))
        await done(job)
        # engines send an empty archive of such a name, but not of the folder it is in
        assert job.content == b"right" or "whose name is no UTF-8" in job.error
        out = CopyOutJob(bench.engine, made, "odd", "/srv", tmp_path)
        await done(out)
        assert out.state == "done", out.error
        assert (tmp_path / "srv" / os.fsdecode(b"\xffbad")).read_bytes() == b"right"


@pytest.mark.parametrize("name", ["a b", "[x]*", "100%25", "q?&=#+", "back\\slash", "\u00e9\u4e16", "-", "new\nline"])
async def test_names_mean_themselves(real_engine: RealEngine, tmp_path: Path, name: str) -> None:
    async with bench_on(real_engine.socket) as bench:
        made = await bench.create("true")
        (tmp_path / name).write_text(name)
        put = CopyInJob(bench.engine, made, "odd", tmp_path / name, "/")
        await done(put)
        assert put.state == "done", put.error
        tree, _ = await tree_of(bench, made)
        assert tree.find(f"/{name}") is not None
        job = ContainerFileJob(bench.engine, made, "odd", f"/{name}")
        await done(job)
        assert job.content == name.encode(), job.error


async def test_the_beginning_of_a_file(bench: Bench, container: str) -> None:
    job = ContainerFileJob(bench.engine, container, "files", "/srv/deep/b", 4)
    await done(job)
    assert job.state == "done", job.error
    assert job.content == b"0123"
    assert job.header is not None
    assert job.header.size == 10
    gone = ContainerFileJob(bench.engine, container, "files", "/srv/none")
    await done(gone)
    assert gone.state == "failed"
    assert "/srv/none" in gone.error


async def test_a_container_that_is_not_there_is_told(bench: Bench) -> None:
    job = ContainerTreeJob(bench.engine, "0" * 64, "gone", "/")
    await done(job)
    assert job.state == "failed"
    assert "o such container" in job.error


# out


async def test_a_folder_is_copied_out(bench: Bench, container: str, tmp_path: Path) -> None:
    job = CopyOutJob(bench.engine, container, "files", "/srv", tmp_path)
    await done(job)
    assert job.state == "done", job.error
    assert (tmp_path / "srv/deep/b").read_bytes() == b"0123456789"
    assert os.readlink(tmp_path / "srv/link") == "deep/b"
    assert (job.files, job.written, job.left_out) == (2, 13, [])
    alone = CopyOutJob(bench.engine, container, "files", "/srv/a", tmp_path)
    await done(alone)
    assert (tmp_path / "a").read_bytes() == b"one"


# in


async def test_a_folder_is_copied_in_and_comes_back_the_same(bench: Bench, container: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    job = CopyInJob(bench.engine, container, "files", folder, "/srv")
    await done(job)
    assert job.state == "done", job.error
    assert job.line == f"docker cp {folder} files:/srv/"
    back = tmp_path / "back"
    back.mkdir()
    out = CopyOutJob(bench.engine, container, "files", "/srv/given", back)
    await done(out)
    assert out.state == "done", out.error
    assert sorted(os.listdir(back / "given")) == ["deep", "link", "one"]
    assert (back / "given/deep" / ("n" * 130)).read_bytes() == b"x" * 70_000
    assert os.readlink(back / "given/link") == "one"


@pytest.mark.parametrize("place", ["/none", "/srv/a"])
async def test_a_place_that_is_none_is_told_before_anything_is_sent(
    bench: Bench, container: str, tmp_path: Path, place: str
) -> None:
    job = CopyInJob(bench.engine, container, "files", folder_of(tmp_path), place)
    await done(job)
    assert job.state == "failed"
    assert place in job.error or "not a directory" in job.error
    assert job.sent == 0


async def test_a_read_only_file_system_is_told_before_anything_is_sent(bench: Bench, tmp_path: Path) -> None:
    made = await bench.create("true", name="ro", HostConfig={"ReadonlyRootfs": True})
    job = CopyInJob(bench.engine, made, "ro", folder_of(tmp_path), "/bin")
    await done(job)
    assert job.error == "container rootfs is marked read-only"
    assert job.sent == 0


async def test_a_file_never_takes_the_place_of_a_folder(bench: Bench, container: str, tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("no folder")
    job = CopyInJob(bench.engine, container, "files", tmp_path / "deep", "/srv")
    await done(job)
    assert job.state == "failed"
    assert "directory" in job.error
    assert (await bench.engine.files.stat(container, "/srv/deep")).is_folder


async def test_what_changes_while_it_is_sent_says_so(
    bench: Bench, container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * (4 << 20))
    real = os.read
    left = [3]

    def shrinking(handle: int, most: int) -> bytes:
        if most < 1 << 16:
            return real(handle, most)
        left[0] -= 1
        return real(handle, most) if left[0] > 0 else b""

    monkeypatch.setattr(os, "read", shrinking)
    job = CopyInJob(bench.engine, container, "files", big, "/srv")
    async with asyncio.timeout(30):
        await done(job)
    assert job.state == "failed"
    assert "shrank" in job.error
    assert "/srv/big may be there in part" in job.error


# commands


@pytest.fixture
async def session(engine_socket: str) -> AsyncIterator[Session]:
    engine = Engine(Endpoint(f"unix://{engine_socket}", "test"))
    await engine.connect()
    session = Session(engine, History(), guarded=True)
    yield session
    await session.close()


async def test_the_command_asks_before_it_copies_and_before_it_overwrites(
    session: Session, bench: Bench, container: str, tmp_path: Path
) -> None:
    row = await bench.engine.containers.read(container)
    (tmp_path / "deep").mkdir()

    class Ui(FakeUi):
        async def prompt(self, title: str, label: str, value: str, check: object) -> str | None:
            return str(tmp_path / "deep") if "this machine" in label else "/srv"

    ui = Ui(answer=False)
    context = Context(session, ui, "containers", (row,))
    command = BY_ID["container.copy_in"]
    assert command.why_not(context) is None
    await command.run(context)
    assert ui.asked[0][0] == f"Overwrite in {row.name}?"
    assert ui.asked[0][2] == row.name  # the host is guarded: the name has to be typed
    assert not list(session.jobs)
    session.engine.transport.read_only = True
    assert (command.why_not(context) or "").startswith("read-only")


# what only real engines have


async def test_an_image_from_scratch_has_files_too(real_engine: RealEngine, tmp_path: Path) -> None:
    async with bench_on(real_engine.socket) as bench:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            info = tarfile.TarInfo("only")
            info.size = 4
            tar.addfile(info, io.BytesIO(b"here"))
        tag = secrets.token_hex(3)
        params = {"fromSrc": "-", "repo": bench.prefix, "tag": tag}
        bench.tags.append(f"{bench.prefix}:{tag}")
        async with (
            bench.engine.transport.stream("POST", "/images/create", params=params, data=archive.getvalue()) as answer,
            aclosing(answer.chunks()) as chunks,
        ):  # type: ignore[type-var]
            async for _ in chunks:
                pass
        made = await bench.create("/only", name="scratch", Image=f"{bench.prefix}:{tag}")
        tree, _ = await tree_of(bench, made)
        assert tree.find("/only") is not None
        job = CopyOutJob(bench.engine, made, "scratch", "/only", tmp_path)
        await done(job)
        assert (tmp_path / "only").read_bytes() == b"here"


async def test_who_listens_is_known_of_a_local_daemon_and_proc_is_not_in_the_archive(real_engine: RealEngine) -> None:
    async with bench_on(real_engine.socket) as bench:
        made = await bench.run("httpd", "-f", "-p", "8081", name="listens", ExposedPorts={"8081/tcp": {}})
        engine = bench.engine
        async with asyncio.timeout(60):
            while not (heard := listening(engine.endpoint, made, await engine.containers.surroundings(made))).sockets:
                assert not heard.problem
                await asyncio.sleep(0.05)
        assert ("tcp", 8081) in [socket[:2] for socket in heard.sockets]
        with pytest.raises(NotFound):
            await engine.files.stat(made, "/proc/net/tcp")


async def test_the_room_of_a_local_daemon_is_known_before_it_is_full(real_engine: RealEngine, tmp_path: Path) -> None:
    async with bench_on(real_engine.socket) as bench:
        made = await bench.create("true", name="room")
        room = await room_at(bench.engine, made, "/")
        if room is None:
            pytest.skip("this driver keeps no folder that can be read here")
        assert room > 0
        with pytest.raises(ApiError):
            await room_at(bench.engine, "0" * 64, "/")
        huge = tmp_path / "huge"
        with huge.open("wb") as file:
            file.truncate(room * 4)
        job = CopyInJob(bench.engine, made, "room", huge, "/")
        await done(job)
        assert "do not fit" in job.error
        assert job.sent == 0


async def test_a_file_system_that_is_full_in_the_midst_of_it_says_what_is_there_in_part(
    real_engine: RealEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_known(*_: object) -> None:
        return None

    monkeypatch.setattr("tui.jobs.copy_in.room_at", not_known)  # as of a daemon on another machine
    async with bench_on(real_engine.socket) as bench:
        options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
        volume = f"{bench.prefix}-small"
        body = {"Name": volume, "Driver": "local", "DriverOpts": options}
        await bench.engine.transport.read("POST", "/volumes/create", body=body)
        made = await bench.run("sleep", "60", name="full", HostConfig={"Binds": [f"{volume}:/small"]})
        big = tmp_path / "big"
        big.write_bytes(os.urandom(8 << 20))
        job = CopyInJob(bench.engine, made, "full", big, "/small")
        async with asyncio.timeout(60):
            await done(job)
        assert job.state == "failed"
        assert "no space left on device" in job.error
        assert "/small/big may be there in part" in job.error
        # a daemon keeps a connection whose body it did not read for half a second
        await until(lambda: not any(is_left_open(one) for one in gc.get_objects()))
        await bench.engine.containers.remove(made, force=True)
        await bench.engine.volumes.remove(volume)
