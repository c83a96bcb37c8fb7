"""The feed against a daemon in memory: what goes wrong, and what a daemon or a proxy before it does not let through."""

import asyncio

import pytest

from model_daemon import STEP, ModelDaemon, Ticket
from tui.model.events import Event
from tui.store import listening, reader
from tui.store.feed import Timing, timing_for
from watched_feed import TIMING, Watched, quiet, virtually

REFUSED, BROKEN, HANGS = Ticket(fault="refused"), Ticket(fault="500"), Ticket(fault="hangs")


async def settle() -> None:
    await asyncio.sleep(20 * STEP)


def asked_of(daemon: ModelDaemon) -> list[str]:
    """What was listed and read."""
    return [request for request in daemon.requests if request.split()[0] in ("list", "read")]


# events that come late, twice, in disorder, or not at all


def test_a_volume_made_again_while_the_events_are_out_of_order() -> None:
    """A destroy event that comes last says nothing of a volume that has the name by now."""

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.create_volume("data", "old")
        await settle()
        daemon.plan("event", Ticket(before=4))
        daemon.remove_volume("data")
        daemon.create_volume("data", "new")
        await asyncio.sleep(STEP)
        daemon.disorder()
        await settle()
        watched.assert_true()
        assert watched.feed.state.volumes["data"].driver == "new"

    virtually(act)


def test_a_list_that_lagged_in_the_middle_of_many_changes_is_read_once_more() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        keys = [daemon.create(f"name{number}") for number in range(200)]
        await asyncio.sleep(3 * reader.LOOK_AGAIN)
        daemon.requests.clear()
        daemon.always["list containers"] = Ticket(lag=4)
        for key in keys:
            daemon.start(key)
        await asyncio.sleep(0.5)
        assert daemon.requests.count("list containers") == 1
        assert {each.state for each in watched.feed.state.containers.values()} == {"created"}
        await asyncio.sleep(reader.LOOK_AGAIN + 0.5)
        watched.assert_true()
        assert len(asked_of(daemon)) < 5

    virtually(act)


def test_a_list_is_not_read_in_the_middle_of_changes_that_a_daemon_tells_slowly() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        keys = [daemon.create(f"name{number}") for number in range(500)]
        await asyncio.sleep(3 * reader.LOOK_AGAIN)
        daemon.requests.clear()
        slow = 1.5 * reader.LOOK_AGAIN
        daemon.always["list some containers"] = Ticket(before=int(slow / STEP))
        for key in keys[:100]:
            daemon.start(key)
        await asyncio.sleep(reader.LOOK_AGAIN)
        for key in keys[100:200]:
            daemon.start(key)
        await asyncio.sleep(6 * slow)
        assert daemon.requests.count("list some containers") > 4, "the second hundred are being read"
        assert "list containers" not in daemon.requests
        await asyncio.sleep(4 * slow)
        assert daemon.requests.count("list containers") == 1
        watched.assert_true()

    virtually(act)


def test_what_was_found_gone_is_forgotten_once_no_request_can_bring_it_back() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        daemon.plan("read container c001", Ticket(after=20))
        slow = daemon.create("slow")
        await asyncio.sleep(STEP)
        daemon.destroy(slow)
        await asyncio.sleep(STEP)
        assert slow in watched.feed.state.table("containers").gone, "the read that is under way has seen it"
        await settle()
        daemon.destroy(daemon.create("quick"))
        await settle()
        watched.assert_true()
        assert not watched.feed.state.table("containers").gone

    virtually(act)


def test_nothing_is_asked_of_what_is_gone() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        await settle()
        daemon.requests.clear()
        for _ in range(500):
            daemon.destroy(daemon.create("passing"))
        await settle()
        assert asked_of(daemon) == []

    virtually(act)


def test_a_clock_that_was_put_back_hides_nothing() -> None:
    """The stream is resumed from the daemon's clock: nothing is newer than the last event any more."""

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.create("before")
        await settle()
        daemon.clock_offset = -3600.0
        daemon.plan("events", Ticket(after=10))
        daemon.cut_lines()
        await asyncio.sleep(0.6)
        key = daemon.create("between the headers and the subscription")
        await asyncio.sleep(2)
        assert key in watched.feed.state.containers
        daemon.clock_offset = 3600.0
        daemon.cut_lines()
        await settle()
        daemon.create("after")
        await settle()
        watched.assert_true()

    virtually(act)


