"""A scan of an image for vulnerabilities by a tool of this machine: as a job, and the scans of this run by image."""

from __future__ import annotations

import mmap
import os
import re
import secrets
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui.engine.engine import Engine
from tui.engine.scanner import ScanFailed, Scanner, ScanRun, Target, needs_archive, shown_line
from tui.engine.threads import in_thread
from tui.jobs.archives import END_OF_TAR, CutArchive
from tui.jobs.compose import PrintingJob
from tui.model import scan_grype, scan_sarif, scan_trivy
from tui.model.findings import Report, ReportError, Tool, with_history
from tui.paths import spill_folder
from tui.present.units import size

FOLDER: Final = "scan-"
MOST_SCANS: Final = 16
MOST_ROWS: Final = 400_000
"""Findings that are kept of all scans together; the latest scan is kept whatever it has."""

SPARE: Final = 64 << 20
"""Bytes that stay free on the disk beside an archive."""

MOST_WORDS: Final = 600
_MARKED: Final = re.compile(r"\b(FATAL|ERROR|error|failed|✗)\b|✗")
_STAMP: Final = re.compile(r"^(\d{4}-\d\d-\d\dT\S+\s+|\[\d{4}\]\s+)?((FATAL|ERROR)\s+)?(Fatal error\s+)?")
_HINTS: Final = (
    (re.compile(r"(?i)download.*\bdb\b|\bdb\b.*download|vulnerability (db|database)"),
     "the tool fetches what it knows of vulnerabilities from the network by itself, and could not"),
    (re.compile(r"(?i)docker login|log ?in with your docker id|not logged in"),
     "docker scout wants a login: docker login"),
    (re.compile(r"(?i)no space left"), "make room where the cache of hythe and of the tool is"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """A report on an image, when it was made (seconds since the epoch), and the line that it equals."""

    image: str
    name: str
    report: Report
    ended: float
    line: str


class ScanBook:
    """The scans of this run by image, tool and date of the tool's database; the oldest go where there are too many."""

    def __init__(self) -> None:
        self._scans: dict[tuple[str, Tool, str], Scan] = {}

    def put(self, scan: Scan) -> None:
        """Keep a scan, in the place of an older one of the same image by the same tool with the same database."""
        key = scan.image, scan.report.tool, scan.report.database
        self._scans.pop(key, None)
        self._scans[key] = scan
        while len(self._scans) > 1 and (len(self._scans) > MOST_SCANS or self._rows() > MOST_ROWS):
            del self._scans[next(iter(self._scans))]

    def latest(self, image: str) -> Scan | None:
        """Return the last scan of an image, by its ID."""
        return next((scan for scan in reversed(self._scans.values()) if scan.image == image), None)

    def _rows(self) -> int:
        return sum(len(scan.report.findings) for scan in self._scans.values())


class ScanJob(PrintingJob):
    """Scans one image, by its ID; `scan` is there when it is done. What the tool says meanwhile is its `output`."""

    def __init__(
        self, engine: Engine, book: ScanBook, scanner: Scanner, environment: Mapping[str, str], image: str, name: str,
        now: Callable[[], float],
    ) -> None:  # fmt: skip
        super().__init__(f"scan {name} with {scanner.tool}", shown_line(scanner.tool, name, engine.endpoint))
        self.image, self.image_name = image, name
        self.tool: Tool = scanner.tool
        self.scan: Scan | None = None
        self.hint = ""
        self._engine, self._book, self._scanner = engine, book, scanner
        self._environment, self._now = environment, now

    async def work(self) -> None:
        folder = spill_folder() / f"{FOLDER}{os.getpid()}-{secrets.token_hex(6)}"
        try:
            await in_thread(_make_private, folder)
            await self._scan(folder)
        finally:
            self.take(b"", last=True)
            await in_thread(shutil.rmtree, folder, True)

    async def _scan(self, folder: Path) -> None:
        self.progress = "looking at the image"
        self.changed()
        stack = await self._engine.images.stack(self.image)
        endpoint = self._engine.endpoint
        archive = ""
        if needs_archive(self.tool, endpoint):
            archive = await self._save(folder, (await self._engine.images.read(self.image)).size)
        self.progress = f"{self.tool} begins"
        self.changed()
        run = ScanRun(self._scanner, endpoint, self._environment, folder)
        version = await run.version()
        async with aclosing(run.scan(Target(self.image, self.image_name, archive))) as said:
            async for data in said:
                self.take(data)
        # a database that was fetched by the scan has its date only now
        version = await run.version() or version
        self.progress = "reading the report"
        self.changed()
        report = await in_thread(read_report, self.tool, run.report, version)
        other = report.diff_ids and stack.diff_ids and report.diff_ids != stack.diff_ids
        if self.tool == "scout" and not archive:  # it is given a name, and tells no layers
            other = (await self._engine.images.stack(self.image_name)).id != stack.id
        if other:
            raise ScanFailed(
                f"{self.tool} looked at another image than {self.image_name}: it is not the one that was meant",
                "was the tag moved meanwhile? r scans again",
                own=True,
            )
        if not all(report.layers[id].number for id in report.diff_ids):
            history = (await self._engine.images.history(self.image))[::-1]
            report = with_history(report, [(each.created_by or each.comment, each.size) for each in history])
        self.scan = Scan(self.image, self.image_name, report, self._now(), self.line)
        self._book.put(self.scan)
        self.screen = "scan"
        self.progress = f"{sum(report.counts.values()):,} found"

    async def _save(self, folder: Path, expected: int) -> str:
        """Save the image for a tool that can't reach the daemon; returns the path of the archive."""
        room = await in_thread(os.statvfs, folder)
        free = room.f_bavail * room.f_frsize
        if free < expected + SPARE:
            raise ScanFailed(
                f"no room for an archive of {self.image_name}: it takes about {size(expected)}, "
                f"and {size(free)} are free in {folder.parent}",
                f"{self.tool} can't reach this daemon by itself, so that the image is saved first",
                own=True,
            )
        path = folder / "image.tar"
        written, end = 0, b""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb", buffering=0) as file:
            async with aclosing(self._chunks()) as chunks:
                async for chunk in chunks:
                    await in_thread(_write_all, file.fileno(), chunk)
                    written += len(chunk)
                    end = (end + chunk)[-len(END_OF_TAR) :]
                    self.progress = f"saving the image for {self.tool}: {size(written)} of about {size(expected)}"
                    self.fraction = min(0.99, written / expected) if expected else None
                    self.changed()
        if end != END_OF_TAR:
            raise CutArchive
        self.fraction = None
        return str(path)

    def _chunks(self) -> AsyncGenerator[bytes]:
        return self._engine.images.archive(self.image)

    def failure(self, error: Exception) -> str:
        self.hint = getattr(error, "hint", "")
        if isinstance(error, OSError):
            return f"{error.filename or spill_folder()}: {error.strerror or error}"
        words = super().failure(error)
        by_tool = isinstance(error, ReportError) or (isinstance(error, ScanFailed) and not error.own)
        if by_tool and (said := last_words(self.output.since(0))):
            self.hint = self.hint or next((hint for pattern, hint in _HINTS if pattern.search(said)), "")
            words = f"{words}: {said}"
        return words


def last_words(lines: Sequence[str]) -> str:
    """Return the end of what a tool said: from its last word of an error on, on one line, without dates and marks."""
    told = [line for line in lines if line.strip()][-200:]
    at = next((at for at in range(len(told) - 1, -1, -1) if _MARKED.search(told[at])), max(0, len(told) - 1))
    return " ".join(" ".join(_STAMP.sub("", line) for line in told[at:]).split())[:MOST_WORDS]


def read_report(tool: Tool, path: Path, version: bytes = b"") -> Report:
    """Return the report in a file, without a copy of the file in memory. Raises ReportError, OSError."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise ReportError(f"{tool} wrote no report")
        # not closed here: what is read from it may be pieces of it for a moment longer
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if tool == "trivy":
        number, database = scan_trivy.read_version(version)
        return scan_trivy.read_report(data, version=number, database=database)
    return (scan_grype if tool == "grype" else scan_sarif).read_report(data)


def _make_private(folder: Path) -> None:
    """Make a folder that nobody else may read, and take away those of runs of hythe that were killed."""
    place = folder.parent
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob(f"{FOLDER}*-*"):
        pid = old.name.removeprefix(FOLDER).partition("-")[0]
        if pid.isdecimal() and not _lives(int(pid)):
            shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(mode=0o700)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
