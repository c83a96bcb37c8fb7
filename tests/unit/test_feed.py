"""The feed against a daemon in memory: what each property needs, or once broke it, one by one."""

import asyncio

import pytest

from model_daemon import STEP, Ticket
from tui.model.events import Event
from tui.store.feed import Timing
from tui.store.together import run_together
from watched_feed import TIMING, Watched, quiet, virtually


async def settle() -> None:
    await asyncio.sleep(20 * STEP)


def test_lists_and_then_follows_the_events() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        first = daemon.had("web")
        await settle()
        assert not watched.feed.state.containers[first].inspected
        daemon.start(first)
        second = daemon.create("db")
        await settle()
        watched.assert_true()
        assert daemon.requests.count("list containers") == 1
        assert {f"read container {first}", f"read container {second}"} < set(daemon.requests)

    virtually(act)


def test_a_read_that_was_overtaken_by_a_list_brings_nothing_back() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        daemon.plan("read container c001", Ticket(after=20))
        key = daemon.create("web")
        await asyncio.sleep(STEP)
        daemon.destroy(key)
        await asyncio.sleep(STEP)
        watched.feed.refresh()
        await quiet(watched)
        watched.assert_true()

    virtually(act)


def test_a_list_of_a_connection_that_broke_is_not_applied() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.create("web")
        daemon.plan("list images", Ticket(fault="lost"))
        daemon.plan("list containers", Ticket(after=40))
        await asyncio.sleep(STEP)
        daemon.destroy(key)
        await quiet(watched)
        watched.assert_true()

    virtually(act)


def test_a_failed_list_is_tried_again_soon() -> None:
    async def act(watched: Watched) -> None:
        watched.daemon.create("web")
        watched.daemon.plan("list containers", Ticket(fault="500"))
        await asyncio.sleep(2)
        assert watched.feed.state.problems == {"containers": "something broke"}
        assert watched.phase == "live", "the rest of the screen goes on"
        await asyncio.sleep(2 * TIMING.retry_list)
        watched.assert_true()

    virtually(act)


def test_a_failed_read_is_tried_again_soon() -> None:
    """Networks are in no list that an inspected record is compared with: only the read itself can tell them."""

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.create("web")
        daemon.start(key)
        await settle()
        daemon.plan(f"read container {key}", Ticket(fault="malformed"), Ticket(fault="500"))
        daemon.connect_network(key, "front")
        await settle()
        assert watched.feed.state.problems
        await asyncio.sleep(3 * TIMING.retry_list)
        watched.assert_true()

    virtually(act)


def test_a_network_connected_before_the_container_is_known() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        daemon.plan("read container c001", Ticket(after=4))
        key = daemon.create("web")
        await asyncio.sleep(STEP)
        daemon.connect_network(key, "front")
        await quiet(watched)
        watched.assert_true()

    virtually(act)


def test_what_happens_between_the_headers_and_the_subscription_is_not_missed() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.plan("events", Ticket(after=10))
        await asyncio.sleep(5 * STEP)
        daemon.create("web")
        await quiet(watched)
        watched.assert_true()

    virtually(act)


def test_a_daemon_that_came_back_is_read_anew_where_the_list_does_not_tell() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        key = daemon.create("web")
        daemon.start(key)
        await settle()
        daemon.go_down()
        await settle()
        assert watched.phase == "reconnecting"
        assert watched.feed.state.containers[key].started, "the last known records stay"
        daemon.restart()
        await quiet(watched)
        watched.assert_true()

    virtually(act)


@pytest.mark.parametrize("event", [Event("container", "start", "c001", 0), Event("", "", "", 0)])
def test_events_without_a_time_or_a_type(event: Event) -> None:
    """Both lead to fresh reads, each time; and a stream is never resumed before the epoch."""

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.create("web")
        daemon.start(key)
        await settle()
        asked: list[int | None] = []
        events = daemon.event_documents
        daemon.event_documents = lambda since=None: (asked.append(since), events(since))[1]  # type: ignore[method-assign]
        for _ in range(2):
            daemon.truth[key] = daemon.truth[key].__class__(key, f"{daemon.truth[key].name}x", "running")
            daemon.push(event)
            await settle()
            assert watched.feed.state.containers[key].name == daemon.truth[key].name
        daemon.cut_lines()
        await quiet(watched)
        watched.assert_true()
        assert asked
        assert all(since is None or since > 0 for since in asked)

    virtually(act)


def test_a_storm_of_events_does_not_keep_the_feed_from_being_live() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        for number in range(20):
            daemon.create(f"name{number}")
        for number in range(200):
            key = f"c{number % 20 + 1:03}"
            daemon.plan(f"read container {key}", Ticket(after=1))
            daemon.start(key)
            await asyncio.sleep(0.01)
        assert watched.phase == "live"

    virtually(act)


