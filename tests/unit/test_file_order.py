"""The order in which processes take the files of tests."""

from pathlib import Path

import order

TESTS = Path(__file__).resolve().parent.parent


def test_long_files_come_first_and_rings_in_turns() -> None:
    few, many = Path("tests/contract/test_few.py"), Path("tests/contract/test_many.py")
    long, unit = Path("tests/contract/test_churn.py"), Path("tests/unit/test_pure.py")
    screen, other = Path("tests/screens/test_a.py"), Path("tests/screens/test_b.py")
    places = order.file_order([unit] * 9 + [few] + [many] * 5 + [long] + [screen] * 2 + [other])
    assert sorted(places, key=places.__getitem__) == [long, screen, many, other, few, unit]


def test_the_long_ones_are_there() -> None:
    assert {name for name in order.LONG if not list(TESTS.glob(f"*/{name}"))} == set()
