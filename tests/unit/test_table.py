"""Reads and lists in any order of arrival leave in a table what the newest of them said of each object."""

from dataclasses import dataclass
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.containers import Container
from tui.model.images import Image
from tui.store import knowledge
from tui.store.kinds import CONTAINERS, container_agrees
from tui.store.knowledge import MOST_NOTED, Knowledge
from tui.store.state import Condition, State, with_condition, with_problem, with_table
from tui.store.table import Table, with_list, with_reads


def image(key: str, size: int = 0) -> Image:
    return Image(key, size=size)


def container(key: str, state: str = "running", *, inspected: bool = False, **fields: object) -> Container:
    return Container(key, fields.pop("name", "web"), "i", state, inspected=inspected, **fields)  # type: ignore[arg-type]


def test_a_list_replaces_what_it_does_not_name() -> None:
    table = with_list(Table[Image](), 1, [image("a"), image("b")])
    assert list(table.records) == ["a", "b"]
    assert list(with_list(table, 2, [image("b"), image("c")]).records) == ["b", "c"]


def test_a_list_that_was_sent_before_a_read_does_not_undo_it() -> None:
    table = with_reads(with_list(Table[Image](), 1, [image("old")]), [(3, "new", image("new")), (4, "old", None)])
    table = with_list(table, 2, [image("old")])
    assert list(table.records) == ["new"]
    assert list(with_list(table, 5, [image("old")]).records) == ["old"], "an image may come back with its ID"


def test_a_read_that_was_sent_before_what_is_known_is_dropped() -> None:
    table = with_reads(Table[Image](), [(5, "a", image("a", 5))])
    assert with_reads(table, [(4, "a", image("a", 4))]).records["a"].size == 5
    assert with_reads(table, [(4, "a", None)]).records["a"].size == 5
    assert with_reads(table, [(6, "a", image("a", 6))]).records["a"].size == 6
    assert not with_reads(table, [(6, "a", None), (4, "a", image("a", 4))]).records


def test_a_read_that_was_sent_before_a_list_brings_back_nothing() -> None:
    table = with_list(Table[Image](), 5, [])
    assert not with_reads(table, [(4, "a", image("a"))]).records
    assert with_reads(table, [(6, "a", image("a"))]).records


def test_a_list_that_was_sent_before_another_is_dropped() -> None:
    table = with_list(Table[Image](), 5, [image("a")])
    assert with_list(table, 4, [image("b")]) is table


def test_what_is_gone_is_forgotten_once_a_later_list_says_so() -> None:
    table = with_reads(Table[Image](), [(2, "a", None), (4, "b", None)])
    assert dict(with_list(table, 3, []).gone) == {"b": 4}
    assert not with_list(table, 5, []).gone


def test_an_unchanged_record_stays_the_same_object() -> None:
    table = with_list(Table[Image](), 1, [image("a", 1)])
    known = table.records["a"]
    assert with_list(table, 2, [image("a", 1)]).records["a"] is known
    assert with_reads(table, [(3, "a", image("a", 1))]).records["a"] is known


# one object, read by inspects, lists and events that overtake each other


@dataclass(frozen=True)
class Answer:
    """Asked at moment `sent`; it says what was so at `told`, and comes in its turn."""

    sent: int
    told: int
    whole: bool


MOMENTS = 20
ANSWERS = st.builds(
    lambda sent, later, whole: Answer(sent, min(MOMENTS, sent + later), whole),
    st.integers(1, MOMENTS - 1),
    st.integers(0, 4),
    st.booleans(),
)


@given(
    st.lists(st.sampled_from([None, 1, 2, 3]), min_size=MOMENTS + 1, max_size=MOMENTS + 1),
    st.lists(ANSWERS, max_size=8, unique_by=lambda answer: answer.sent),
    st.booleans(),
)
def test_the_last_asked_decides_in_whatever_order_the_answers_come(
    truth: list[int | None], answers: list[Answer], whole: bool
) -> None:
    """After the last change somebody asks once more; whatever came before or comes late after it does not matter."""
    key = "sha256:1"
    last = Answer(MOMENTS, MOMENTS, whole)
    table = Table[Image]()
    for late in (False, True):
        for answer in [answer for number, answer in enumerate(answers) if number % 2 == late] + [last] * (not late):
            size = truth[answer.told]
            record = None if size is None else image(key, size)
            if answer.whole:
                table = with_list(table, answer.sent, [record] if record else [])
            else:
                table = with_reads(table, [(answer.sent, key, record)])
    size = truth[MOMENTS]
    assert dict(table.records) == ({} if size is None else {key: image(key, size)})


# lists that lag behind inspects