def test_events_that_pile_up_are_dropped_and_everything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "MOST_WAITING", 1000)

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.had("web")
        await settle()
        watched.feed.inspect_missing([key])
        await settle()
        daemon.quietly(lambda: daemon.start(key))
        daemon.events_at_once = 100
        for number in range(100):
            daemon.tell("container", f"exec_{number}", "c999")
        await settle()
        watched.assert_true()
        assert watched.feed.state.containers[key].started is not None

    virtually(act)


# lines that are silent


def test_a_line_of_events_that_nothing_comes_on_is_opened_anew_now_and_then() -> None:
    """Nobody can tell a dead line from a quiet one; the events that it should have told come on the new one."""

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.create("web")
        await settle()
        daemon.deafen()
        key = daemon.create("unheard")
        await settle()
        assert key not in watched.feed.state.containers
        await asyncio.sleep(watched.feed.timing.reconcile + 10)
        watched.assert_true()
        assert len(daemon.opened) == 2
        daemon.create("heard")
        await settle()
        watched.assert_true()

    virtually(act, timing=Timing())


def test_lines_that_outlived_a_silence_are_left_for_new_ones() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.create("web")
        await settle()
        daemon.fall_silent()
        await asyncio.sleep(10)
        assert watched.phase == "stale"
        since = watched.feed.state.condition.since
        assert asyncio.get_running_loop().time() - since == pytest.approx(10 - 3, abs=1)
        daemon.deafen()
        daemon.create("unheard")
        daemon.wake()
        await asyncio.sleep(2)
        watched.assert_true()
        assert "renew" in daemon.requests
        phases = [state.condition.phase for state in watched.published]
        assert "reconnecting" not in phases

    virtually(act)


def test_a_slow_daemon_is_not_taken_for_a_silent_one() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.always["ping"] = Ticket(before=20)
        daemon.create("web")
        await asyncio.sleep(60)
        watched.published.clear()
        await asyncio.sleep(300)
        assert watched.phase == "live"
        assert {state.condition.phase for state in watched.published} <= {"live"}

    virtually(act)


def test_a_silence_in_which_events_still_come_is_none() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.had("web")
        await settle()
        daemon.always["ping"] = HANGS
        for _ in range(30):
            daemon.tell("container", "resize_of_nothing", key)
            await asyncio.sleep(0.5)
            assert watched.phase == "live"

    virtually(act)


# objects that hang, lists that are refused


def test_an_object_that_hangs_does_not_hold_up_the_others() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        stuck = daemon.create("stuck")
        await settle()
        daemon.always[f"read container {stuck}"] = HANGS
        daemon.start(stuck)
        other = daemon.create("other")
        await asyncio.sleep(2 * reader.STUCK_SECONDS)
        assert watched.phase == "live"
        assert watched.feed.state.containers[other].inspected
        daemon.requests.clear()
        await asyncio.sleep(reader.STUCK_PAUSE)
        assert daemon.requests.count(f"read container {stuck}") <= 2
        daemon.always.clear()
        await asyncio.sleep(2 * reader.STUCK_PAUSE)
        watched.assert_true()

    virtually(act, timing=Timing(reconcile=60))


def test_a_list_that_is_refused_is_said_and_not_asked_for_all_the_time() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.always["list images"] = REFUSED
        key = daemon.create("web")
        await settle()
        assert watched.phase == "live", "the rest of the screen goes on"
        assert watched.feed.state.problems == {"images": "forbidden by administrative rules"}
        assert "images" not in watched.feed.state.listed
        daemon.requests.clear()
        daemon.start(key)
        await asyncio.sleep(600)
        assert daemon.requests.count("list images") <= 600 / 90 + 1
        assert watched.feed.state.containers[key].state == "running"
        daemon.always.clear()
        await asyncio.sleep(100)
        watched.assert_true()

    virtually(act, timing=Timing())


