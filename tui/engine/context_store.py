"""The docker CLI's context store, read to be edited and written as the CLI writes it.

`contexts/meta/<sha256 of the name>/meta.json` says where a context leads, `contexts/tls/<the same>/docker/` has its
{ca,cert,key}.pem. What a meta.json holds besides stays in it. Everything here reads and writes files: call it in a
thread.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import msgspec

from tui.engine.cli_config import current_context, set_current_context
from tui.engine.endpoint import config_folder
from tui.engine.errors import ContextError
from tui.engine.safe_files import one_writer, read_regular, replace_file
from tui.engine.tls_files import TLS_NAMES, read_material
from tui.model.context_spec import DEFAULT, ContextSpec, check_name

MOST_BYTES = 1_000_000


class StoredContext(msgspec.Struct, frozen=True):
    """A context of the store: as it would be created again, its folder's name, and its meta.json as it was read.

    `spec` names the stored TLS files. `problem` says why docker can't use it; then `spec` holds what could be read.
    """

    folder: str
    spec: ContextSpec
    problem: str = ""
    raw: bytes = b""

    @property
    def name(self) -> str:
        """The context's name; the folder's where there is none to read."""
        return self.spec.name or self.folder[:12]

    @property
    def has_tls(self) -> bool:
        """Whether it has TLS files of its own."""
        return bool(self.spec.ca or self.spec.cert or self.spec.key)


class ContextStore:
    """The contexts in the docker CLI's configuration folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._meta = folder / "contexts" / "meta"
        self._tls = folder / "contexts" / "tls"

    @classmethod
    def of(cls, env: Mapping[str, str]) -> ContextStore:
        """The store that the docker CLI uses in this environment."""
        return cls(config_folder(env))

    # reading

    def contexts(self) -> list[StoredContext]:
        """Return all that are there, by name; those that docker can't use with the reason.

        Raises:
            ContextError: the folder of contexts can't be read.
        """
        try:
            with os.scandir(self._meta) as entries:
                folders = [entry.name for entry in entries if entry.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ContextError(f"{self._meta}: {error.strerror or error}") from None
        found = [stored for name in folders if (stored := self._read(name)) is not None]
        return sorted(found, key=lambda stored: (stored.name.lower(), stored.name))

    def find(self, name: str) -> StoredContext | None:
        """Return the context with a name, or None."""
        return self._read(folder_of(name))

    def stamp(self) -> Mapping[str, tuple[int, int]]:
        """Return what changes when a context or the current one does: the age in nanoseconds and the size of each file.

        It costs a look at each file and reads none.
        """
        stamps: dict[str, tuple[int, int]] = {}
        paths = [self.folder / "config.json"]
        for folder, inner in ((self._meta, "meta.json"), (self._tls, "docker")):
            with suppress(OSError), os.scandir(folder) as entries:
                paths += [folder / entry.name / inner for entry in entries]
        for path in paths:
            with suppress(OSError):
                known = path.stat()
                stamps[str(path)] = known.st_mtime_ns, known.st_size
        return stamps

    def current(self) -> str:
        """Return the name of the current context; see cli_config."""
        return current_context(self.folder)

    def _read(self, folder: str) -> StoredContext | None:
        """The context in a folder of the store; None where there is no meta.json, as docker sees it."""
        path = self._meta / folder / "meta.json"
        try:
            raw = read_regular(path, MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            return StoredContext(folder, ContextSpec(""), f"{path}: {error.strerror or error}")
        try:
            meta = _parse(raw)
            spec = self._spec(folder, meta)
        except (ValueError, RecursionError) as error:
            words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            return StoredContext(folder, ContextSpec(""), f"{path}: {words}", raw)
        problem = ""
        if folder != folder_of(spec.name):
            problem = f"{path}: its folder is that of another name, and docker does not find it"
        elif not spec.host:
            problem = f"{path}: no docker endpoint"
        return StoredContext(folder, spec, problem, raw)

    def _spec(self, folder: str, meta: Mapping[str, Any]) -> ContextSpec:
        metadata, docker = _table(meta, "Metadata"), _table(_table(meta, "Endpoints"), "docker")
        files = self._tls_folder(folder)
        paths = {field: str(files / name) for field, name in TLS_NAMES.items() if os.path.lexists(files / name)}
        return ContextSpec(
            _text(meta, "Name"),
            _text(metadata, "Description"),
            _text(docker, "Host"),
            skip_tls_verify=docker.get("SkipTLSVerify") is True,
            **paths,
        )

    def _tls_folder(self, folder: str) -> Path:
        return self._tls / folder / "docker"

    # writing

    def create(self, spec: ContextSpec) -> None:
        """Write a new context, its TLS files first, so that nobody meets half of it.

        Raises:
            ContextError: the name is none or taken, a TLS file can't be used, or the store can't be written.
        """
        if wrong := check_name(spec.name):
            raise ContextError(f"the name {spec.name[:40]!r}: {wrong}", field="name")
        material = read_material(spec)
        meta = {
            "Name": spec.name,
            "Metadata": {"Description": spec.description} if spec.description else {},
            "Endpoints": {"docker": {"Host": spec.host, "SkipTLSVerify": spec.skip_tls_verify}},
        }
        with _one_writer(self.folder):
            if self.find(spec.name) is not None:
                raise ContextError(f"context {spec.name} already exists", "choose another name, or edit it", "name")
            self._write(folder_of(spec.name), meta, material)

    def update(self, before: StoredContext, spec: ContextSpec) -> None:
        """Change a context to what `spec` says; `before` is how it was when the change was begun.

        Raises:
            ContextError: it changed meanwhile, a TLS file can't be used, or the store can't be written.
        """
        was = before.spec
        same_tls = (spec.ca, spec.cert, spec.key) == (was.ca, was.cert, was.key)
        material = None if same_tls else read_material(spec)
        with _one_writer(self.folder):
            now = self._read(before.folder)
            if now is None or now.raw != before.raw:
                raise ContextError(f"context {before.name} was changed meanwhile by another program", "open it again")
            meta = _parse(now.raw)
            metadata, endpoints = _table(meta, "Metadata"), _table(meta, "Endpoints")
            docker = _table(endpoints, "docker")
            metadata.pop("Description", None)
            if spec.description:
                metadata["Description"] = spec.description
            docker.update(Host=spec.host, SkipTLSVerify=spec.skip_tls_verify)
            meta.update(Metadata=metadata, Endpoints=endpoints | {"docker": docker})
            self._write(before.folder, meta, material)

    def remove(self, contexts: Sequence[StoredContext]) -> None:
        """Remove contexts with their TLS files; docker's current one gives way to the default one.

        Raises:
            ContextError: one of them can't be removed; says which. Those before it are gone.
        """
        with _one_writer(self.folder):
            for stored in contexts:
                if self._is_current(stored):
                    set_current_context(self.folder, DEFAULT)
                try:
                    _remove_tree(self._meta / stored.folder)
                    _remove_tree(self._tls / stored.folder)
                except OSError as error:
                    raise ContextError(f"context {stored.name}: {error.filename}: {error.strerror or error}") from None

    def _is_current(self, stored: StoredContext) -> bool:
        """Whether config.json names it; one that is broken names none, and is left as it is."""
        try:
            return self.current() == stored.spec.name
        except ContextError:
            return False

    def use(self, name: str) -> None:
        """Make a context docker's current one.

        Raises:
            ContextError: there is no such context, or config.json can't be changed.
        """
        if name != DEFAULT and self.find(name) is None:
            raise ContextError(f"there is no context {name} any more")
        set_current_context(self.folder, name)

    def _write(self, folder: str, meta: Mapping[str, Any], material: Mapping[str, bytes] | None) -> None:
        """Put TLS files (None: those that are there) and meta.json in place; what fails leaves both as they were."""
        path = self._meta / folder / "meta.json"
        made = not path.parent.exists()
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        content = json.dumps(meta, separators=(",", ":")).encode()
        try:
            if material is None or not (material or os.path.lexists(self._tls_folder(folder))):
                replace_file(path, content, mode=0o644)
                return
            with _exchanged(self._tls_folder(folder), material):
                replace_file(path, content, mode=0o644)
        except BaseException:
            if made:
                with suppress(OSError):
                    path.parent.rmdir()
            raise


@contextmanager
def _one_writer(folder: Path) -> Generator[None]:
    """Let one process at a time write the store below `folder`; what the system refuses is a ContextError."""
    try:
        # private, as docker login makes it: credentials come to lie beside the contexts
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        contexts = folder / "contexts"
        contexts.mkdir(mode=0o755, exist_ok=True)
        with one_writer(contexts):
            yield
    except OSError as error:
        words = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        raise ContextError(words, f"the contexts belong in {folder}") from None


@contextmanager
def _exchanged(folder: Path, material: Mapping[str, bytes]) -> Generator[None]:
    """Put TLS files in the place of those in `folder`, and the old ones back if what is done meanwhile fails.

    The new ones are made beside the store's folders, under a name that docker does not look at.
    """
    root = folder.parent.parent
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".hythe-", dir=root))
    new, old = stage / "new", stage / "old"
    try:
        new.mkdir(mode=0o700)
        for name, data in material.items():
            _write_private(new / name, data)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        if os.path.lexists(folder):
            folder.rename(old)
        try:
            if material:
                new.rename(folder)
            yield
        except BaseException:
            if folder.exists():
                folder.rename(stage / "refused")
            if os.path.lexists(old):
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()  # where it is empty


def folder_of(name: str) -> str:
    """Return the name of a context's folder in the store."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _write_private(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)


def _remove_tree(path: Path) -> None:
    """Remove a folder and all in it; a symbolic link goes alone, and what it points to stays."""
    if path.is_symlink():
        path.unlink()
        return
    with suppress(FileNotFoundError):
        shutil.rmtree(path)


def _parse(raw: bytes) -> dict[str, Any]:
    content: object = json.loads(raw.decode())
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    return cast("dict[str, Any]", content)


def _table(above: Mapping[str, Any], key: str) -> dict[str, Any]:
    value: object = above.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{key} is not an object")
    return cast("dict[str, Any]", value)


def _text(above: Mapping[str, Any], key: str) -> str:
    value: object = above.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{key} is not a text")
    value.encode()  # half of a surrogate pair is a ValueError too
    return value