def test_an_inspected_record_is_doubted_but_not_replaced() -> None:
    known = container("a", "exited", inspected=True, exit_code=3, restarts=1)
    table = with_reads(Table[Container](), [(1, "a", known)])
    lagging = [container("a", "running"), container("b")]
    assert CONTAINERS.doubtful(table.records, lagging) == ["a"]
    table = with_list(table, 2, lagging, CONTAINERS.chooser(()))
    assert table.records["a"] is known
    same = [container("a", "exited", exit_code=3), container("b", "paused")]
    assert CONTAINERS.doubtful(table.records, same) == []
    table = with_list(table, 3, [container("b", "paused")], CONTAINERS.chooser(()))
    assert table.records == {"b": container("b", "paused")}


def test_a_list_that_tells_nothing_new_does_not_overtake_a_read_that_does() -> None:
    """A list does not tell the health of a container that does not run."""
    table = with_reads(Table[Container](), [(1, "a", container("a", "created", inspected=True))])
    table = with_list(table, 3, [container("a", "created")], CONTAINERS.chooser(()))
    healthy = container("a", "created", inspected=True, health="healthy")
    assert with_reads(table, [(2, "a", healthy)]).records["a"] is healthy


@pytest.mark.parametrize(
    ("known", "listed", "same"),
    [
        (container("a"), container("a"), True),
        (container("a"), container("a", status="Up 2 minutes"), False),
        (container("a", inspected=True), container("a", status="Up 2 minutes"), True),
        (container("a", inspected=True), container("a", name="db"), False),
        (container("a", inspected=True), container("a", "paused"), False),
        (container("a", inspected=True, health="healthy"), container("a", health="unhealthy"), False),
        (container("a", "paused", inspected=True, health="healthy"), container("a", "paused"), True),
        (container("a", "exited", inspected=True, exit_code=1), container("a", "exited", exit_code=2), False),
    ],
)
def test_whether_a_list_says_anything_new(known: Container, listed: Container, same: bool) -> None:
    assert container_agrees(known, listed) == same


# the state around the tables


def test_a_problem_is_told_of_its_resource_until_it_is_gone() -> None:
    state = with_problem(State(), "images", "500")
    both = with_problem(state, "containers", "cut")
    assert both.problems == {"images": "500", "containers": "cut"}
    assert with_problem(both, "images", "").problems == {"containers": "cut"}
    assert with_problem(state, "images", "500") is state
    assert with_problem(state, "containers", "") is state


def test_a_condition_keeps_the_records() -> None:
    table = with_list(Table[Container](), 1, [container("a"), container("b", "exited")])
    state = with_table(State(), "containers", table)
    assert with_table(state, "containers", table) is state
    moved = with_condition(state, Condition("reconnecting", error="refused"))
    assert moved.containers is state.containers
    assert not moved.condition.is_live


def test_the_latest_of_a_few_is_what_the_whole_state_says_of_them() -> None:
    known = Knowledge(lambda: None)
    with known.asking() as moment:
        known.take_list("images", moment, [image(key) for key in "abcd"], lambda _before, now: now)
    with known.asking() as old, known.asking() as new:
        known.take("images", new, "a", image("a", 7))
        known.take("images", old, "a", image("a", 5))
        known.take("images", old, "b", None)
        known.take("images", new, "e", image("e"))
    latest = known.latest("images", "abexc")
    assert latest == {"a": image("a", 7), "c": image("c"), "e": image("e")}
    whole = known.state.table("images").records
    assert latest == {key: whole[key] for key in "abexc" if key in whole}
    assert known.latest("images", "abexc") == latest


def test_a_look_at_one_resource_leaves_waiting_what_was_read_of_others() -> None:
    """To apply what was read of 10,000 containers takes its time: not for whoever wants the images, or the phase."""
    known = Knowledge(lambda: None)
    with known.asking() as moment:
        known.take("containers", moment, "c", container("c"))
        known.take("images", moment, "a", image("a"))
    with patch.object(knowledge, "with_reads", wraps=with_reads) as applied:
        known.heard()
        assert (known.condition.phase, known.condition.heard, known.problems) == ("connecting", known.heard_at, {})
        assert list(known.table("images").records) == ["a"]
        assert applied.call_count == 1
        assert (list(known.state.containers), list(known.state.images)) == (["c"], ["a"])
        assert applied.call_count == 2
        assert known.state.condition == known.condition


def test_reads_do_not_pile_up_while_nobody_looks() -> None:
    known = Knowledge(lambda: None)
    for number in range(MOST_NOTED + 10):
        known.take("images", number, f"i{number % 50}", image(f"i{number % 50}", number))
    assert known.count("images") == 50
    assert known.latest("images", ["i3"])["i3"] == known.state.table("images").records["i3"]
