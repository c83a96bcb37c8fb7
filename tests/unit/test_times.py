"""The daemon's time stamps, to the nanosecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.times import parse_time, parse_time_ns

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-24T07:29:31.058829914Z", 1795505371 * SECOND + 58829914),
        ("2026-11-24T07:29:31.5Z", 1795505371 * SECOND + SECOND // 2),
        ("2026-11-24T09:29:31.058829914+02:00", 1795505371 * SECOND + 58829914),
        ("2026-11-24T01:59:31-0530", 1795505371 * SECOND),
        ("2026-11-24 07:29:31", 1795505371 * SECOND),
        ("2026-11-24T07:29:31.0588299149999Z", 1795505371 * SECOND + 58829914),
        ("1969-12-31T23:59:59.25Z", -SECOND + SECOND // 4),
    ],
)
def test_stamps(text: str, expected: int) -> None:
    assert parse_time_ns(text) == expected
    assert parse_time(text) == expected / 1e9


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0001-01-01T00:00:00Z",
        "never",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-24T25:00:00Z",
        "2026-11-24T07:29:31+99:99",
        "2026-11-24",
        "2026-11-24T07:29:31Zzz",
    ],
)
def test_no_stamp_or_none_that_can_be_read(text: str | None) -> None:
    assert parse_time_ns(text) is None
    assert parse_time(text) is None


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.integers(0, SECOND - 1),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_go_writes_is_read_back(moment: datetime, nanoseconds: int, minutes: int) -> None:
    local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    fraction = f".{nanoseconds:09d}".rstrip("0").rstrip(".")
    text = local.strftime("%Y-%m-%dT%H:%M:%S") + fraction + (local.strftime("%z") if minutes else "Z")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_time_ns(text) == (local - epoch) // timedelta(seconds=1) * SECOND + nanoseconds


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert isinstance(parse_time_ns(text), int | None)
