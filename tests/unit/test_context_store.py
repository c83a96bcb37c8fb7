"""Docker's context store: written whole or not at all, with nothing lost that others put there."""

import errno
import fcntl
import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tui.engine import safe_files
from tui.engine.context_store import ContextStore, StoredContext, folder_of
from tui.engine.errors import ContextError
from tui.model.context_spec import ContextSpec

TLS = Path(__file__).with_name("data") / "tls"
CA, CERT, KEY = (str(TLS / name) for name in ("ca.pem", "cert.pem", "key.pem"))
SPEC = ContextSpec("prod", "the big one", "tcp://h:2376", CA, CERT, KEY)


@pytest.fixture
def store(tmp_path: Path) -> ContextStore:
    return ContextStore(tmp_path / "docker")


def meta_path(store: ContextStore, name: str) -> Path:
    return store.folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"


def tls_folder(store: ContextStore, name: str) -> Path:
    return store.folder / "contexts/tls" / hashlib.sha256(name.encode()).hexdigest() / "docker"


def put(store: ContextStore, name: str, content: str | bytes) -> Path:
    """Write a meta.json as some other program might."""
    path = meta_path(store, name)
    path.parent.mkdir(parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def found(store: ContextStore, name: str) -> StoredContext:
    stored = store.find(name)
    assert stored is not None
    return stored


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_context_is_what_the_docker_cli_writes(store: ContextStore) -> None:
    store.create(SPEC)
    assert json.loads(meta_path(store, "prod").read_bytes()) == {
        "Name": "prod",
        "Metadata": {"Description": "the big one"},
        "Endpoints": {"docker": {"Host": "tcp://h:2376", "SkipTLSVerify": False}},
    }
    files = tls_folder(store, "prod")
    assert {path.name: path.read_bytes() for path in files.iterdir()} == {
        name: (TLS / name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem")
    }
    sha = files.parent.name
    assert modes(store.folder / "contexts") == {
        "meta": 0o755,
        f"meta/{sha}": 0o755,
        f"meta/{sha}/meta.json": 0o644,
        "tls": 0o700,
        f"tls/{sha}": 0o700,
        f"tls/{sha}/docker": 0o700,
        **{f"tls/{sha}/docker/{name}": 0o600 for name in ("ca.pem", "cert.pem", "key.pem")},
    }
    stored = found(store, "prod")
    paths = {field: str(files / f"{field}.pem") for field in ("ca", "cert", "key")}
    assert stored.spec == msgspec.structs.replace(SPEC, **paths)
    assert (stored.problem, stored.has_tls, stored.folder) == ("", True, sha)
    assert store.contexts() == [stored]


def test_a_plain_one_has_no_tls_folder(store: ContextStore) -> None:
    store.create(ContextSpec("plain", host="unix:///x"))
    assert not tls_folder(store, "plain").parent.exists()
    assert json.loads(meta_path(store, "plain").read_bytes())["Metadata"] == {}
    assert not found(store, "plain").has_tls


def test_names_are_taken_once_and_checked(store: ContextStore) -> None:
    store.create(SPEC)
    before = everything(store.folder)
    for name, words in (("prod", "already exists"), ("../x", "two or more"), ("default", "keeps this name")):
        with pytest.raises(ContextError, match=words) as caught:
            store.create(ContextSpec(name, host="unix:///x"))
        assert caught.value.field == "name"
    assert everything(store.folder) == before


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"key": ""}, "key", "needs the private key"),
        ({"cert": ""}, "cert", "needs the client certificate"),
        ({"ca": "/nowhere/ca.pem"}, "ca", "No such file"),
        ({"ca": str(TLS)}, "ca", "Is a directory"),
        ({"ca": "/dev/zero"}, "ca", "not a regular file"),
        ({"ca": "a\0b"}, "ca", "null"),
        ({"ca": KEY}, "ca", "it holds a private key"),
        ({"ca": str(TLS.parent / "version_28.json")}, "ca", "no certificate is in it"),
        ({"cert": KEY, "key": KEY}, "cert", "it holds a private key"),
        ({"key": CERT}, "key", "no private key is in it"),
        ({"key": str(TLS / "other-key.pem")}, "key", "not the key of this certificate"),
        ({"key": str(TLS / "locked-key.pem")}, "key", "locked by a passphrase"),
        ({"host": "unix:///x"}, "ca", "TLS files are for tcp://"),
        ({"host": "ssh://h"}, "ca", "ssh:// has no use for them"),
    ],
)
def test_tls_files_are_checked_and_nothing_is_written(
    store: ContextStore, change: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(ContextError, match=words) as caught:
        store.create(msgspec.structs.replace(SPEC, **change))
    assert caught.value.field == field
    assert not store.folder.exists()


def test_garbage_in_a_tls_file_is_named(store: ContextStore, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    with pytest.raises(ContextError, match="no certificate that can be read") as caught:
        store.create(msgspec.structs.replace(SPEC, ca=str(bad)))
    assert caught.value.field == "ca"
    bad.write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    with pytest.raises(ContextError, match="no key that can be read") as caught:
        store.create(msgspec.structs.replace(SPEC, key=str(bad)))
    assert caught.value.field == "key"
    bad.write_bytes(b"x" * 1_000_001)
    with pytest.raises(ContextError, match="larger than"):
        store.create(msgspec.structs.replace(SPEC, ca=str(bad)))


def test_an_edit_keeps_what_others_put_there(store: ContextStore) -> None:
    meta = {
        "Name": "prod",
        "Metadata": {"Description": "old", "Orchestrator": ["x"]},
        "Endpoints": {"docker": {"Host": "tcp://a", "Extra": 1}, "kubernetes": {"Host": "k"}},
        "More": {"é": None},
    }
    path = put(store, "prod", json.dumps(meta))
    path.chmod(0o600)
    before = found(store, "prod")
    store.update(before, ContextSpec("prod", "", "tcp://b", skip_tls_verify=True))
    del meta["Metadata"]["Description"]  # pyright: ignore[reportArgumentType] the literal's type is a union
    meta["Endpoints"]["docker"] = {"Host": "tcp://b", "Extra": 1, "SkipTLSVerify": True}  # pyright: ignore[reportArgumentType]
    assert json.loads(path.read_bytes()) == meta
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_edit_may_change_keep_and_drop_the_tls_files(store: ContextStore) -> None:
    store.create(SPEC)
    first = found(store, "prod")
    files = tls_folder(store, "prod")
    inode = files.stat().st_ino
    store.update(first, msgspec.structs.replace(first.spec, description="kept"))
    assert files.stat().st_ino == inode
    second = found(store, "prod")
    store.update(second, msgspec.structs.replace(second.spec, cert="", key=""))
    assert [path.name for path in files.iterdir()] == ["ca.pem"]
    third = found(store, "prod")
    store.update(third, msgspec.structs.replace(third.spec, cert=CERT, key=KEY))
    assert sorted(path.name for path in files.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]
    fourth = found(store, "prod")
    store.update(fourth, msgspec.structs.replace(fourth.spec, host="unix:///x", ca="", cert="", key=""))
    assert not list((store.folder / "contexts/tls").iterdir())


def test_an_edit_of_what_another_program_changed_is_refused(store: ContextStore) -> None:
    store.create(SPEC)
    before = found(store, "prod")
    store.update(before, msgspec.structs.replace(before.spec, description="theirs"))
    kept = everything(store.folder)
    with pytest.raises(ContextError, match="changed meanwhile"):
        store.update(before, msgspec.structs.replace(before.spec, description="ours", ca=CA))
    assert everything(store.folder) == kept
    store.remove([found(store, "prod")])
    with pytest.raises(ContextError, match="changed meanwhile"):
        store.update(before, before.spec)
    assert store.contexts() == []


def test_a_context_without_an_endpoint_can_be_given_one(store: ContextStore) -> None:
    put(store, "odd", '{"Name": "odd", "Endpoints": {"kubernetes": {}}}')
    stored = found(store, "odd")
    assert "no docker endpoint" in stored.problem
    store.update(stored, ContextSpec("odd", host="unix:///x"))
    assert found(store, "odd").problem == ""


def test_what_fails_half_way_leaves_everything_as_it_was(store: ContextStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create(SPEC)
    before, kept = found(store, "prod"), everything(store.folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "meta.json")

    def nothing_was_done() -> None:
        acts: list[Callable[[], None]] = [
            lambda: store.create(msgspec.structs.replace(SPEC, name="other")),
            lambda: store.update(before, msgspec.structs.replace(before.spec, ca=CA, cert="", key="")),
        ]
        for act in acts:
            with pytest.raises(ContextError, match="No space left"):
                act()
            assert everything(store.folder) == kept
            for place in ("tls", "meta"):
                assert [path.name for path in (store.folder / "contexts" / place).iterdir()] == [folder_of("prod")]

    with monkeypatch.context() as patch:
        patch.setattr("tui.engine.context_store.replace_file", full)
        nothing_was_done()
    real = Path.rename
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda path, to: full() if path.name == "new" else real(path, to))
        nothing_was_done()
    with monkeypatch.context() as patch:
        patch.setattr("tui.engine.context_store._write_private", full)
        nothing_was_done()


def test_removal_takes_the_tls_files_along_and_gives_up_the_current_one(store: ContextStore) -> None:
    store.create(SPEC)
    store.create(ContextSpec("other", host="unix:///x"))
    (store.folder / "config.json").write_text('{"auths": {}, "currentContext": "prod"}')
    store.remove([found(store, "prod")])
    assert [stored.name for stored in store.contexts()] == ["other"]
    assert not list((store.folder / "contexts/tls").iterdir())
    assert (store.folder / "config.json").read_text() == '{"auths": {}}'


def test_removal_follows_no_link(store: ContextStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "docker").mkdir(parents=True)
    (outside / "docker/ca.pem").write_text("theirs")
    store.create(ContextSpec("prod", host="tcp://h"))
    link = tls_folder(store, "prod").parent
    link.parent.mkdir()
    link.symlink_to(outside)
    store.remove([found(store, "prod")])
    assert not link.is_symlink()
    assert (outside / "docker/ca.pem").read_text() == "theirs"


def test_removal_goes_on_where_config_json_is_broken_and_leaves_it(store: ContextStore) -> None:
    store.create(SPEC)
    (store.folder / "config.json").write_text("{")
    store.remove([found(store, "prod")])
    assert store.contexts() == []
    assert (store.folder / "config.json").read_text() == "{"


def test_use(store: ContextStore) -> None:
    store.create(SPEC)
    assert store.current() == "default"
    store.use("prod")
    assert store.current() == "prod"
    with pytest.raises(ContextError, match="no context gone any more"):
        store.use("gone")
    store.use("default")
    assert store.current() == "default"


BROKEN: list[tuple[str | bytes, str]] = [
    ("{", "Expecting"),
    ("[]", "not a JSON object"),
    (b"\xff", "utf-8"),
    ('{"Name": 3}', "Name is not a text"),
    ('{"Name": "bad", "Metadata": []}', "Metadata is not an object"),
    ('{"Name": "bad", "Endpoints": {"docker": "x"}}', "docker is not an object"),
    ('{"Name": "bad", "Endpoints": {"docker": {"Host": 1}}}', "Host is not a text"),
    ('{"x": ' + "[" * 100_000, "nested too deeply"),
    ('{"Name": "\\ud800"}', "surrogates"),
    ('{"Name": "../../etc", "Endpoints": {"docker": {"Host": "unix:///x"}}}', "folder is that of another name"),
    ('{"Name": "a\\u001b[31m", "Endpoints": {"docker": {"Host": "unix:///x"}}}', "folder is that of another name"),
    (b"x" * 1_000_001, "larger than"),
]


@pytest.mark.parametrize(("content", "words"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_context_is_listed_with_the_reason_and_can_be_removed(
    store: ContextStore, content: str | bytes, words: str
) -> None:
    store.create(ContextSpec("good", host="unix:///g"))
    path = put(store, "bad", content)
    bad = next(stored for stored in store.contexts() if stored.name != "good")
    assert words in bad.problem
    assert str(path) in bad.problem
    assert found(store, "good").problem == ""
    store.remove([bad])
    assert [stored.name for stored in store.contexts()] == ["good"]


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(store: ContextStore) -> None:
    path = meta_path(store, "pipe")
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    (stored,) = store.contexts()
    assert "not a regular file" in stored.problem


def test_strays_are_no_contexts(store: ContextStore) -> None:
    store.create(SPEC)
    meta = store.folder / "contexts/meta"
    (meta / "empty").mkdir()
    (meta / "file").write_text("x")
    assert [stored.name for stored in store.contexts()] == ["prod"]


def test_a_long_name_that_is_there_already_is_read(store: ContextStore) -> None:
    name = "x" * 10_000
    put(store, name, json.dumps({"Name": name, "Endpoints": {"docker": {"Host": "unix:///x"}}}))
    assert found(store, name).problem == ""


@pytest.fixture
def common_user(short_tmp: Path) -> Iterator[Path]:
    """A folder of this user, without root's right to write anywhere."""
    if os.geteuid():
        yield short_tmp
        return
    os.chown(short_tmp, 65534, 65534)
    os.seteuid(65534)
    yield short_tmp
    os.seteuid(0)


def test_a_folder_that_cannot_be_written_or_read(common_user: Path) -> None:
    store = ContextStore(common_user / "docker")
    store.create(ContextSpec("plain", host="unix:///x"))
    kept = everything(store.folder)
    meta = store.folder / "contexts/meta"
    meta.chmod(0o500)
    with pytest.raises(ContextError, match=r"contexts/meta/.*: Permission denied") as caught:
        store.create(ContextSpec("other", host="unix:///x"))
    assert str(store.folder) in caught.value.hint
    store.folder.chmod(0o500)
    with pytest.raises(ContextError, match="Permission denied"):
        store.use("plain")
    path = meta_path(store, "plain")
    path.chmod(0)
    (stored,) = store.contexts()
    assert stored.problem == f"{path}: Permission denied"
    meta.chmod(0)
    with pytest.raises(ContextError, match="contexts/meta: Permission denied"):
        store.contexts()
    for folder in (store.folder, meta):
        folder.chmod(0o700)
    path.chmod(0o600)
    assert everything(store.folder) == kept


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = ContextStore(tmp_path / "file" / "docker")
    with pytest.raises(ContextError, match="Not a directory"):
        store.create(SPEC)
    with pytest.raises(ContextError, match="Not a directory"):
        store.use("default")


def test_the_stamp_changes_with_each_change(store: ContextStore) -> None:
    seen = [store.stamp()]

    def after(act: Callable[[], object]) -> None:
        act()
        seen.append(store.stamp())
        assert seen[-1] != seen[-2]
        assert store.stamp() == seen[-1]

    after(lambda: store.create(SPEC))
    after(lambda: store.use("prod"))
    after(lambda: store.update(found(store, "prod"), msgspec.structs.replace(found(store, "prod").spec, ca="")))
    after(lambda: store.remove([found(store, "prod")]))


def test_of_many_who_create_the_same_name_one_wins(store: ContextStore) -> None:
    results: list[str] = []
    refused: list[str] = []
    ready = threading.Barrier(8)

    def create(number: int) -> None:
        ready.wait()
        try:
            store.create(msgspec.structs.replace(SPEC, description=str(number)))
            results.append(str(number))
        except ContextError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [found(store, "prod").spec.description]
    assert refused == ["context prod already exists"] * 7
    assert sorted(path.name for path in (store.folder / "contexts/tls").iterdir()) == [folder_of("prod")]


def test_one_who_holds_the_lock_for_ever_is_told(store: ContextStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create(SPEC)
    monkeypatch.setattr(safe_files, "LOCK_SECONDS", 0.0)
    handle = os.open(store.folder / "contexts", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ContextError, match="another program is writing here"):
            store.create(msgspec.structs.replace(SPEC, name="other"))
    finally:
        os.close(handle)
    store.create(msgspec.structs.replace(SPEC, name="other"))


def test_a_file_system_without_locks_is_written_all_the_same(
    store: ContextStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    store.create(SPEC)
    assert found(store, "prod").problem == ""
