"""Scanners of images as programs: trivy, grype, the docker CLI's scout plugin, pointed at the daemon that is shown."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from shlex import join, quote
from typing import Final

import msgspec

from tui.engine.buildx import cli_plugin_paths
from tui.engine.compose_cli import docker_flags
from tui.engine.endpoint import Endpoint
from tui.engine.errors import EngineError
from tui.engine.program import Program, start_program
from tui.model.findings import TOOLS, Tool

SCOUT_PLUGIN: Final = "docker-scout"
MOST_SECONDS: Final = 3600.0
"""How long a scan may take."""

MOST_REPORT: Final = 1 << 30
"""Bytes of a report: what writes more is no scanner at work."""

LOOK_SECONDS: Final = 0.1
"""How often is looked whether a scan takes too long, or writes too much."""

FAILED_ON_FINDINGS: Final[Mapping[Tool, tuple[int, ...]]] = {"trivy": (), "grype": (2,), "scout": ()}
"""Exit codes of a scan that is whole, where the user's own configuration of a tool makes findings a failure."""

_NOT_HANDED_ON: Final = (
    "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
    # where and how a tool writes is said by flags
    "TRIVY_FORMAT", "TRIVY_OUTPUT", "TRIVY_TEMPLATE", "TRIVY_EXIT_CODE", "TRIVY_INPUT", "TRIVY_QUIET",
    "TRIVY_PASSWORD_STDIN", "GRYPE_OUTPUT", "GRYPE_FILE", "GRYPE_QUIET", "GRYPE_FAIL_ON_SEVERITY",
)  # fmt: skip
_QUIET: Final = {"TRIVY_SKIP_VERSION_CHECK": "true", "GRYPE_CHECK_FOR_APP_UPDATE": "false"}
"""No word about newer versions of the tools, which would be asked for elsewhere."""


