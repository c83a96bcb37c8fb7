"""A daemon behind a proxy that lets some of its API through: what can't work is said, and the rest works."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from test_commands import FakeUi

from filter_proxy import FilterProxy, Rule, filter_proxy
from followed import Followed, followed
from tui.commands.command import Context
from tui.commands.history import History
from tui.commands.registry import BY_ID
from tui.commands.session import Session
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.engine.errors import ApiError, NotFound
from tui.store.feed import Timing

IMAGE = "busybox:latest"
TIMING = Timing(poll=0.5, retry_list=0.5)
IMPATIENT = Timing(poll=0.5, retry_list=0.5, reconcile=3.0)
"""With which what was refused is asked for again before long."""

CURE_SECONDS = 15.0
"""A busy machine may take so long; how soon it should be is held in virtual time."""

BROKEN = '{"message":"something broke"}'
EVENTS, POSTS = Rule("GET", "/events"), Rule("POST|PUT|DELETE", ".*")


@dataclass
class Bench:
    """An engine behind the proxy, and a way round it."""

    proxy: FilterProxy
    direct: Engine
    behind: Engine
    prefix: str = field(default_factory=lambda: f"proxytest-{secrets.token_hex(3)}")

    async def run(self, name: str) -> str:
        body = {"Image": IMAGE, "Cmd": ["sleep", "1000"], "Labels": {"hythe.test": self.prefix}}
        made = (await self.direct.containers.create(body, name=f"{self.prefix}-{name}")).id
        await self.direct.containers.start(made)
        return made

    async def agrees(self, watched: Followed) -> bool:
        """Whether what is known of this test's containers is what a fresh list says."""
        ours = await self.direct.containers.list_all(filters={"label": [f"hythe.test={self.prefix}"]})
        known = [c for c in watched.state.containers.values() if c.labels.get("hythe.test") == self.prefix]
        return {(c.id, c.name, c.state, c.networks) for c in known} == {
            (c.id, c.name, c.state, c.networks) for c in ours
        }

    async def until_true(self, watched: Followed, seconds: float = CURE_SECONDS) -> None:
        async with asyncio.timeout(seconds):
            while not await self.agrees(watched):
                await watched.changed()


@pytest.fixture
async def bench(engine_socket: str, short_tmp: Path) -> AsyncIterator[Bench]:
    async with filter_proxy(short_tmp, engine_socket) as proxy:
        direct, behind = (Engine(Endpoint(f"unix://{path}", "test")) for path in (engine_socket, proxy.socket))
        await direct.connect()
        await behind.connect()
        bench = Bench(proxy, direct, behind)
        yield bench
        for each in await direct.containers.list_all(filters={"label": [f"hythe.test={bench.prefix}"]}):
            with suppress(NotFound):
                await direct.containers.remove(each.id, force=True)
        await behind.close()
        await direct.close()


async def change(bench: Bench, made: str) -> None:
    """Let each table change without the one who watches."""
    await bench.direct.containers.rename(made, f"{bench.prefix}-renamed")
    await bench.direct.containers.pause(made)
    await bench.run("other")


async def test_nothing_may_be_changed(bench: Bench) -> None:
    """Everything is seen; a command that was refused is dimmed with the reason until everything is read again."""
    bench.proxy.rules.append(POSTS)
    made = await bench.run("web")
    session = Session(bench.behind, History())
    seen = asyncio.Event()
    session.on_state = lambda: seen.set() if made in session.state.containers else None
    session.start()
    try:
        async with asyncio.timeout(60):
            await seen.wait()
        await change(bench, made)
        ui = FakeUi(hosts=(session,))
        context = Context(session, ui, "containers", [session.state.containers[made]])
        stop, logs = BY_ID["container.kill"], BY_ID["container.logs"]
        assert stop.why_not(context) is None
        ui.choice = "SIGKILL"
        await stop.run_on(context)
        assert any("403" in text for _, text in ui.notes), ui.notes
        reason = stop.why_not(context)
        assert reason is not None
        assert "proxy" in reason
        assert logs.why_not(context) is None, "the rest works"
        assert (await bench.direct.containers.read(made)).is_running
        await BY_ID["app.refresh"].run_on(context)
        assert stop.why_not(context) is None
    finally:
        await session.close()


