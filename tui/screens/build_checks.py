"""What is wrong with the parts of a build, as far as this machine can tell before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path

from tui.engine.buildkit_session import SecretError, agent_socket
from tui.model.build_sources import (
    SecretSource,
    SourceError,
    is_remote,
    parse_agent,
    parse_context,
    parse_secret,
    problem_with,
)


def absolute(text: str, folder: str = "") -> str:
    """Return the absolute path of what was typed, `~` expanded; empty where nothing was. A URL stays as it is."""
    text = text.strip()
    if not text or is_remote(text):
        return text
    try:
        return os.path.abspath(Path(folder or ".").expanduser() / Path(text).expanduser())
    except (OSError, RuntimeError, ValueError):
        return text


def check_folder(text: str) -> str | None:
    """Return what is wrong with a context, a folder or a URL, or None."""
    if not text.strip():
        return "a context is missing: a folder, or the URL of a Git repository or a tar archive"
    if is_remote(text):
        return None
    path = Path(absolute(text))
    try:
        if not path.is_dir():
            return "not a folder" if path.exists() else "no such folder"
        return None if os.access(path, os.R_OK | os.X_OK) else "permission denied"
    except (OSError, ValueError):
        return "not a path, or permission denied on the way to it"


def check_dockerfile(folder: str, text: str) -> str | None:
    """Return what is wrong with a Dockerfile's path, which counts from the folder, or None."""
    if not text.strip():
        return "a Dockerfile is missing"
    if is_remote(folder):
        return "in a context that the daemon fetches it counts from its root" if os.path.isabs(text.strip()) else None
    if check_folder(folder) is not None:
        return None  # told at the folder
    try:
        path = Path(absolute(folder), Path(text.strip()).expanduser())
        if not path.is_file():
            return f"{path} {'is not a file' if path.exists() else 'does not exist'}"
        return None if os.access(path, os.R_OK) else f"{path}: permission denied"
    except (OSError, RuntimeError, ValueError):
        return "not a path"


def check_secret(folder: str, text: str) -> str | None:
    """Return what is wrong with a secret's source, or None; the secret itself is not read."""
    problem = problem_with(text, "secret")
    if problem is not None:
        return problem
    source = parse_secret(text)
    if source.kind == "env":
        return None if source.place in os.environ else f"the environment has no variable {source.place}"
    path = absolute(source.place, "" if is_remote(folder) else folder)
    try:
        if not os.path.isfile(path):
            return f"{path} {'is not a file' if os.path.exists(path) else 'does not exist'}"
    except ValueError:
        return "not a path"
    return None if os.access(path, os.R_OK) else f"{path}: permission denied"


def check_agent(text: str) -> str | None:
    """Return what is wrong with an ssh agent, or None."""
    try:
        agent_socket(parse_agent(text))
    except (SourceError, SecretError) as error:
        return str(error)
    return None


def check_context(folder: str, text: str) -> str | None:
    """Return what is wrong with a named context, or None."""
    problem = problem_with(text, "context")
    if problem is not None:
        return problem
    named = parse_context(text)
    if named.place.startswith(("target:", "oci-layout://")):
        return "only folders, docker-image:// and URLs can be contexts here"
    return check_folder(absolute(named.place, "" if is_remote(folder) else folder)) if named.is_local else None


def resolved_secret(folder: str, text: str) -> str:
    """Return a secret's source with its file's absolute path; a text that is none stays as it is."""
    try:
        source = parse_secret(text)
    except SourceError:
        return text.strip()
    return _written(source, absolute(source.place, folder) if source.kind == "file" else source.place)


def _written(source: SecretSource, place: str) -> str:
    return f"id={source.id},{'src' if source.kind == 'file' else 'env'}={place}"


def resolved_context(folder: str, text: str) -> str:
    """Return a named context with its folder's absolute path; a text that is none stays as it is."""
    try:
        named = parse_context(text)
    except SourceError:
        return text.strip()
    return f"{named.name}={absolute(named.place, folder)}" if named.is_local else text.strip()


def first_folder() -> str:
    """Return the current folder if it holds a Dockerfile, else nothing."""
    try:
        here = Path.cwd()
        return str(here) if (here / "Dockerfile").is_file() else ""
    except OSError:
        return ""
