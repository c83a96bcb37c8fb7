"""Scans of images on every engine over every transport: by programs in the tools' places, by trivy where it is."""

import asyncio
import io
import json
import os
import shutil
import tarfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from fake_scanners import make_tools, trivy_report
from fake_ui import FakeUi
from trivy_database import write_database
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint, Tls
from tui.engine.engine import Engine
from tui.engine.scanner import needs_archive
from tui.jobs.scan import ScanJob
from tui.model.findings import Tool
from tui.model.images import Image
from waiting import until
from ways import Way

PATIENCE = 60


@asynccontextmanager
async def connected(
    endpoint: Endpoint, environment: dict[str, str], *, scanner: str = "auto", read_only: bool = False
) -> AsyncGenerator[Session]:
    engine = Engine(endpoint)
    engine.transport.read_only = read_only
    await engine.connect()
    session = Session(engine, History(), environment=environment, scanner=scanner)
    try:
        yield session
    finally:
        await session.close()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a scan makes its private folder; nothing may be left in it."""
    place = tmp_path / "cache"
    monkeypatch.setattr("tui.jobs.scan.spill_folder", lambda: place)
    return place


def always(*_given: object, answer: object = True) -> object:
    return answer


def left_in(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def alive(pid: str) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def environment_of(folder: Path, *tools: str, script: str = "") -> dict[str, str]:
    path = make_tools(folder, *tools, script=script)
    return {"PATH": path, "HOME": str(folder), "DOCKER_CONFIG": str(folder / "config")}


async def some_image(session: Session) -> Image:
    """An image that has layers, and that no other test removes."""
    found = [image for image in await session.engine.images.list_all() if "busybox:latest" in image.tags]
    assert found, "the engine has no busybox"
    assert (await session.engine.images.stack(found[0].id)).diff_ids
    return found[0]


async def started(session: Session, image: Image) -> tuple[ScanJob, FakeUi]:
    ui = FakeUi()
    context = Context(session, ui, "images", (image,))
    assert BY_ID["image.scan"].why_not(context) is None
    await BY_ID["image.scan"].run_on(context)
    (opened,) = ui.opened
    assert opened[0] == "scan"
    return cast("ScanJob", opened[1]["job"]), ui


async def scanned(session: Session, image: Image) -> ScanJob:
    job, _ = await started(session, image)
    async with asyncio.timeout(PATIENCE):
        await job.wait()
    return job


@pytest.mark.parametrize("tool", ["trivy", "grype", "scout"])
async def test_each_tool_finds_the_layers_of_an_image(
    engine_socket: str, tmp_path: Path, place: Path, tool: Tool
) -> None:
    environment = environment_of(tmp_path / "bin", tool)
    # nothing is written to a daemon by it
    async with connected(Endpoint(f"unix://{engine_socket}", "test"), environment, read_only=True) as session:
        image = await some_image(session)
        job = await scanned(session, image)
        assert (job.state, job.error) == ("done", "")
        assert job.scan is not None
        report = job.scan.report
        stack = await session.engine.images.stack(image.id)
        assert report.tool == tool
        if tool != "scout":
            assert report.diff_ids == stack.diff_ids
            assert stack.diff_ids[-1] in report.of_layers()
        assert session.scans.latest(image.id) is job.scan
        assert [(entry.line, entry.outcome) for entry in session.history] == [(job.line, "ok")]
        assert "looking at the layers" in job.output.since(0)[0] or tool == "scout"
        ui = FakeUi()
        await BY_ID["image.scan"].run_on(Context(session, ui, "images", (image,)))
        assert ui.opened == [("scan", {"scan": job.scan})]  # what is known is shown, not made anew
    assert left_in(place) == []
    given = json.loads((tmp_path / "bin" / f"{tool}.given").read_text())
    assert given["cwd"].startswith(str(place))
    if tool != "scout":
        assert given["environment"]["DOCKER_HOST"] == f"unix://{engine_socket}"


async def test_every_way_to_a_daemon_leads_a_tool_there(
    way: Way, engine_socket: str, tmp_path: Path, place: Path
) -> None:
    folder = tmp_path / "bin"
    environment = environment_of(folder, "trivy")
    async with way.to(engine_socket) as endpoint, connected(endpoint, environment) as session:
        image = await some_image(session)
        job = await scanned(session, image)
        assert job.error == ""
        assert job.scan is not None
        assert job.scan.report.diff_ids == (await session.engine.images.stack(image.id)).diff_ids
    words = json.loads((folder / "trivy.given").read_text())["words"]
    assert any(word.startswith("--input=") for word in words) == way.kind.startswith("ssh")
    assert left_in(place) == []


async def test_certificates_with_other_names_are_no_way_so_that_the_image_is_saved(
    demo_socket: str, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    seen: list[tuple[int, int]] = []

    def watched(self: ScanJob) -> None:
        seen.extend((path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) for path in place.rglob("*.tar"))

    monkeypatch.setattr(ScanJob, "changed", watched)
    monkeypatch.setattr("tui.jobs.scan.needs_archive", always)
    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment_of(folder, "grype")) as session:
        assert needs_archive("grype", Endpoint("tcp://x:2376", "test", tls=Tls("/a/ca.crt", "/a/me.crt", "/a/me.key")))
        job = await scanned(session, await some_image(session))
        assert job.error == ""
    assert set(seen) == {(0o600, 0o700)}


async def test_a_folder_that_cannot_be_made_is_named(demo_socket: str, tmp_path: Path, place: Path) -> None:
    (tmp_path / "cache").write_text("a file is in its place")
    environment = environment_of(tmp_path / "bin", "trivy")
    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment) as session:
        job = await scanned(session, await some_image(session))
    assert job.error == f"{place}: File exists"


async def test_an_archive_without_room_is_not_begun(
    demo_socket: str, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((4096, 4096, 100, 10, 10, 10, 10, 10, 0, 255))
    monkeypatch.setattr("tui.jobs.scan.needs_archive", always)
    monkeypatch.setattr("tui.jobs.scan.os.statvfs", partial(always, answer=full))
    environment = environment_of(tmp_path / "bin", "trivy")
    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment) as session:
        job = await scanned(session, await some_image(session))
    assert job.error.startswith("no room for an archive of ")
    assert "41kB are free" in job.error
    assert left_in(place) == []


@pytest.mark.parametrize(
    ("script", "error", "hint"),
    [
        ("echo '2026-11-29T19:15:56Z FATAL failed to download vulnerability DB: no such host' >&2; exit 1",
         "trivy ended with exit code 1: failed to download vulnerability DB: no such host", "from the network"),
        ("printf '{\"SchemaVersion\":2,\"Resu'", "what trivy wrote is not its report: Input data was truncated", ""),
        ("echo rubbish; echo 'all is well' >&2", "what trivy wrote is not its report: JSON is malformed", ""),
        ("exit 0", "trivy wrote no report", ""),
        ("printf '\\033[31mred\\033[0m \\033]0;title\\007 words' >&2; exit 7", "trivy ended with exit code 7", ""),
    ],
    ids=["no-database", "cut", "rubbish", "empty", "escapes"],
)  # fmt: skip
async def test_what_went_wrong_is_told_in_the_tools_last_words(
    demo_socket: str, tmp_path: Path, place: Path, script: str, error: str, hint: str
) -> None:
    environment = environment_of(tmp_path / "bin", "trivy", script=f'[ "$1" = version ] && exit 1\n{script}')
    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment) as session:
        image = await some_image(session)
        job = await scanned(session, image)
        assert job.state == "failed"
        assert job.error.startswith(error)
        assert hint in job.hint
        assert session.scans.latest(image.id) is None
        assert [entry.outcome for entry in session.history] == ["failed"]
    assert left_in(place) == []


async def test_a_report_on_another_image_is_refused(demo_socket: str, tmp_path: Path) -> None:
    other = json.dumps(trivy_report(["sha256:" + "e" * 64]))
    (tmp_path / "other.json").write_text(other)
    environment = environment_of(tmp_path / "bin", "trivy", script=f"cat {tmp_path}/other.json")
    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment) as session:
        image = await some_image(session)
        job = await scanned(session, image)
        assert job.error == f"trivy looked at another image than {image.reference}: it is not the one that was meant"


async def test_a_tag_that_moved_while_scout_scanned_is_told(demo_socket: str, tmp_path: Path) -> None:
    async with connected(
        Endpoint(f"unix://{demo_socket}", "test"), environment_of(tmp_path / "bin", "scout")
    ) as session:
        images = [each for each in await session.engine.images.list_all() if each.tags]
        first, second = sorted(images, key=lambda each: each.reference)[:2]
        await session.engine.images.tag(second.id, "scan-moved", "1")
        try:
            moved = msgspec.structs.replace(first, tags=("scan-moved:1",))
            job = await scanned(session, moved)
        finally:
            await session.engine.images.remove("scan-moved:1")
        assert job.error == "scout looked at another image than scan-moved:1: it is not the one that was meant"


async def test_cancel_ends_the_tool_and_leaves_nothing(demo_socket: str, tmp_path: Path, place: Path) -> None:
    script = f'[ "$1" = version ] && exit 0\nsleep 300 & echo $! >{tmp_path}/pid; echo begun >&2; wait'
    environment = environment_of(tmp_path / "bin", "grype", script=script)
    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment) as session:
        image = await some_image(session)
        job, _ = await started(session, image)
        await until(lambda: job.progress == "begun")
        assert session.jobs.running == [job]  # quitting asks
        again = FakeUi()
        await BY_ID["image.scan"].run_on(Context(session, again, "images", (image,)))
        assert again.opened == [("scan", {"job": job})]
        await job.cancel()
        assert job.state == "cancelled"
        assert [entry.outcome for entry in session.history] == ["cancelled"]
    pid = (tmp_path / "pid").read_text().strip()
    await until(lambda: not alive(pid))
    assert left_in(place) == []


async def test_cancel_while_the_image_is_saved_leaves_nothing(
    demo_socket: str, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.jobs.scan.needs_archive", always)
    environment = environment_of(tmp_path / "bin", "trivy")
    ended: list[str] = []

    async def archive(_image: str) -> AsyncGenerator[bytes]:
        try:
            yield b"x" * 5_000
            await asyncio.Event().wait()
        finally:
            ended.append("the daemon is left in peace")

    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment) as session:
        session.engine.images.archive = archive  # type: ignore[method-assign]
        job, _ = await started(session, await some_image(session))
        await until(lambda: "saving the image for trivy: 5kB" in job.progress)
        assert [path.stat().st_size for path in place.rglob("image.tar")] == [5_000]  # noqa: ASYNC240 - at once
        await job.cancel()
        assert job.state == "cancelled"
    assert (ended, left_in(place)) == (["the daemon is left in peace"], [])


async def test_an_archive_that_is_cut_is_not_scanned(
    demo_socket: str, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.jobs.scan.needs_archive", always)

    async def archive(_image: str) -> AsyncGenerator[bytes]:
        yield b"x" * 5_000

    environment = environment_of(tmp_path / "bin", "trivy")
    async with connected(Endpoint(f"unix://{demo_socket}", "test"), environment) as session:
        session.engine.images.archive = archive  # type: ignore[method-assign]
        job = await scanned(session, await some_image(session))
    assert job.error.startswith("the daemon ended the archive in its midst")
    assert left_in(place) == []


async def test_what_a_killed_run_left_is_taken_away(demo_socket: str, tmp_path: Path, place: Path) -> None:
    gone = await asyncio.create_subprocess_exec("true")
    await gone.wait()
    for name in (f"scan-{gone.pid}-abc", f"scan-{os.getpid()}-mine", "scan-notes"):
        (place / name).mkdir(parents=True)
        (place / name / "image.tar").write_bytes(b"x")
    async with connected(
        Endpoint(f"unix://{demo_socket}", "test"), environment_of(tmp_path / "bin", "trivy")
    ) as session:
        assert (await scanned(session, await some_image(session))).error == ""
    assert left_in(place) == [f"scan-{os.getpid()}-mine", "scan-notes"]


async def test_without_a_tool_it_is_told_which_there_are(demo_socket: str, tmp_path: Path) -> None:
    endpoint = Endpoint(f"unix://{demo_socket}", "test")
    for scanner, looked in (("auto", "trivy, grype, docker scout, in this order"), ("grype", "grype (`scanner` in")):
        async with connected(endpoint, {"PATH": str(tmp_path)}, scanner=scanner) as session:
            ui = FakeUi()
            await BY_ID["image.scan"].run_on(Context(session, ui, "images", (await some_image(session),)))
            (told,) = ui.told
            assert told.startswith("No scanner is installed here\n")
            for words in (looked, "https://trivy.dev", "anchore/grype", "docs.docker.com/scout", endpoint.url):
                assert words in told
            assert (ui.opened, list(session.history), list(session.jobs)) == ([], [], [])


# the real one


@pytest.fixture
def trivy(tmp_path: Path) -> dict[str, str]:
    """The environment of the real trivy, with a database of two packages; skips where it is not installed."""
    program = shutil.which(os.environ.get("HYTHE_TEST_TRIVY", "trivy"))
    if program is None:
        pytest.skip("trivy is not installed: name it by HYTHE_TEST_TRIVY")
    cache, folder = tmp_path / "trivy", tmp_path / "bin"
    write_database(cache, DATABASE)
    folder.mkdir()
    (folder / "trivy").symlink_to(program)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path), "TRIVY_CACHE_DIR": str(cache)}


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


DATABASE: dict[str, Any] = {
    "alpine 3.18": {"zlib": {"CVE-2023-45853": _json({"FixedVersion": "1.2.13-r1"}), "CVE-2024-1": _json({})}},
    "data-source": {"alpine 3.18": _json({"ID": "alpine", "Name": "Alpine Secdb"})},
    "vulnerability": {
        "CVE-2023-45853": _json({"Title": "zlib: overflow", "Description": "MiniZip.", "Severity": "CRITICAL",
                                 "VendorSeverity": {"nvd": 4}, "References": ["https://zlib.net"]}),
        "CVE-2024-1": _json({"Title": "zlib: other", "Severity": "LOW", "VendorSeverity": {"nvd": 1}}),
    },
}  # fmt: skip
FILES = {
    "etc/alpine-release": "3.18.4\n",
    "etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.18.4\n',
    "lib/apk/db/installed": "C:Q1bbcdefghijklmnopqrstuvwxyz0=\nP:zlib\nV:1.2.13-r0\nA:x86_64\nL:Zlib\no:zlib\n\n",
}


@asynccontextmanager
async def alpine(session: Session, name: str) -> AsyncGenerator[Image]:
    """An image with one package, for as long as it is needed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, text in FILES.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))

    async def archive() -> AsyncGenerator[bytes]:
        yield packed.getvalue()

    async for _ in session.engine.transfers.import_files(archive(), repo=name, tag="1"):
        pass
    try:
        yield await session.engine.images.read(f"{name}:1")
    finally:
        await session.engine.images.remove(f"{name}:1", force=True)


