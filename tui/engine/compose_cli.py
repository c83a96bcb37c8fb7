"""Docker Compose as a program: the docker CLI with its plugin, run without a shell, for the daemon that is shown."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tui.engine.decoding import decode
from tui.engine.endpoint import Endpoint
from tui.engine.errors import EngineError, ReadOnly
from tui.engine.program import Program, start_program
from tui.engine.transport import Transport
from tui.model.compose import ProjectFiles, ProjectPlace, WireConfig, files_from, is_project_name

VERSION_SECONDS: Final = 20.0
CONFIG_SECONDS: Final = 30.0
MOST_CONFIG: Final = 16 << 20
MOST_WORDS: Final = 400

_QUOTED: Final = re.compile(
    r"(: (?:line \d+: )?(?:unexpected character .{1,8} in variable name|unterminated quoted value)).*"
)
"""An error of a file of variables, which holds secrets."""

_NO_REMOTE: Final = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false"}
"""What is read only to be looked at fetches nothing: a file may include others from Git or a registry."""


class ComposeError(EngineError):
    """Compose is not there, or said no, in its own words."""


class ComposeCli:
    """Runs `docker compose` for one daemon. `environment` is where PATH, HOME and DOCKER_CONFIG are looked up."""

    def __init__(self, transport: Transport, environment: Mapping[str, str]) -> None:
        self._transport = transport
        self._environment = dict(environment)
        self._looking = asyncio.Lock()
        self._docker: str | None = None
        self.version = ""
        """The plugin's version, once it was found."""
        self.problem: str | None = None
        """Why it can't be run, empty when it can; None before it was looked for."""

    def forget(self) -> None:
        """Look for the CLI again when it is needed next."""
        self.problem = None

    async def find(self) -> str:
        """Look for the CLI and its plugin, once, and return why Compose can't be run, or an empty string."""
        async with self._looking:
            if self.problem is None:
                self.problem = await self._look()
        return self.problem

    async def _look(self) -> str:
        self._docker = shutil.which("docker", path=self._environment.get("PATH", ""))
        if self._docker is None:
            return "there is no docker CLI on the PATH"
        try:
            async with asyncio.timeout(VERSION_SECONDS):
                code, out, _ = await self._gather([self._docker, "compose", "version", "--short"], None, {})
        except (TimeoutError, OSError) as error:
            return f"{self._docker} compose: {error or 'no answer'}"
        if code:
            return "the docker CLI has no compose plugin"
        self.version = out.decode("utf-8", "replace").strip()[:40]
        return ""

    async def why_not(self, place: ProjectPlace) -> str:
        """Return why Compose can't work with the project's files, or an empty string."""
        return await self.find() or await asyncio.to_thread(missing, place)

    async def run(self, words: Sequence[str], folder: str) -> AsyncGenerator[bytes]:
        """Run `docker` with the words of `compose_words`, and yield what it prints; leaving early ends it.

        Raises:
            ReadOnly: the host is shown read-only.
            ComposeError: it does not start, or ends with another exit code than 0.
        """
        if self._transport.read_only:
            raise ReadOnly(f"docker {' '.join(words[:1])}")
        if problem := await self.find():
            raise ComposeError(problem)
        try:
            process = await self._start(words, folder, {}, asyncio.subprocess.STDOUT)
        except OSError as error:
            raise ComposeError(f"{self._docker}: {error.strerror or error}") from error
        try:
            while process.stdout is not None and (data := await process.stdout.read(1 << 16)):
                yield data
                await asyncio.sleep(0)  # a program that prints as fast as it can leaves the keys alive
            code = await process.wait()
        finally:
            await process.end()
        if code:
            raise ComposeError(f"docker compose ended with exit code {code}")

    async def read_files(self, place: ProjectPlace) -> ProjectFiles:
        """Return what a project's files say; what stands in the way is its `problem`. Nothing is fetched for it."""
        if problem := await self.why_not(place):
            return ProjectFiles(problem=problem)
        try:
            async with asyncio.timeout(CONFIG_SECONDS):
                document = await self._config(place, "--format", "json")
                hashes = await self._config(place, "--hash", "*")
        except TimeoutError:
            return ProjectFiles(problem=f"docker compose config: no answer within {CONFIG_SECONDS:.0f} s")
        except OSError as error:
            return ProjectFiles(problem=f"docker compose config: {error.strerror or error}")
        except ComposeError as error:
            return ProjectFiles(problem=str(error))
        try:
            config = decode(document, WireConfig, "docker compose config")
        except EngineError as error:
            return ProjectFiles(problem=str(error))
        return files_from(config, hashes.decode("utf-8", "replace"))

    async def _config(self, place: ProjectPlace, *words: str) -> bytes:
        """Return what `docker compose config` prints, of all profiles. Raises ComposeError, OSError."""
        command = compose_words(place, "--profile=*", "config", *words)
        code, out, err = await self._gather([self._docker or "docker", *command], place.working_dir, _NO_REMOTE)
        if code:
            raise ComposeError(last_words(err.decode("utf-8", "replace")) or f"exit code {code}")
        if len(out) > MOST_CONFIG:
            raise ComposeError(f"docker compose config printed more than {MOST_CONFIG >> 20} MiB")
        return out

    async def _gather(
        self, argv: Sequence[str], folder: str | None, variables: Mapping[str, str]
    ) -> tuple[int, bytes, bytes]:
        process = await start_program(*argv, cwd=folder, env=self._variables(variables))
        try:
            out, err = await process.communicate()
        finally:
            await process.end()
        return process.returncode or 0, out, err

    async def _start(self, words: Sequence[str], folder: str, variables: Mapping[str, str], stderr: int) -> Program:
        return await start_program(
            self._docker or "docker", *docker_flags(self._transport.endpoint), *words,
            stderr=stderr, cwd=folder or None, env=self._variables(variables),
        )  # fmt: skip

    def _variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the program's environment: the daemon is named by flags, and by nothing else."""
        kept = {key: value for key, value in self._environment.items() if key not in ("DOCKER_HOST", "DOCKER_CONTEXT")}
        return {**kept, **more}


