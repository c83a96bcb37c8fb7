"""What happened to each container: each once, who it came from, and bounded."""

from types import SimpleNamespace
from typing import cast

from tui.commands.history import History
from tui.engine.engine import Engine
from tui.engine.errors import ConnectionLost
from tui.model.events import Event
from tui.store.happenings import MOST_CONTAINERS, MOST_EACH, Happenings


def event(action: str, time_ns: int, id: str = "c1", **attributes: str) -> Event:
    return Event("container", action, id, time_ns, {"name": "web"} | attributes)


def engine_that_knows(*events: Event) -> Engine:
    async def past_events(_until: int) -> list[Event]:
        return list(events)

    return cast(Engine, SimpleNamespace(past_events=past_events))


async def test_what_was_before_is_filled_in_and_nothing_is_there_twice() -> None:
    kept = Happenings(lambda name, id: "docker kill web")
    with kept.following("c1") as news:
        kept.take(event("kill", 5, signal="9"))
        assert news.is_set()
    past = (event("create", 1), event("start", 2), event("kill", 5, signal="9"), Event("network", "connect", "n", 3))
    await kept.read_past(engine_that_knows(*past), 9)
    kept.take(event("die", 6, exitCode="137"))
    story = kept.of("c1")
    assert [each.verb for each in story] == ["create", "start", "kill", "die"]
    assert [each.by for each in story[:3]] == [None, None, "docker kill web"]
    assert (story[2].signal, story[3].exit_code) == (9, 137)


async def test_a_daemon_that_does_not_tell_is_said_and_loses_nothing() -> None:
    async def refuse(_until: int) -> list[Event]:
        raise ConnectionLost("", "cut")

    kept = Happenings()
    kept.take(event("start", 1))
    await kept.read_past(cast(Engine, SimpleNamespace(past_events=refuse)), 9)
    assert "cut" in kept.past_problem
    assert len(kept.of("c1")) == 1


def test_it_is_bounded() -> None:
    kept = Happenings()
    for number in range(MOST_CONTAINERS + 10):
        kept.take(event("start", number, f"c{number}"))
    assert not kept.of("c0")
    assert kept.of(f"c{MOST_CONTAINERS + 9}")
    for number in range(MOST_EACH * 2):
        kept.take(event("start", number, "busy"))
    assert len(kept.of("busy")) == MOST_EACH


def test_podmans_words_are_understood_and_health_is_a_detail() -> None:
    kept = Happenings()
    for each in (event("died", 1, containerExitCode="3"), event("health_status: unhealthy", 2), event("remove", 3)):
        kept.take(each)
    kept.take(event("exec_create: ls", 4))
    kept.take(Event("image", "pull", "c1", 5))
    told = [(each.verb, each.detail, each.exit_code) for each in kept.of("c1")]
    assert told == [("die", "", 3), ("health_status", "unhealthy", None), ("destroy", "", None)]


def test_a_line_of_our_own_is_found_by_the_name_or_the_id() -> None:
    history = History()
    history.begin("docker stop web", "here").close("ok")
    history.begin("docker kill --signal=SIGHUP db", "here")
    assert history.sent_to("here", "web", "0123") == "docker stop web"
    assert history.sent_to("here", "db") == "docker kill --signal=SIGHUP db"
    assert history.sent_to("there", "web") == ""
    assert history.sent_to("here", "we") == ""
    entry = history.begin("docker stop old", "here")
    entry.close("ok")
    entry.ended = (entry.ended or 0) - 60
    assert history.sent_to("here", "old") == ""