async def test_trivy_itself(way: Way, engine_socket: str, trivy: dict[str, str], tmp_path: Path, place: Path) -> None:
    name = f"hythe-scan-{way.kind}"
    async with (
        way.to(engine_socket) as endpoint,
        connected(endpoint, trivy) as session,
        alpine(session, name) as image,
    ):
        job = await scanned(session, image)
        assert (job.error, job.tool) == ("", "trivy")
        assert job.scan is not None
        report = job.scan.report
        (diff_id,) = (await session.engine.images.stack(image.id)).diff_ids
        assert report.version
        assert report.database == "2026-09-01T06:12:00Z"
        assert report.of_layers() == {diff_id: {"critical": 1, "low": 1}}
        (worst,) = [each for each in report.findings if each.severity == "critical"]
        assert (worst.id, worst.package, worst.fixed) == ("CVE-2023-45853", "zlib", "1.2.13-r1")
        assert report.layers[diff_id].number == 1
    assert left_in(place) == []


async def test_trivy_without_its_database(real_engine: Any, trivy: dict[str, str], tmp_path: Path) -> None:
    environment = {**trivy, "TRIVY_CACHE_DIR": str(tmp_path / "empty"), "TRIVY_SKIP_DB_UPDATE": "true"}
    async with connected(Endpoint(real_engine.host, "test"), environment) as session:
        job = await scanned(session, await some_image(session))
        assert job.state == "failed"
        assert "cannot be specified on the first run" in job.error
