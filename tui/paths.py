"""Where settings, themes, state, caches and logs belong on this system, and files that only their owner may read."""

import errno
import os
from pathlib import Path
from typing import BinaryIO, Literal

APP = "hythe"
LOG_LIMIT = 1_000_000


def config_folder() -> Path | None:
    """The folder of the user's settings; None when the user has no home."""
    return _user_folder("config")


def settings_file() -> Path | None:
    """The settings file that is read when none is named."""
    folder = config_folder()
    return folder / "settings.toml" if folder else None


def themes_folder() -> Path | None:
    """The folder of the user's own themes."""
    folder = config_folder()
    return folder / "themes" if folder else None


def state_file() -> Path | None:
    """The file of what is remembered between runs."""
    folder = _user_folder("state")
    return folder / "state.json" if folder else None


def builds_folder() -> Path | None:
    """The folder of what is remembered of builds."""
    folder = _user_folder("state")
    return folder / "builds" if folder else None


def stories_folder() -> Path | None:
    """The folder of what is remembered of what happened to containers."""
    folder = _user_folder("state")
    return folder / "stories" if folder else None


def log_file() -> Path | None:
    """The file that takes the traceback of an unexpected error."""
    folder = _user_folder("log")
    return folder / "hythe.log" if folder else None


def cache_folder() -> Path | None:
    """The folder of what can be had again, at a price; None when the user has no home."""
    return _user_folder("cache")


def spill_folder() -> Path:
    """The folder for what is put aside while hythe runs: the user's cache, or the system's folder for such things."""
    import tempfile  # the first names wait for what is imported

    return _user_folder("cache") or Path(tempfile.gettempdir())


def _user_folder(kind: Literal["config", "state", "log", "cache"]) -> Path | None:
    """The user's folder of that kind, unless there is none: without a home it would be a folder named ~ in this one."""
    try:
        import platformdirs
    except ImportError:
        return None  # a broken installation: what is wrong with it is told by whoever needs more than a path
    find = {
        "config": platformdirs.user_config_path,
        "state": platformdirs.user_state_path,
        "log": platformdirs.user_log_path,
        "cache": platformdirs.user_cache_path,
    }
    path = find[kind](APP, appauthor=False)
    return path if path.is_absolute() else None


def private_folder(folder: Path) -> None:
    """Make *folder*, for its owner alone, where it does not exist.

    Raises:
        OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error


def open_log() -> tuple[BinaryIO, Path]:
    """The log file opened to append, and its path: in the user's state folder, or else a new temporary file.

    The file is readable by its owner alone; one that has grown past LOG_LIMIT bytes is moved aside first.

    Raises:
        OSError: neither place can be written.
    """
    path = log_file()
    if path is not None:
        try:
            private_folder(path.parent)
            _move_large_aside(path)
            return os.fdopen(_open_private(path), "ab"), path
        except OSError:
            pass  # no home, a read-only one or a full disk: the temporary folder may still do
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f"{APP}-", suffix=".log")
    return os.fdopen(handle, "ab"), Path(name)


def _open_private(path: Path) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(handle, 0o600)
    except OSError:
        os.close(handle)
        raise
    return handle


def _move_large_aside(path: Path) -> None:
    try:
        large = path.lstat().st_size > LOG_LIMIT
    except FileNotFoundError:
        return
    if large:
        path.replace(path.with_name(path.name + ".old"))


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet; what could be written only in part is removed.

    Raises:
        OSError: it cannot be written, or is there already.
    """
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise


def write_private(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace the file *path* by *content* in one step, readable by its owner alone; its folder is made.

    What need not be *durable* may be lost, or half there, after the machine went down.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    private_folder(path.parent)
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
