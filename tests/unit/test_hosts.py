"""Which hosts there are: docker's contexts, the settings' own, the sockets that are found; and how the list lives."""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tui.engine.context_store import ContextStore, folder_of
from tui.engine.endpoint import Endpoint
from tui.engine.hosts import Found, Listing, Named, aliases, find_hosts
from tui.model.context_spec import ContextSpec
from tui.model.hosts import Host, Probe
from tui.store.hosts import HostBook

TLS = Path(__file__).with_name("data") / "tls"
CA, CERT, KEY = (str(TLS / name) for name in ("ca.pem", "cert.pem", "key.pem"))


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment of its own, on a machine where nothing listens at the usual places."""
    monkeypatch.setattr("tui.engine.hosts.well_known", lambda _env: [])
    return {"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "docker")}


@pytest.fixture
def listening(short_tmp: Path) -> Iterator[str]:
    """The path of a socket that something listens on."""
    path = str(short_tmp / "d.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        yield path


def by_name(listing: Listing) -> dict[str, Found]:
    return {found.host.name: found for found in listing.found}


def test_the_default_context_is_always_there(env: dict[str, str]) -> None:
    (found,) = find_hosts(env).found
    assert found.host == Host(
        "default", "default", "default", "unix:///var/run/docker.sock", "docker's default socket", link="local",
        current=True,
    )  # fmt: skip
    (found,) = find_hosts(env | {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1"}).found
    assert (found.host.url, found.host.source, found.host.link) == ("tcp://h:1", "DOCKER_HOST", "TLS")
    (found,) = find_hosts(env | {"DOCKER_HOST": "nonsense://"}).found
    assert (found.endpoint, found.host.url) == (None, "nonsense://")
    assert "nonsense:// is not supported" in found.host.problem


def test_contexts_with_what_is_known_of_them(env: dict[str, str]) -> None:
    store = ContextStore.of(env)
    store.create(ContextSpec("plain", "words", "tcp://h:2375"))
    store.create(ContextSpec("secure", "", "tcp://h:2376", CA, CERT, KEY))
    store.create(ContextSpec("blind", "", "tcp://i:2376", skip_tls_verify=True))
    store.create(ContextSpec("local", "", "unix:///x"))
    store.use("plain")
    found = by_name(find_hosts(env))
    assert list(found) == ["default", "blind", "local", "plain", "secure"]
    assert {name: each.host.link for name, each in found.items()} == {
        "default": "local", "blind": "TLS unverified", "local": "local", "plain": "plain", "secure": "TLS",
    }  # fmt: skip
    assert [name for name, each in found.items() if each.host.current] == ["plain"]
    assert (found["plain"].host.description, found["plain"].host.url) == ("words", "tcp://h:2375")
    assert found["plain"].endpoint is not None
    assert "not verified" in found["blind"].host.warning
    assert not any(each.host.problem for each in found.values())


def test_docker_host_and_docker_context_decide_what_is_current(env: dict[str, str]) -> None:
    ContextStore.of(env).create(ContextSpec("plain", "", "tcp://h:2375"))

    def current(**more: str) -> list[str]:
        return [each.host.name for each in find_hosts(env | more).found if each.host.current]

    assert current() == ["default"]
    assert current(DOCKER_CONTEXT="plain") == ["plain"]
    assert current(DOCKER_CONTEXT="plain", DOCKER_HOST="tcp://x:1") == ["default"]


def test_half_of_the_tls_files_is_told(env: dict[str, str]) -> None:
    store = ContextStore.of(env)
    store.create(ContextSpec("secure", "", "tcp://h:2376", CA, CERT, KEY))
    stored = store.find("secure")
    assert stored is not None
    assert by_name(find_hosts(env))["secure"].host.warning == ""
    Path(stored.spec.key).chmod(0o640)
    assert f"chmod 600 {stored.spec.key}" in by_name(find_hosts(env))["secure"].host.warning
    Path(stored.spec.key).unlink()
    assert "no key.pem" in by_name(find_hosts(env))["secure"].host.warning
    Path(stored.spec.ca).unlink()
    Path(stored.spec.cert).rename(stored.spec.key)
    assert "no cert.pem" in by_name(find_hosts(env))["secure"].host.warning


def test_what_cannot_be_used_is_there_with_the_reason(env: dict[str, str]) -> None:
    store = ContextStore.of(env)
    store.create(ContextSpec("good", "", "tcp://h:1"))
    bad = Path(env["DOCKER_CONFIG"]) / "contexts/meta/00/meta.json"
    bad.parent.mkdir()
    bad.write_text("{")
    (Path(env["DOCKER_CONFIG"]) / "config.json").write_text('{"currentContext": "gone"}')
    listing = find_hosts(env, [Named("web", "tcp://:1", "settings"), Named("db", "tcp://db", "--host")])
    found = by_name(listing)
    assert listing.problem == ""
    assert list(found) == ["default", "00", "good", "gone", "web", "db"]
    assert str(bad) in found["00"].host.problem
    assert (found["gone"].host.kind, found["gone"].host.current) == ("missing", True)
    assert "config.json names it as the current one" in found["gone"].host.problem.replace(
        "current context", "current one"
    )
    assert "names no host" in found["web"].host.problem
    db = found["db"].host
    assert (db.url, db.kind, db.source) == ("tcp://db:2375", "named", "--host")
    assert [name for name, each in found.items() if each.endpoint is None] == ["00", "gone", "web"]


def test_a_broken_config_json_is_told_and_keeps_no_host_away(env: dict[str, str]) -> None:
    ContextStore.of(env).create(ContextSpec("good", "", "tcp://h:1"))
    (Path(env["DOCKER_CONFIG"]) / "config.json").write_text("{")
    listing = find_hosts(env)
    assert list(by_name(listing)) == ["default", "good"]
    assert "config.json" in listing.problem
    assert "repair" in listing.problem
    meta = Path(env["DOCKER_CONFIG"]) / "contexts/meta"
    meta.rename(meta.with_name("aside"))
    meta.write_text("no folder")
    listing = find_hosts(env)
    assert list(by_name(listing)) == ["default"]
    assert "Not a directory" in listing.problem


def test_sockets_that_are_found_and_not_told_already(
    env: dict[str, str], listening: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    known = [
        Endpoint(f"unix://{listening}", "rootless Docker"),
        Endpoint(f"unix://{tmp_path}/file", "Colima"),
        Endpoint(f"unix://{tmp_path}/none", "Podman"),
    ]
    monkeypatch.setattr("tui.engine.hosts.well_known", lambda _env: known)
    found = by_name(find_hosts(env))
    assert list(found) == ["default", "rootless Docker"]
    assert found["rootless Docker"].endpoint == known[0]
    ContextStore.of(env).create(ContextSpec("mine", "", f"unix://{listening}"))
    assert list(by_name(find_hosts(env))) == ["default", "mine"]
    assert aliases(f"unix://{listening}", env) == ["mine"]
    assert aliases("unix:///other", env) == []


class Scene:
    """A book of hosts whose probes are answered by hand."""

    def __init__(self, env: Mapping[str, str], *named: Named) -> None:
        self.changes = 0
        self.asked: list[str] = []
        self.gates: dict[str, asyncio.Future[Probe]] = {}
        self.stirred = asyncio.Event()
        self.book = HostBook(env, named, self._changed, prober=self._ask)

    def _changed(self) -> None:
        self.changes += 1
        self.stirred.set()

    async def _ask(self, endpoint: Endpoint) -> Probe:
        self.asked.append(endpoint.url)
        gate = self.gates[endpoint.url] = asyncio.get_running_loop().create_future()
        self.stirred.set()
        return await gate

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            await self.stirred.wait()
            self.stirred.clear()

    async def answer(self, url: str, result: Probe) -> None:
        """Let a probe end, and wait until the book has it."""
        await self._until(lambda: url in self.gates)
        self.gates.pop(url).set_result(result)
        await self._until(lambda: result in self.book.probes.values())


async def test_the_book_asks_what_it_is_told_to(env: dict[str, str]) -> None:
    store = ContextStore.of(env)
    store.create(ContextSpec("one", "", "tcp://one:1"))
    store.create(ContextSpec("two", "", "tcp://two:1"))
    scene = Scene(env, Named("web", "tcp://:1", "settings"))
    new = await scene.book.reload()
    assert new == frozenset(scene.book.found)
    assert scene.book.probes["named:web"].state == "unusable"
    assert scene.asked == []
    scene.book.probe()
    assert len(scene.book.probing) == 3
    await scene.answer("tcp://one:1", Probe("answers", "28"))
    key = next(key for key, each in scene.book.found.items() if each.host.name == "one")
    assert scene.book.probes[key].engine == "28"
    assert key not in scene.book.probing
    asked = asyncio.create_task(scene.book.ask(key))
    await scene.answer("tcp://one:1", Probe("refused"))
    assert (await asked, scene.book.probes[key].state) == (Probe("refused"), "refused")
    await scene.book.close()
    assert not scene.book.probing


async def test_the_book_follows_what_others_do_to_the_store(env: dict[str, str]) -> None:
    store = ContextStore.of(env)
    store.create(ContextSpec("one", "", "tcp://one:1"))
    scene = Scene(env)
    await scene.book.reload()
    assert await scene.book.reload_if_changed() == frozenset()
    before = scene.changes
    assert await scene.book.reload_if_changed() == frozenset()
    assert scene.changes == before
    one = next(key for key, each in scene.book.found.items() if each.host.name == "one")
    scene.book.probe([one])
    await scene.answer("tcp://one:1", Probe("answers"))
    # described anew: the probe still holds; moved: it does not
    stored = store.find("one")
    assert stored is not None
    store.update(stored, ContextSpec("one", "words", "tcp://one:1"))
    assert await scene.book.reload_if_changed() == frozenset()
    assert scene.book.found[one].host.description == "words"
    assert scene.book.probes[one].state == "answers"
    stored = store.find("one")
    assert stored is not None
    store.update(stored, ContextSpec("one", "words", "tcp://elsewhere:1"))
    assert await scene.book.reload_if_changed() == {one}
    assert one not in scene.book.probes
    store.use("one")
    await scene.book.reload_if_changed()
    assert scene.book.found[one].host.current
    store.remove([stored])
    await scene.book.reload_if_changed()
    assert list(scene.book.found) == ["default"]
    await scene.book.close()


def test_strange_names_change_no_path(env: dict[str, str]) -> None:
    for name in ("../../../etc", "a/b", "\x1b[31mred", "x" * 10_000, "[/]", "\ud800"):
        path = Path(env["DOCKER_CONFIG"]) / "contexts/meta" / folder_of(name) / "meta.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": "unix:///x"}}}))
    found = find_hosts(env).found
    assert len(found) == 7
    assert all(os.sep not in (each.stored.folder if each.stored else "") for each in found)
