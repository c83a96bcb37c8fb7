"""What happened to containers is known to the next run, of every engine; what is wrong with the files is said once."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tui.commands.history import History
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.jobs.story_book import StoryBook


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 what comes from a daemon
            await asyncio.sleep(0.02)


@asynccontextmanager
async def run(socket: str, folder: Path) -> AsyncIterator[Session]:
    """A session as of a run of hythe, live, with what it remembers filled in."""
    session = Session(Engine(Endpoint(f"unix://{socket}", "test")), History(), book=StoryBook(folder))
    session.start()
    try:
        await until(lambda: session.state.condition.is_live)
        yield session
    finally:
        await session.close()


async def test_the_next_run_knows_what_this_one_sent(engine_socket: str, tmp_path: Path) -> None:
    folder, name = tmp_path / "stories", f"stories-{secrets.token_hex(4)}"
    async with run(engine_socket, folder) as first:
        engine = first.engine
        made = await engine.containers.create({"Image": "busybox:latest", "Cmd": ["sleep", "600"]}, name=name)
        await engine.containers.start(made.id)
        entry = first.history.begin(f"docker kill {name}", first.name)
        await engine.containers.kill(made.id)
        entry.close("ok")
        await until(lambda: {"kill", "die"} <= {each.verb for each in first.happenings.of(made.id)})
        told = first.happenings.of(made.id)
        assert first.stories.limits == ""
        # the stories of containers that are known to be there are kept
        await until(lambda: first.stories.is_known and made.id in first.state.containers)
    async with run(engine_socket, folder) as second:
        await until(lambda: set(told) <= set(second.happenings.of(made.id)))
        assert "did not run" in second.stories.limits
        kill = next(each for each in second.happenings.of(made.id) if each.verb == "kill")
        assert kill.by == f"docker kill {name}"
        verbs = [each.same for each in second.happenings.of(made.id)]
        assert len(verbs) == len(set(verbs)), "what the daemon tells again is not told twice"
        await second.engine.containers.remove(made.id, force=True)


async def test_damaged_files_are_told_once_and_begun_afresh(engine_socket: str, tmp_path: Path) -> None:
    folder = tmp_path / "stories"
    async with run(engine_socket, folder) as first:
        await until(lambda: first.stories.is_known)
        made = await first.engine.containers.create({"Image": "busybox:latest"}, name=f"s-{secrets.token_hex(4)}")
        await until(lambda: bool(first.happenings.of(made.id)) and made.id in first.state.containers)
    for path in folder.iterdir():
        path.write_bytes(b"{")
    async with run(engine_socket, folder) as second:
        await until(lambda: second.stories.is_known)
        assert "afresh" in second.stories.take_problem()
        assert second.stories.take_problem() == ""
        await until(lambda: made.id in second.state.containers)
        await second.engine.containers.remove(made.id, force=True)


async def test_a_folder_that_can_not_be_written_is_told_and_nothing_else_changes(
    engine_socket: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    async with run(engine_socket, tmp_path / "file" / "stories") as session:
        await until(lambda: session.stories.is_known)
        made = await session.engine.containers.create({"Image": "busybox:latest"}, name=f"s-{secrets.token_hex(4)}")
        await until(lambda: bool(session.happenings.of(made.id)) and made.id in session.state.containers)
        await session.stories.keep(session.state)
        assert "not remembered" in session.stories.take_problem() or "can't be read" in session.stories.take_problem()
        assert session.stories.take_problem() == ""
        assert session.state.condition.is_live
        await session.engine.containers.remove(made.id, force=True)
