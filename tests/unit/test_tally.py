"""A tally that is kept up says what counting anew says."""

from collections import Counter
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from tui.present.tally import Tally


class Thing:
    """A record that compares by identity, as the tally does."""

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = kinds


things = st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(Thing)
keys = st.sampled_from([f"k{number}" for number in range(12)])


@given(st.lists(st.tuples(st.dictionaries(keys, things, max_size=5), st.sets(keys, max_size=4)), max_size=8))
def test_it_says_what_counting_anew_says(steps: list[tuple[dict[str, Thing], set[str]]]) -> None:
    tally = Tally[Thing, str](lambda thing: thing.kinds)
    records: Mapping[str, Thing] = {f"k{number}": Thing(["a"]) for number in range(8)}
    assert tally.count(records) == {"a": 8}
    for changed, gone in steps:
        records = {key: thing for key, thing in {**records, **changed}.items() if key not in gone}
        assert tally.count(records) == Counter(kind for thing in records.values() for kind in thing.kinds)
        assert tally.count(records) is tally.count(records)


def test_only_what_changed_is_looked_at() -> None:
    seen: list[str] = []

    def kinds(thing: Thing) -> list[str]:
        seen.extend(thing.kinds)
        return thing.kinds

    tally = Tally[Thing, str](kinds)
    records = {f"k{number}": Thing([f"kind-{number}"]) for number in range(1_000)}
    tally.count(records)
    seen.clear()
    assert tally.count({**records, "k7": Thing(["new"])})["new"] == 1
    assert sorted(seen) == ["kind-7", "new"]
