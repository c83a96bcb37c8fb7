"""What a container wrote and how much it weighs, from the folder of its layer and from the daemon: the same."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from shlex import quote

import pytest

from engines import RealEngine
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import NotFound
from tui.engine.written import ask, upper_folder, walk, written
from tui.model.run_body import create_request
from tui.model.run_line import parse_run_line
from tui.present.changes import ChangeTree

SCRIPT = (
    "mkdir -p '/srv/a b' && printf 12345 >'/srv/a b/five' && printf 123 >/srv/three && ln -s /etc /srv/link && "
    "mkfifo /srv/pipe && rm /bin/false && echo more >>/etc/more && echo ready && sleep 100"
)
FILES = {"/srv/a b/five": 5, "/srv/three": 3, "/etc/more": 5}


@pytest.fixture
async def engine(real_engine: RealEngine) -> AsyncIterator[Engine]:
    engine = Engine(Endpoint(f"unix://{real_engine.socket}", "test"))
    await engine.connect()
    yield engine
    await engine.close()


@pytest.fixture
async def container(engine: Engine) -> AsyncIterator[str]:
    spec = parse_run_line(f"docker run -d --name written-{secrets.token_hex(3)} busybox sh -c {quote(SCRIPT)}").spec
    assert spec is not None
    created = await engine.containers.create(create_request(spec).body, name=spec.one("name"))
    await engine.containers.start(created.id)
    async with asyncio.timeout(30), aclosing(engine.containers.logs(created.id, tty=False, follow=True)) as log:
        while not await anext(log):
            pass  # what comes first tells only that the daemon answers
    yield created.id
    await engine.containers.remove(created.id, force=True)


async def test_the_sizes_are_those_of_the_files(engine: Engine, container: str) -> None:
    tree = ChangeTree([(change.path, change.kind) for change in await engine.containers.changes(container)])
    found = await written(engine, container, tree.files())
    assert found.complete
    assert {path: found.sizes[path] for path in FILES} == FILES
    assert "/srv/link" not in found.sizes
    assert found.total is not None
    assert found.total >= sum(FILES.values())


async def test_the_folder_and_the_daemon_say_the_same(engine: Engine, container: str) -> None:
    paths = [*FILES, "/srv/link", "/srv/pipe", "/srv", "/gone"]
    assert await ask(engine.files, container, paths) == FILES
    folder = upper_folder(engine.endpoint, await engine.containers.inspect(container))
    if folder is None:
        pytest.skip("this driver keeps no folder that can be read here")
    walked = walk(folder, threading.Event())
    assert walked is not None
    assert {path: walked.get(path) for path in FILES} == FILES


async def test_what_is_not_there_is_said(engine: Engine, container: str) -> None:
    with pytest.raises(NotFound):
        await engine.files.stat(container, "/gone")
    assert (await engine.files.stat(container, "/srv")).is_file is False


def test_a_walk_follows_no_link_and_ends_when_told(tmp_path: Path) -> None:
    (tmp_path / "upper").mkdir()
    (tmp_path / "secret").write_text("not in the container")
    (tmp_path / "upper/out").symlink_to(tmp_path)
    (tmp_path / "upper/file").symlink_to(tmp_path / "secret")
    (tmp_path / "upper/own").write_text("own")
    assert walk(tmp_path / "upper", threading.Event()) == {"/own": 3}
    stopped = threading.Event()
    stopped.set()
    assert walk(tmp_path / "upper", stopped) is None
    assert upper_folder(Endpoint("tcp://x:1", "x"), {"GraphDriver": {"Data": {"UpperDir": str(tmp_path)}}}) is None
    assert upper_folder(Endpoint("unix:///x", "x"), {"GraphDriver": {"Data": {"UpperDir": "/no/where"}}}) is None
    assert upper_folder(Endpoint("unix:///x", "x"), {"GraphDriver": None}) is None