class ScanFailed(EngineError):
    """A scan that ended without a report. `own`: it is hythe that says no, and not the tool."""

    def __init__(self, message: str, hint: str = "", *, own: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.own = own


class Scanner(msgspec.Struct, frozen=True):
    """A tool that is on this machine; `program` is the path of what is run, for scout that of the docker CLI."""

    tool: Tool
    program: str


class Target(msgspec.Struct, frozen=True):
    """What is scanned: the image of a daemon by its ID and `name`, or an archive of it where `archive` has a path."""

    image: str
    name: str
    archive: str = ""


def find_scanner(environment: Mapping[str, str], wanted: str = "auto") -> Scanner | None:
    """Return the scanner that is wanted, else the first of trivy, grype and scout, that is installed; else None."""
    path = environment.get("PATH", "")
    for tool in TOOLS if wanted == "auto" else (wanted,):
        if tool in ("trivy", "grype") and (program := shutil.which(tool, path=path)) is not None:
            return Scanner(tool, program)
        has_plugin = tool == "scout" and any(
            os.access(place, os.X_OK) for place in cli_plugin_paths(SCOUT_PLUGIN, environment)
        )
        if has_plugin and (program := shutil.which("docker", path=path)) is not None:
            return Scanner("scout", program)
    return None


def handed_over(endpoint: Endpoint) -> dict[str, str] | None:
    """Return the variables by which trivy and grype reach the daemon; None where they can't, and get an archive.

    That is so over ssh, where they would ask for keys and passwords that hythe's own connection has, and for TLS that
    their variables can't say: they take a folder with `ca.pem`, `cert.pem` and `key.pem` (moby's client, FromEnv).
    """
    if endpoint.socket_path is not None or (endpoint.url.startswith("tcp://") and endpoint.tls is None):
        return {"DOCKER_HOST": endpoint.url}
    tls = endpoint.tls
    if tls is None or not endpoint.url.startswith("tcp://"):
        return None
    files = [Path(file) for file in (tls.ca, tls.cert, tls.key)]
    if [file.name for file in files] != ["ca.pem", "cert.pem", "key.pem"] or len({file.parent for file in files}) != 1:
        return None
    checked = {"DOCKER_TLS_VERIFY": "1"} if tls.verify else {}
    return {"DOCKER_HOST": endpoint.url, "DOCKER_CERT_PATH": str(files[0].parent), **checked}


def needs_archive(tool: Tool, endpoint: Endpoint) -> bool:
    """Return whether hythe has to save the image for a tool to scan it."""
    return endpoint.ssh is not None or (tool != "scout" and handed_over(endpoint) is None)


def scan_words(tool: Tool, target: Target, endpoint: Endpoint) -> list[str]:
    """Return the arguments that make a tool scan; nothing in them is secret, and nothing of the image an option."""
    archive, image = target.archive, target.image
    if tool == "trivy":
        flags = ["--format=json", "--scanners=vuln", "--list-all-pkgs=false", "--no-progress", "--exit-code=0",
                 f"--timeout={MOST_SECONDS:.0f}s"]  # fmt: skip
        return ["image", *flags, *([f"--input={archive}"] if archive else ["--image-src=docker", image])]
    if tool == "grype":
        # a full hexadecimal ID without its prefix: with one it would look like a name and a tag
        return [f"docker-archive:{archive}" if archive else f"docker:{image.removeprefix('sha256:')}", "--output=json"]
    flags = [] if archive else docker_flags(endpoint)
    return [*flags, "scout", "cves", "--format=sarif", f"archive://{archive}" if archive else f"local://{target.name}"]


def shown_line(tool: Tool, name: str, endpoint: Endpoint) -> str:
    """Return the line that a person would type for the same scan."""
    archived = needs_archive(tool, endpoint)
    saved = f"docker save --output image.tar {quote(name)} && " if archived else ""
    variables = {} if archived or tool == "scout" else handed_over(endpoint) or {}
    before = "".join(f"{key}={quote(value)} " for key, value in variables.items())
    source = ["--input=image.tar"] if archived else ["--image-src=docker", name]
    words = {
        "trivy": ["trivy", "image", "--scanners=vuln", *source],
        "grype": ["grype", "docker-archive:image.tar" if archived else f"docker:{name}"],
        "scout": ["docker", "scout", "cves", "archive://image.tar" if archived else f"local://{name}"],
    }[tool]  # fmt: skip
    return f"{saved}{before}{join(words)}"


class ScanRun:
    """One run of a scanner for a daemon, in a private `folder` that is the caller's to remove.

    The program has no terminal and no input, so that it can ask for nothing; it runs in the folder, where no
    configuration of somebody else's lies, and puts there what it unpacks. `report` is where its report is to be.
    """

    def __init__(
        self, scanner: Scanner, endpoint: Endpoint, environment: Mapping[str, str], folder: Path,
        *, seconds: float = MOST_SECONDS, most: int = MOST_REPORT,
    ) -> None:  # fmt: skip
        self.report = folder / "report.json"
        self._scanner, self._endpoint, self._folder = scanner, endpoint, folder
        self._seconds, self._most = seconds, most
        kept = {key: value for key, value in environment.items() if key not in _NOT_HANDED_ON}
        address = {} if scanner.tool == "scout" else handed_over(endpoint) or {}
        self._environment = {**kept, **_QUIET, **address, "TMPDIR": str(folder)}

    async def version(self) -> bytes:
        """Return what the tool says of its version and its database, as far as it says it by itself: trivy does."""
        if self._scanner.tool != "trivy":
            return b""
        process = await self._start(["version", "--format=json"], asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(20):
                out, _ = await process.communicate()
        except TimeoutError:
            return b""
        finally:
            await process.end(1.0)
        return out

    async def scan(self, target: Target) -> AsyncGenerator[bytes]:
        """Scan, and yield what the tool says meanwhile; leaving early ends it with all that it started.

        Raises:
            ScanFailed: it does not start, says no, takes too long, or writes too much.
        """
        words = scan_words(self._scanner.tool, target, self._endpoint)
        if self._scanner.tool == "scout":
            words.append(f"--output={self.report}")  # its standard output has words for people too
        handle = os.open(self.report, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            written = asyncio.subprocess.STDOUT if self._scanner.tool == "scout" else asyncio.subprocess.PIPE
            out = asyncio.subprocess.PIPE if self._scanner.tool == "scout" else handle
            process = await self._start(words, out, written)
        except OSError as error:
            raise ScanFailed(f"{self._scanner.program}: {error.strerror or error}") from error
        finally:
            os.close(handle)
        stream = process.stdout if self._scanner.tool == "scout" else process.stderr
        try:
            async with aclosing(self._follow(process, stream)) as said:
                async for data in said:
                    yield data
        finally:
            await process.end()
        code = process.returncode or 0
        if code and not (code in FAILED_ON_FINDINGS[self._scanner.tool] and self.report.stat().st_size):
            ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise ScanFailed(f"{self._scanner.tool} {ended}")

    async def _follow(self, process: Program, stream: asyncio.StreamReader | None) -> AsyncGenerator[bytes]:
        """Yield what it says until it has ended."""
        assert stream is not None
        loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        reading: asyncio.Task[bytes] | None = None
        try:
            while True:
                reading = reading or asyncio.ensure_future(stream.read(1 << 16))
                done, _ = await asyncio.wait([reading], timeout=LOOK_SECONDS)
                if done:
                    data, reading = reading.result(), None
                    if data:
                        yield data
                        await asyncio.sleep(0)  # one that prints as fast as it can leaves the keys alive
                    elif process.returncode is not None:
                        return
                    else:
                        await asyncio.sleep(LOOK_SECONDS)
                if process.returncode is None and loop.time() > end:
                    raise ScanFailed(
                        f"{self._scanner.tool} did not end within {self._seconds:.0f} s", "it was ended; r scans again"
                    )
                if self._written() > self._most:
                    raise ScanFailed(f"{self._scanner.tool} wrote more than {self._most >> 20} MiB: that is no report")
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.wait([reading])

    def _written(self) -> int:
        try:
            return self.report.stat().st_size
        except OSError:
            return 0

    async def _start(self, words: Sequence[str], stdout: int, stderr: int) -> Program:
        return await start_program(
            self._scanner.program, *words, stdout=stdout, stderr=stderr, cwd=self._folder, env=self._environment
        )