def test_objects_that_may_not_be_read_are_told_by_lists() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.create("web")
        daemon.always[f"read container {key}"] = REFUSED
        await settle()
        for _ in range(20):
            watched.feed.inspect_missing([key])
            await asyncio.sleep(1)
        assert daemon.requests.count(f"read container {key}") == 1
        daemon.start(key)
        await asyncio.sleep(3)
        assert watched.feed.state.containers[key].state == "running"
        assert not watched.feed.state.problems
        watched.assert_true()

    virtually(act)


# a daemon that tells no events


@pytest.mark.parametrize("fault", [REFUSED, BROKEN, Ticket(fault="malformed")], ids=["refused", "500", "malformed"])
def test_without_events_the_lists_are_read_again_and_again(fault: Ticket) -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.always["events"] = fault
        key = daemon.create("web")
        await asyncio.sleep(10)
        assert watched.phase == "polling"
        condition = watched.feed.state.condition
        assert condition.error.startswith("no events: ")
        assert "every 5 s" in condition.hint
        assert not watched.feed.tells_events
        watched.feed.inspect_missing([key])
        await settle()
        daemon.start(key)
        daemon.create_volume("data")
        daemon.connect_network(key, "front")
        await asyncio.sleep(2 * TIMING.poll)
        watched.assert_true("polling")
        daemon.always.clear()
        await asyncio.sleep(100)
        watched.assert_true("live")
        assert watched.feed.tells_events
        daemon.start(key)
        await settle()
        watched.assert_true("live")

    virtually(act, timing=Timing())


def test_polling_costs_a_slow_daemon_a_tenth_of_its_time() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.always["events"] = REFUSED
        for name in ("containers", "images", "volumes", "networks"):
            daemon.always[f"list {name}"] = Ticket(before=20)
        await asyncio.sleep(60)
        daemon.requests.clear()
        await asyncio.sleep(400)
        assert daemon.requests.count("list containers") <= 10

    virtually(act)


def test_a_daemon_that_falls_silent_while_it_is_polled() -> None:
    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        daemon.always["events"] = REFUSED
        key = daemon.create("web")
        await asyncio.sleep(7)
        daemon.fall_silent()
        await asyncio.sleep(8)
        assert watched.phase == "stale"
        daemon.start(key)
        daemon.wake()
        await asyncio.sleep(2)
        watched.assert_true("polling")

    virtually(act)


def test_events_that_fail_for_a_while_leave_no_hole() -> None:
    """The daemon answers 500 to the stream of events just when the line broke, and things happen meanwhile."""

    async def act(watched: Watched) -> None:
        daemon = watched.daemon
        key = daemon.create("web")
        await settle()
        daemon.plan("events", BROKEN, BROKEN, BROKEN)
        daemon.cut_lines()
        await settle()
        daemon.start(key)
        other = daemon.create("other")
        daemon.destroy(other)
        await asyncio.sleep(30)
        watched.assert_true("live")

    virtually(act)


def test_the_intervals_of_an_endpoint() -> None:
    assert timing_for("unix:///var/run/docker.sock").backoff_most <= 1.5
    assert timing_for("tcp://host:2375").backoff_most <= 1.5
    assert timing_for("ssh://host").backoff_most > 10, "each try is a login"


# what is hythe's own fault


def test_an_error_that_is_none_of_the_daemons_does_not_leave_the_tables_live(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Exception] = []

    def note(error: Exception) -> str:
        told.append(error)
        return "it is in the log"

    async def act(watched: Watched) -> None:
        await settle()
        watched.assert_true()
        with monkeypatch.context() as patch:
            patch.setattr(watched.feed, "_fault", note)
            patch.setattr(listening, "decode_event", broken)
            watched.daemon.create("new")
            await settle()
        condition = watched.feed.condition
        assert (condition.phase, condition.error, condition.hint) == (
            "reconnecting", "unexpected: ZeroDivisionError", "it is in the log",
        )  # fmt: skip
        assert {type(error) for error in told} == {ZeroDivisionError}
        await quiet(watched)
        watched.assert_true()

    def broken(document: bytes) -> Event:
        raise ZeroDivisionError(document)

    virtually(act)
