"""What the docker CLI's configuration says of logging in to a registry: its file, and its credential helpers."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from typing import Any, Final, cast

import msgspec

from tui.engine.cli_config import check_config
from tui.engine.endpoint import config_folder
from tui.engine.errors import ContextError, EngineError
from tui.engine.program import start_program

HELPER_SECONDS: Final = 30.0
MOST_ANSWER: Final = 1 << 20
_HELPER_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_HUB: Final = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io"})
_INDEX_URL: Final = "https://index.docker.io/v1/"
TOKEN_USER: Final = "<token>"
_NOT_FOUND: Final = "credentials not found"


class CredentialsError(EngineError):
    """The docker CLI's configuration, or a helper that it names, cannot be used; the message says which and why."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnreadableConfig(CredentialsError):
    """The file itself is no JSON or cannot be read: nobody knows which logins there are."""


class Credentials(msgspec.Struct, frozen=True):
    """A login. With an identity token, `secret` is the token and `username` empty."""

    username: str
    secret: str

    def __repr__(self) -> str:
        return "Credentials(…)"  # never in a log or a traceback


class _HelperAnswer(msgspec.Struct, rename="pascal"):
    username: str
    secret: str


class DockerLogins:
    """The docker CLI's logins, read anew for each look: `docker login` in another terminal counts at once."""

    async def find(self, registry: str) -> Credentials | None:
        """Return the login for a registry's host name, or None where there is none.

        Raises:
            UnreadableConfig: the configuration cannot be read at all.
            CredentialsError: what it says of logins cannot be used, or its helper fails or hangs.
        """
        config = await asyncio.to_thread(_load)
        helper = _helper_of(config, registry)
        if helper:
            found = await _ask_helper(helper, server_key(registry))
            if found is not None:
                return found
        return _from_file(config, registry)

    async def usable(self, registry: str) -> Credentials | None:
        """Return the same; with a configuration that cannot be read there is no login, as for the docker CLI.

        Raises:
            CredentialsError: as `find`, but for UnreadableConfig.
        """
        try:
            return await self.find(registry)
        except UnreadableConfig:
            return None

    async def auth(self, registry: str) -> str:
        """Return the value of X-Registry-Auth for a pull or a push, empty where there is no login.

        Raises:
            CredentialsError: as `usable`.
        """
        login = await self.usable(registry)
        if login is None:
            return ""
        named = {"username": login.username, "password": login.secret} if login.username else None
        body = named or {"identitytoken": login.secret}
        body["serveraddress"] = server_key(registry)
        return base64.urlsafe_b64encode(msgspec.json.encode(body)).decode()

    async def header(self, registries: set[str]) -> str | None:
        """Return the value of X-Registry-Config, which gives the classic builder its logins; None without any.

        Raises:
            CredentialsError: as `usable`.
        """
        logins: dict[str, dict[str, str]] = {}
        for registry in sorted(registries):
            login = await self.usable(registry)
            if login is not None:
                key = server_key(registry)
                named = {"username": login.username, "password": login.secret} if login.username else None
                logins[key] = named or {"identitytoken": login.secret}
        return base64.urlsafe_b64encode(msgspec.json.encode(logins)).decode() if logins else None


def _load() -> Any:
    """The parts of the CLI's configuration that are about logins, as docker.auth reads them."""
    from docker import auth
    from docker.errors import DockerException
    from docker.utils.config import find_config_file

    try:
        check_config(config_folder(os.environ))  # docker.auth takes a file that it can't read for one without logins
    except ContextError as error:
        raise UnreadableConfig(f"the docker CLI's configuration can't be read: {error}", error.hint) from error
    try:
        return cast("Any", auth).load_config()
    except (DockerException, OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        path = cast("Any", find_config_file)()
        raise CredentialsError(f"the logins in {path} cannot be read: {type(error).__name__}") from error


def _helper_of(config: Any, registry: str) -> str | None:
    helpers = cast("object", config.cred_helpers)
    key = server_key(registry)
    own = cast("dict[str, object]", helpers).get(key) if isinstance(helpers, dict) else None
    return helper_named(own or config.creds_store)


def helper_named(name: object) -> str | None:
    """Return the name of a credential helper as the configuration has it, or None for none.

    Raises:
        CredentialsError: it is no name of a program.
    """
    if not name:
        return None
    if not isinstance(name, str) or not _HELPER_NAME.fullmatch(name):
        raise CredentialsError(f"the docker configuration names a credential helper {str(name)[:60]!r}")
    return name


def server_key(registry: str) -> str:
    """Return what the docker CLI keeps a registry's login under: its host name, for Docker Hub a URL."""
    return _INDEX_URL if registry in _HUB else registry


async def _ask_helper(name: str, server: str) -> Credentials | None:
    """Run `docker-credential-NAME get`. Protocol: github.com/docker/docker-credential-helpers."""
    text = await run_helper(name, "get", server)
    if text is None:
        return None
    try:
        answer = msgspec.json.decode(text, type=_HelperAnswer)
    except msgspec.DecodeError as error:
        raise CredentialsError(f"docker-credential-{name} gave an answer that cannot be read") from error
    return Credentials("" if answer.username == TOKEN_USER else answer.username, answer.secret)


async def run_helper(name: str, verb: str, given: str) -> str | None:
    """Run `docker-credential-NAME VERB` with a text on its input, and return its output; None where it has no login.

    Raises:
        CredentialsError: it is not there, fails or hangs.
    """
    program = f"docker-credential-{name}"
    try:
        process = await start_program(program, verb, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    except OSError as error:
        raise CredentialsError(f"{program}, which the docker configuration names: {error.strerror}") from error
    try:
        async with asyncio.timeout(HELPER_SECONDS):
            out, _ = await process.communicate(given.encode())
    except TimeoutError as error:
        raise CredentialsError(f"{program} did not answer for {HELPER_SECONDS:.0f} s") from error
    finally:
        await process.end(grace=0)  # what it started itself, too: many are shell scripts
    text = out[:MOST_ANSWER].decode("utf-8", "replace").strip()
    if process.returncode:
        if text.startswith(_NOT_FOUND):
            return None
        # one that stores may print what it was given
        words = "" if verb == "store" else text[:200]
        raise CredentialsError(f"{program} failed: {words or f'exit code {process.returncode}'}")
    return text


def _from_file(config: Any, registry: str) -> Credentials | None:
    from docker import auth

    wanted = _HUB if registry in _HUB else {registry}
    for key, entry in config.auths.items():
        if cast("Any", auth).convert_to_hostname(key) not in wanted or not isinstance(entry, dict):
            continue
        fields = cast("dict[str, str]", entry)
        if token := fields.get("IdentityToken"):
            return Credentials("", token)
        if fields.get("username"):
            return Credentials(fields["username"], fields.get("password", ""))
    return None
