"""Whatever happens, in whatever order and however late it is told, the state ends up the truth."""

import asyncio
from collections.abc import Callable
from typing import cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_daemon import STEP, Fault, ModelDaemon, Ticket
from watched_feed import Watched, quiet, virtually

CHANGES = ("create", "create", "start", "die", "rename", "health", "network", "destroy", "destroy")
IMAGE_CHANGES = ("pull", "pull", "tag", "remove image", "commit")
OTHER_CHANGES = ("volume", "volume", "remove volume", "prune", "prune silently", "new network", "remove network")
WISHES = ("look", "look", "look away", "refresh", "wait")
DISORDER = ("repeat", "disorder", "lose")
TROUBLES = ("cut", "go down", "restart", "fall silent", "wake", "clock")


Test = Callable[[list[tuple[str, int, int]], list[Ticket], int], None]


def operate(watched: Watched, name: str, number: int) -> None:
    """Do one thing to the daemon, or as the user of the feed; `number` chooses the object."""
    daemon, feed = watched.daemon, watched.feed
    faults: dict[str, Callable[[], None]] = {
        "cut": daemon.cut_lines,
        "go down": daemon.go_down,
        "restart": daemon.restart,
        "fall silent": daemon.fall_silent,
        "wake": daemon.wake,
        "refresh": feed.refresh,
        "repeat": lambda: daemon.repeat(number),
        "disorder": daemon.disorder,
        "lose": daemon.lose_events,
        "clock": lambda: setattr(daemon, "clock_offset", (number - 4) * 1800.0),
        "look": lambda: feed.inspect_missing(list(daemon.truth)[: number or None]),
        "look away": lambda: feed.inspect_missing([]),
        "wait": lambda: None,
        "create": lambda: cast(None, daemon.create(f"name{number}")),
        "pull": lambda: daemon.pull(f"sha256:{number % 3}", f"tag:{number // 3}"),
        "commit": lambda: daemon.commit(f"sha256:c{number}"),
        "volume": lambda: daemon.create_volume(f"volume{number % 4}", f"driver{number}"),
        "prune": lambda: daemon.prune_volumes(telling=True),
        "prune silently": lambda: daemon.prune_volumes(telling=False),
        "new network": lambda: cast(None, daemon.create_network(f"network{number}")),
    }
    if name in faults:
        faults[name]()
        return
    of = {
        "tag": daemon.true_images,
        "remove image": daemon.true_images,
        "remove volume": daemon.true_volumes,
        "remove network": daemon.true_networks,
    }
    keys = sorted(of.get(name, daemon.truth))
    if keys:
        _change(daemon, name, keys[number % len(keys)], number)


def _change(daemon: ModelDaemon, name: str, key: str, number: int) -> None:
    changes: dict[str, Callable[[], None]] = {
        "start": lambda: daemon.start(key),
        "die": lambda: daemon.die(key, number),
        "rename": lambda: daemon.rename(key, f"other{number}"),
        "health": lambda: daemon.set_health(key, ("healthy", "unhealthy")[number % 2]),
        "network": lambda: daemon.connect_network(key, f"net{number % 2}"),
        "destroy": lambda: daemon.destroy(key),
        "tag": lambda: daemon.tag(key, f"tag:{number % 3}"),
        "remove image": lambda: daemon.remove_image(key),
        "remove volume": lambda: daemon.remove_volume(key),
        "remove network": lambda: daemon.remove_network(key),
    }
    changes[name]()


FAULTS: tuple[Fault, ...] = ("", "", "", "500", "malformed", "lost")
DELAYS = st.sampled_from((0, 0, 0, 1, 2, 4, 8, 12))
PAUSES = st.sampled_from((0, 0, 1, 2, 5))
LATE = st.builds(Ticket, DELAYS, DELAYS, st.integers(0, 1))
FAILING = st.builds(Ticket, DELAYS, DELAYS, st.integers(0, 1), st.sampled_from(FAULTS))
BURSTS = st.sampled_from((2, 4, 50))
"""Mostly so small that what changes is read by lists, too."""


def steps(*operations: str) -> st.SearchStrategy[list[tuple[str, int, int]]]:
    return st.lists(st.tuples(st.sampled_from(operations), st.integers(0, 8), PAUSES), min_size=8, max_size=25)


async def hold(watched: Watched, steps: list[tuple[str, int, int]]) -> None:
    for name, number, pause in steps:
        operate(watched, name, number)
        await asyncio.sleep(pause * STEP)
    watched.daemon.wake()
    if not watched.daemon.is_up:
        watched.daemon.restart()
    await quiet(watched)
    watched.assert_true()


def truthful(examples: int, *operations: str, tickets: st.SearchStrategy[Ticket] = LATE) -> Callable[[Test], Test]:
    """Hold a test for random steps of these operations, whose requests meet the tickets."""

    def decorate(test: Test) -> Test:
        suppress = [HealthCheck.too_slow]
        given_steps = given(steps(*operations), st.lists(tickets, min_size=40, max_size=40), BURSTS)
        return settings(max_examples=examples, deadline=None, suppress_health_check=suppress)(given_steps(test))

    return decorate


@truthful(200, *CHANGES, *WISHES)
def test_containers_end_up_the_truth_however_late_the_answers(
    steps: list[tuple[str, int, int]], tickets: list[Ticket], burst: int
) -> None:
    virtually(lambda watched: hold(watched, steps), tickets, burst=burst)


@truthful(100, *IMAGE_CHANGES, "wait")
def test_images_end_up_the_truth_however_late_the_answers(
    steps: list[tuple[str, int, int]], tickets: list[Ticket], burst: int
) -> None:
    virtually(lambda watched: hold(watched, steps), tickets, burst=burst)


@truthful(100, *OTHER_CHANGES, "wait")
def test_volumes_and_networks_end_up_the_truth_however_late_the_answers(
    steps: list[tuple[str, int, int]], tickets: list[Ticket], burst: int
) -> None:
    virtually(lambda watched: hold(watched, steps), tickets, burst=burst)


@truthful(200, *CHANGES, *IMAGE_CHANGES, *OTHER_CHANGES, *WISHES, *DISORDER)
def test_the_state_ends_up_the_truth_whatever_order_the_events_come_in(
    steps: list[tuple[str, int, int]], tickets: list[Ticket], burst: int
) -> None:
    """They are repeated, turned round, and lost with a line that breaks."""
    virtually(lambda watched: hold(watched, steps), tickets, burst=burst)


@truthful(300, *CHANGES, *IMAGE_CHANGES, *OTHER_CHANGES, *WISHES, *DISORDER, *TROUBLES, tickets=FAILING)
def test_the_state_ends_up_the_truth_whatever_goes_wrong(
    steps: list[tuple[str, int, int]], tickets: list[Ticket], burst: int
) -> None:
    virtually(lambda watched: hold(watched, steps), tickets, burst=burst)