def docker_flags(endpoint: Endpoint) -> list[str]:
    """Return the flags by which the docker CLI (20.10 and newer) speaks to the same daemon."""
    if endpoint.source.startswith("context ") and endpoint.name:
        return [f"--context={endpoint.name}"]
    flags = [f"--host={endpoint.url}"]
    if (tls := endpoint.tls) is not None:
        flags.append("--tlsverify" if tls.verify else "--tls")
        files = (("tlscacert", tls.ca), ("tlscert", tls.cert), ("tlskey", tls.key))
        flags += [f"--{name}={path}" for name, path in files if path]
    return flags


def compose_words(place: ProjectPlace, *words: str) -> list[str]:
    """Return the arguments of `docker` for a project; a value never becomes an option, whatever a label says."""
    flags = [f"--project-name={place.name}"] if place.name else []
    flags += [f"--project-directory={place.working_dir}"] if place.working_dir else []
    flags += [f"--file={path}" for path in place.config_files]
    flags += [f"--env-file={path}" for path in place.environment_files]
    return ["compose", *flags, *words]


def missing(place: ProjectPlace) -> str:
    """Return which of a project's files can't be used on this machine and why, or an empty string."""
    if place.name and not is_project_name(place.name):
        return "its label is no name of a Compose project"
    if not place.config_files or not place.working_dir:
        return "its containers do not tell where its Compose file is"
    if not os.path.isdir(place.working_dir):
        return f"{place.working_dir} is not on this machine"
    for path in (*place.config_files, *place.environment_files):
        if not path.startswith("/"):
            return f"{path} is not a file of this machine"
        if not os.path.isfile(path):
            return f"{path} is not on this machine"
        if not os.access(path, os.R_OK):
            return f"{path}: permission denied"
    return ""


def signature(place: ProjectPlace) -> tuple[tuple[str, int, int], ...]:
    """Return what tells that a project's own files changed: those named, and the `.env` beside them."""
    found: list[tuple[str, int, int]] = []
    for path in (*place.config_files, *place.environment_files, str(Path(place.working_dir or "/", ".env"))):
        try:
            state = os.stat(path)
        except (OSError, ValueError):  # the latter of what can be no path at all
            found.append((path, 0, -1))
        else:
            found.append((path, state.st_mtime_ns, state.st_size))
    return tuple(found)


def last_words(text: str) -> str:
    """Return the end of what a program printed, where it says why it ended: its last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return without_values(lines[-1])[:MOST_WORDS] if lines else ""


def without_values(line: str) -> str:
    """Return what Compose says of a file of variables without the piece of the file that it quotes (2.0 to 2.40)."""
    return _QUOTED.sub(r"\1 …", line)