async def test_no_events(bench: Bench) -> None:
    bench.proxy.rules.append(EVENTS)
    made = await bench.run("web")
    async with followed(bench.behind, IMPATIENT) as watched:
        await watched.until(lambda: watched.phase == "polling")
        condition = watched.state.condition
        assert condition.error.startswith("no events: ")
        assert condition.hint
        watched.feed.inspect_missing([made])
        await change(bench, made)
        await bench.until_true(watched)
        assert watched.phase == "polling"
        bench.proxy.seen.clear()
        await bench.direct.containers.unpause(made)
        await bench.until_true(watched)
        assert bench.proxy.seen.count("GET /events") <= 1, "who was refused does not ask again all the time"

        bench.proxy.rules.clear()
        await watched.until(lambda: watched.phase == "live", 10 * IMPATIENT.reconcile)
        await bench.direct.containers.rename(made, f"{bench.prefix}-again")
        await bench.until_true(watched)


async def test_no_images(bench: Bench) -> None:
    bench.proxy.rules.append(Rule("GET", "/images/.*"))
    made = await bench.run("web")
    async with followed(bench.behind, IMPATIENT) as watched:
        await watched.until_live()
        assert set(watched.state.problems) == {"images"}
        assert "images" not in watched.state.listed
        assert {"containers", "volumes", "networks"} <= watched.state.listed
        await change(bench, made)
        await bench.until_true(watched)
        bench.proxy.rules.clear()
        await watched.until(lambda: not watched.state.problems and bool(watched.state.images), 10 * IMPATIENT.reconcile)


async def test_lists_but_no_single_objects(bench: Bench) -> None:
    bench.proxy.rules.append(Rule("GET", "/containers/[^/]+/json"))
    made = await bench.run("web")
    async with followed(bench.behind, TIMING) as watched:
        await watched.until_live()
        await watched.until(lambda: made in watched.state.containers)
        watched.feed.inspect_missing([made])
        await change(bench, made)
        await bench.until_true(watched)
        assert bench.proxy.seen.count(f"GET /containers/{made}/json") <= 1
        assert not watched.state.problems


async def test_events_that_answer_500_for_a_while(bench: Bench) -> None:
    bench.proxy.rules.append(Rule("GET", "/events", 500, BROKEN, "application/json"))
    made = await bench.run("web")
    async with followed(bench.behind, TIMING) as watched:
        await watched.until(lambda: watched.phase == "polling")
        assert "something broke" in watched.state.condition.error
        await change(bench, made)
        await bench.until_true(watched)
        bench.proxy.rules.clear()
        await watched.until_live(CURE_SECONDS)
        await bench.direct.containers.unpause(made)
        await bench.until_true(watched)


@pytest.mark.parametrize(
    "path", ["/containers/json", "/containers/[^/]+/json", "/images/json", "/volumes", "/networks"]
)
async def test_an_answer_of_500_for_a_while(bench: Bench, path: str) -> None:
    broken = Rule("GET", path, 500, BROKEN, "application/json")
    made = await bench.run("web")
    async with followed(bench.behind, TIMING) as watched:
        await watched.until_live()
        watched.feed.inspect_missing([made])
        bench.proxy.rules.append(broken)
        watched.feed.refresh()
        await watched.until(lambda: "something broke" in watched.state.problems.values())
        await change(bench, made)
        assert watched.phase == "live", "the rest of the screen goes on"
        bench.proxy.rules.clear()
        await watched.until(lambda: not watched.state.problems, CURE_SECONDS)
        await bench.until_true(watched)


async def test_events_that_lag_behind_the_list(bench: Bench) -> None:
    """An event of long ago brings back nothing, and makes nothing older than a list showed it."""
    bench.proxy.event_delay = 1.0
    async with followed(bench.behind, TIMING) as watched:
        await watched.until_live()
        made, gone = await bench.run("web"), await bench.run("gone")
        await bench.direct.containers.kill(made)
        await bench.direct.containers.remove(gone, force=True)
        watched.feed.refresh()
        await bench.until_true(watched)
        # not before: while the daemon took longer than the events lag, one was read that existed
        seen: list[bool] = []
        watched.on_change = lambda: seen.append(gone in watched.state.containers)
        await watched.until(lambda: any(e.id == gone and e.verb == "destroy" for e in watched.feed.recent), 20)
        assert await bench.agrees(watched)
        assert True not in seen


async def test_who_answered_a_refusal(bench: Bench) -> None:
    bench.proxy.rules.append(Rule("DELETE", "/containers/.*"))
    made = await bench.run("web")
    with pytest.raises(ApiError) as caught:
        await bench.behind.containers.remove(made)
    assert caught.value.in_between
    assert "proxy" in caught.value.hint
    with pytest.raises(ApiError) as caught:
        await bench.behind.networks.remove("bridge")
    assert caught.value.status == 403
    assert not caught.value.in_between, "the daemon's own"
