"""What a build takes besides its context: secrets, ssh agents, named contexts; in docker's own grammar."""

import re
from pathlib import PurePosixPath
from typing import Final, Literal

import msgspec

_ID: Final = re.compile(r"[\w.:/@-]+")
_CONTEXT_NAME: Final = re.compile(r"[A-Za-z0-9][\w.:/@-]*", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ELSEWHERE: Final = ("docker-image://", "target:", "oci-layout://")
_REMOTE: Final = re.compile(r"(?:https?|git|ssh)://|git@[^/]+:|github\.com/", re.IGNORECASE)
_GIT_WEB: Final = re.compile(r"\.git(?:[#?].*)?$")
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s]*(?=@)")


class SourceError(ValueError):
    """A text that is no source; the message says what to write."""


class SecretSource(msgspec.Struct, frozen=True):
    """Where a secret comes from: a file's path, or an environment variable's name. Never its value."""

    id: str
    kind: Literal["file", "env"]
    place: str


class AgentSource(msgspec.Struct, frozen=True):
    """An ssh agent that RUN --mount=type=ssh reaches: its socket's path, or "" for the one of SSH_AUTH_SOCK."""

    id: str
    socket: str = ""


class NamedContext(msgspec.Struct, frozen=True):
    """A context beside the main one: `COPY --from=NAME`, or in place of `FROM NAME`."""

    name: str
    place: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return not self.place.startswith(_ELSEWHERE) and not is_remote(self.place)


def parse_secret(text: str) -> SecretSource:
    """Returns the source of `id=NAME,src=FILE` or `id=NAME,env=VARIABLE`. Raises SourceError."""
    values: dict[str, str] = {}
    for part in text.strip().split(","):
        key, equals, value = part.partition("=")
        key = {"source": "src"}.get(key.strip().lower(), key.strip().lower())
        if not equals or key not in ("id", "src", "env", "type"):
            raise SourceError(f"{part.strip()!r}: write id=NAME,src=FILE or id=NAME,env=VARIABLE")
        if key in values:
            raise SourceError(f"{key} stands there twice")
        values[key] = value.strip()
    id, kind = values.get("id", ""), values.get("type", "")
    if not _ID.fullmatch(id):
        raise SourceError("an id is missing: id=NAME,src=FILE" if not id else f"{id!r} is no secret's id")
    if kind not in ("", "file", "env"):
        raise SourceError(f"type is file or env, not {kind!r}")
    if "src" in values and "env" in values:
        raise SourceError("src and env exclude each other")
    if kind == "env" or "env" in values:
        name = values.get("env") or values.get("src") or id
        if not _VARIABLE.fullmatch(name):
            raise SourceError(f"{name!r} is no environment variable's name")
        return SecretSource(id, "env", name)
    if not values.get("src"):
        raise SourceError("where does it come from? write src=FILE or env=VARIABLE")
    return SecretSource(id, "file", values["src"])


def parse_agent(text: str) -> AgentSource:
    """Returns the agent of `default`, `ID` or `ID=SOCKET`. Raises SourceError."""
    id, equals, socket = text.strip().partition("=")
    if not _ID.fullmatch(id):
        raise SourceError("write default, or ID=SOCKET with the path of an agent's socket")
    if equals and not socket.strip():
        raise SourceError("the path of the agent's socket is missing behind the =")
    if "," in socket:
        raise SourceError("one socket only; keys are added to an agent by ssh-add")
    return AgentSource(id, socket.strip())


def parse_context(text: str) -> NamedContext:
    """Returns the context of `NAME=FOLDER`, `NAME=docker-image://IMAGE` or `NAME=URL`. Raises SourceError."""
    name, equals, place = text.strip().partition("=")
    if not equals or not name or not place:
        raise SourceError("write NAME=FOLDER, NAME=docker-image://IMAGE or NAME=URL")
    if not _CONTEXT_NAME.fullmatch(name):
        raise SourceError(f"{name!r} is no context's name")
    return NamedContext(name, place)


def problem_with(text: str, kind: Literal["secret", "agent", "context"]) -> str | None:
    """Returns what is wrong with the text of a source, or None."""
    parse = {"secret": parse_secret, "agent": parse_agent, "context": parse_context}[kind]
    try:
        parse(text)
    except SourceError as error:
        return str(error)
    return None


def is_remote(context: str) -> bool:
    """Whether a context is fetched by the daemon: a Git repository, or a tar archive or Dockerfile by HTTP."""
    return _REMOTE.match(context.strip()) is not None


def is_git(context: str) -> bool:
    """Whether a remote context is a Git repository, by the docker CLI's rules."""
    text = context.strip()
    if text.lower().startswith(("http://", "https://")):
        return _GIT_WEB.search(text) is not None
    return is_remote(text)


def remote_title(context: str) -> str:
    """Returns what a remote context is called: the last part of its path, without `.git`."""
    path = context.strip().split("#")[0].split("?")[0].rstrip("/").replace(":", "/")
    return PurePosixPath(path).name.removesuffix(".git") or context


def without_login(context: str) -> str:
    """Returns a context without the user and password that a URL may carry."""
    return _LOGIN.sub("***", context)
