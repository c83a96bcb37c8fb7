"""Opens a folder as a build context: what is wrong with it before a byte is sent, and how much it holds."""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal, NoReturn

import msgspec

from tui.engine.context_walk import Item, walk
from tui.engine.ignore import IgnoreError, IgnoreMatcher, find_ignore_file, read_ignore

MAX_DOCKERFILE: Final = 8 << 20
_BIGGEST: Final = 10
_UNREADABLE: Final = 20
_NAME: Final = 100


class ContextError(ValueError):
    """The context cannot be sent; the message names the path, `field` the form's field that it comes from."""

    def __init__(self, message: str, field: Literal["context", "dockerfile"] = "context") -> None:
        super().__init__(message)
        self.field = field


def unreadable(path: str, error: OSError) -> ContextError:
    """Returns the error for a file that cannot be read while the context is sent."""
    if isinstance(error, FileNotFoundError):
        return ContextError(f"{path} vanished while the context was sent")
    return ContextError(f"{path} cannot be read: {error.strerror}")


def stop_at(path: str, error: OSError) -> NoReturn:
    """Raises ContextError: what a walk is to do with a folder that cannot be listed."""
    raise unreadable(path, error) from error


class BuildContext(msgspec.Struct, frozen=True):
    """What is to be sent. `dockerfile` is the name, in an archive, for the daemon's parameter of that name.

    `patterns` are the ignore file's, `needed` the exceptions that an archive adds: the Dockerfile is always in it.
    `outside` is the content of a Dockerfile that is not in the folder: it goes under a name of its own. `linked` tells
    that the Dockerfile is a link to a file that is sent too.
    """

    folder: Path
    dockerfile: str
    source: Path
    patterns: tuple[str, ...] = ()
    ignore_file: Path | None = None
    needed: tuple[str, ...] = ()
    outside: bytes | None = None
    linked: bool = False


Rules = Literal["session", "archive", "classic"]
"""Whose rules tell what of a context is sent: BuildKit's, which fetches the Dockerfile apart; the same for an archive,
which has the Dockerfile in it; those of the docker CLI for the classic builder."""


class ContextSummary(msgspec.Struct, frozen=True):
    """What a context holds: `size` is bytes of files, `biggest` its largest, `unreadable` what would stop it."""

    files: int
    folders: int
    links: int
    size: int
    biggest: tuple[tuple[str, int], ...] = ()
    unreadable: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def open_context(folder: str | Path, dockerfile: str | Path = "Dockerfile") -> BuildContext:
    """Returns the context of a folder and a Dockerfile, whose path counts from the folder.

    Raises ContextError: everything that can be known before a byte is sent.
    """
    root = _folder(Path(folder).expanduser())
    source = root / Path(dockerfile).expanduser()
    try:
        if not source.is_file():
            what = "is not a file" if source.exists() else "does not exist"
            raise ContextError(f"the Dockerfile {source} {what}", "dockerfile")
        with source.open("rb") as file:
            content = file.read(MAX_DOCKERFILE + 1)
    except OSError as error:
        raise ContextError(f"the Dockerfile {source} cannot be read: {error.strerror}", "dockerfile") from error
    if len(content) > MAX_DOCKERFILE:
        raise ContextError(f"the Dockerfile {source} has more than {MAX_DOCKERFILE} bytes", "dockerfile")
    inside = _relative(source, root)
    ignore_file = find_ignore_file(root, source)
    try:
        patterns = read_ignore(ignore_file) if ignore_file else []
        matcher = IgnoreMatcher(patterns)
    except OSError as error:
        raise ContextError(f"{ignore_file} cannot be read: {error.strerror}") from error
    except IgnoreError as error:
        raise ContextError(f"{ignore_file}: {error}") from error
    return BuildContext(
        root,
        inside or f".dockerfile.{secrets.token_hex(10)}",
        source,
        tuple(patterns),
        ignore_file,
        tuple(f"!{_literal(name)}" for name in (".dockerignore", inside) if name and matcher.excludes(name)),
        None if inside else content,
        linked=bool(inside) and _is_kept_link(source, root, matcher),
    )


def _folder(path: Path) -> Path:
    try:
        root = path.resolve(strict=True)
        if not root.is_dir():
            raise ContextError(f"the context {path} is not a folder")
        with os.scandir(root):
            return root
    except FileNotFoundError as error:
        raise ContextError(f"the context {path} does not exist") from error
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ContextError(f"the context {path} cannot be read: {why}") from error


def _relative(source: Path, root: Path) -> str:
    """The Dockerfile's name inside the context; empty where it is outside, or too long to stand first in a tar."""
    try:
        name = (source.parent.resolve() / source.name).relative_to(root).as_posix()
    except ValueError:
        return ""
    return name if len(os.fsencode(name)) <= _NAME else ""


def _is_kept_link(source: Path, root: Path, ignored: IgnoreMatcher) -> bool:
    if not source.is_symlink():
        return False
    target = _relative(source.resolve(), root)
    return bool(target) and not ignored.excludes(target)


def _literal(path: str) -> str:
    return "".join("\\" + character if character in "*?[\\" else character for character in path)


def walk_context(context: BuildContext, unreadable: Callable[[str, OSError], None], rules: Rules) -> Iterator[Item]:
    """Yields what is sent of a context; `unreadable` is told of folders that cannot be listed."""
    patterns = context.patterns if rules == "session" else (*context.patterns, *context.needed)
    classic = rules == "classic"
    return walk(str(context.folder), IgnoreMatcher(patterns, classic=classic), unreadable, parents=not classic)


def scan_context(
    context: BuildContext, stopped: Callable[[], bool] = lambda: False, rules: Rules = "session"
) -> ContextSummary:
    """Returns what would be sent. Reads no file. Once `stopped` says so it ends, with what it has counted by then."""
    files = folders = links = size = 0
    biggest: list[tuple[int, str]] = []
    closed: list[str] = []
    skipped: list[str] = []

    def note(path: str, error: OSError) -> None:
        closed.append(f"{path}: {error.strerror}")

    for item in walk_context(context, note, rules):
        if stopped():
            break
        try:
            status = item.status
        except OSError as error:
            note(item.full, error)
            continue
        mode = status.st_mode
        if stat.S_ISDIR(mode):
            folders += 1
        elif stat.S_ISLNK(mode):
            links += 1
        elif stat.S_ISREG(mode):
            files += 1
            size += status.st_size
            if len(biggest) < _BIGGEST or status.st_size > biggest[-1][0]:
                biggest = sorted([*biggest, (status.st_size, item.path)], reverse=True)[:_BIGGEST]
            if not os.access(item.full, os.R_OK):
                closed.append(f"{item.full}: {os.strerror(13)}")
        elif stat.S_ISSOCK(mode):
            skipped.append(item.path)
    return ContextSummary(
        files,
        folders,
        links,
        size,
        tuple((path, number) for number, path in biggest),
        tuple(closed[:_UNREADABLE]),
        tuple(skipped[:_UNREADABLE]),
    )