def test_a_silent_daemon_is_told_while_live_and_when_it_speaks_again() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.create("web")
        await settle()
        daemon.fall_silent()
        await asyncio.sleep(3.0)
        assert watched.phase == "stale"
        assert watched.feed.state.condition.error == "timed out: no answer"
        daemon.start(key)
        daemon.wake()
        await asyncio.sleep(3.0)
        watched.assert_true()
        assert watched.feed.state.condition.error == ""

    virtually(act)


def test_a_daemon_that_falls_silent_before_it_has_listed_is_told() -> None:
    async def act(watched: Watched) -> None:
        watched.daemon.plan("list containers", Ticket(before=10))
        await asyncio.sleep(STEP)
        assert watched.phase == "listing"
        watched.daemon.fall_silent()
        await asyncio.sleep(3.0)
        assert watched.feed.state.condition.error == "timed out: no answer"
        watched.daemon.wake()
        await asyncio.sleep(3.0)
        watched.assert_true()
        assert watched.feed.state.condition.error == ""

    virtually(act)


def test_no_event_is_lost_or_told_twice_over_broken_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_daemon.KEPT_EVENTS", 1000)

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.had("web")
        await settle()
        told = [f"name{number}" for number in range(200)]
        for number, name in enumerate(told):
            daemon.plan("event", Ticket(before=1))
            daemon.tell("container", name, key)
            await asyncio.sleep(0.01)
            if number % 37 == 36:
                daemon.cut_lines()
        await quiet(watched)
        seen = [event.action for event in watched.feed.recent]
        assert sorted(seen) == sorted(told)

    virtually(act)


def test_the_slow_list_finds_what_no_event_told() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        key = daemon.create("web")
        await settle()
        assert watched.feed.state.containers[key].inspected
        daemon.quietly(lambda: daemon.start(key))
        daemon.quietly(lambda: daemon.create("unseen"))
        daemon.quietly(lambda: daemon.commit("sha256:x"))
        await asyncio.sleep(20)
        watched.assert_true()

    virtually(act, timing=Timing(reconcile=10))


def test_reading_everything_again_reads_what_only_inspects_tell() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        key = daemon.create("web")
        daemon.start(key)
        await settle()
        daemon.truth[key] = daemon.truth[key].__class__(key, "web", "running", started=5.0)
        watched.feed.refresh()
        await settle()
        watched.assert_true()

    virtually(act)


def test_looking_again_while_a_read_is_under_way_reads_once() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.had("web")
        daemon.plan(f"read container {key}", Ticket(before=4), Ticket(before=4), Ticket(before=4))
        await settle()
        daemon.requests.clear()
        for _ in range(6):
            watched.feed.inspect_missing([key, "gone"])
            await asyncio.sleep(STEP)
        await settle()
        watched.assert_true()
        assert daemon.requests.count(f"read container {key}") == 1
        assert "read container gone" not in daemon.requests

    virtually(act)


def test_reconnecting_counts_its_attempts_and_waits_longer_each_time() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        daemon.go_down()
        await asyncio.sleep(60)
        condition = watched.feed.state.condition
        assert (condition.phase, condition.error) == ("reconnecting", "refused")
        assert 40 < condition.attempt < 120
        assert condition.since == pytest.approx(asyncio.get_running_loop().time() - 60, abs=1), "since the line broke"
        daemon.restart()
        await asyncio.sleep(2)
        watched.assert_true()
        assert watched.feed.state.condition.attempt == 0

    virtually(act)


def test_refreshing_tries_a_daemon_that_is_away_at_once() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        daemon.go_down()
        await asyncio.sleep(60)
        daemon.restart()
        watched.feed.refresh()
        await asyncio.sleep(2 * STEP)
        watched.assert_true()

    virtually(act)


def test_quiet_costs_the_daemon_little() -> None:
    async def act(watched: Watched) -> None:
        watched.daemon.had("web")
        await settle()
        watched.daemon.requests.clear()
        published = len(watched.published)
        await asyncio.sleep(600)
        assert len(watched.daemon.requests) / 600 <= 0.5
        assert len(watched.published) <= published + 10, "one a reconciling list"

    virtually(act, timing=Timing())


async def test_run_together_raises_what_ended_the_first_and_ends_the_others() -> None:
    ended: list[str] = []

    async def fail() -> None:
        raise ValueError("the first")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("other")

    async def nested() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    with pytest.raises(ValueError, match="the first"):
        await run_together(nested(), wait())
    assert ended == ["other"]
