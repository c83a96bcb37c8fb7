"""The level of a line, as people read it; filters by level; fields of JSON and logfmt lines; ranges of time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.log_fields import json_of, logfmt_of
from tui.model.log_level import Level, find_level, goes_on, level_of, lines_at_least
from tui.model.time_range import RangeError, parse_range

LINES: dict[str, str] = {
    "2026-11-24 INFO request handled path=/api": "INFO",
    '{"ts":"x","level":"error","msg":"info here"}': "ERROR",
    '{"severity": "WARNING", "message": "x"}': "WARN",
    '{"time":1,"level":30,"msg":"x"}': "INFO",
    '{"level":50,"msg":"info"}': "ERROR",
    'level=warn msg="an error of yours"': "WARN",
    'time="2026" level=info msg="ok"': "INFO",
    '10.0.1.1 - - [x] "GET /error HTTP/1.1" 200 12': "UNKNOWN",
    "127.0.0.1 GET /info/error.html": "UNKNOWN",
    "2026-11-24 07:15:35 UTC [33] LOG:  checkpoint complete": "INFO",
    "2026-11-24 07:15:35 UTC [33] ERROR:  relation does not exist": "ERROR",
    "2026/11/24 07:15:35 [error] 31#31: *1 open() failed": "ERROR",
    "2026/11/24 07:15:35 [emerg] 1#1: bind() failed": "FATAL",
    "E1124 07:15:35.123456 1 main.go:12] boom": "ERROR",
    "ERROR:root:boom": "ERROR",
    "WARNING: deprecated": "WARN",
    "Traceback (most recent call last):": "ERROR",
    '  File "x.py", line 3': "UNKNOWN",
    "panic: required setting": "FATAL",
    "07:15:35 W something": "WARN",
    "just a text with error inside": "UNKNOWN",
    "no errors found": "UNKNOWN",
    "[Note] mysqld: ready": "INFO",
    "<3>kernel bad": "ERROR",
    "<14>user info": "INFO",
    "Error: cannot find module": "ERROR",
    "2026-11-24 07:15:35,123 - app - CRITICAL - boom": "FATAL",
    "[12:00:00 DBG] Started": "DEBUG",
    "I, [2026-11-24T07:15:35 #1]  INFO -- : hi": "INFO",
    "": "UNKNOWN",
    "x" * 600 + " ERROR": "UNKNOWN",
}


@pytest.mark.parametrize("line", LINES)
def test_the_level_that_a_line_tells(line: str) -> None:
    assert level_of(line).name == LINES[line]


def test_where_a_line_tells_it() -> None:
    assert find_level("x [warn] y") == (Level.WARN, 3, 7)
    assert find_level('{"level":"error"}') == (Level.ERROR, 10, 15)
    assert find_level("nothing") == (Level.UNKNOWN, 0, 0)


parts = st.lists(st.sampled_from([*LINES, "\tat x.y(z)", "Caused by: y", " more", "plain"]), min_size=1, max_size=12)


@given(parts, st.sampled_from([Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR]), st.none() | st.booleans())
def test_a_filter_by_level_is_what_a_plain_loop_makes_of_it(
    lines: list[str], least: Level, before: bool | None
) -> None:
    expected: list[int] = []
    bad = least >= Level.WARN
    passes = (not bad) if before is None else before
    for at, line in enumerate(lines):
        level = level_of(line)
        if level is not Level.UNKNOWN and (level >= least) == bad:
            passes = bad
        elif not goes_on(line) or (at == 0 and before is None):
            passes = not bad
        if passes:
            expected.append(at)
    assert lines_at_least("\n".join(lines), least, goes_on_from=before) == expected


def test_a_stack_trace_goes_with_its_error() -> None:
    text = "INFO ok\nERROR boom\n\tat a.b\nCaused by: x\n\tat c\nINFO on\n\tand on"
    assert lines_at_least(text, Level.ERROR) == [1, 2, 3, 4]
    assert lines_at_least("DEBUG x\n  y\nplain", Level.INFO) == [2]


def test_the_value_of_a_json_line() -> None:
    assert json_of('app {"a":[1]}  ') == ("app", {"a": [1]})
    assert json_of('[error] {"a":1}') == ("[error]", {"a": 1})
    assert json_of("[1, 2]") == ("", [1, 2])
    for text in ("", "{", "text", '{"a":1} and more', "{not json}", "[" * 5000 + "]" * 5000, '"text"'):
        assert json_of(text) is None


def test_the_pairs_of_a_logfmt_line() -> None:
    assert logfmt_of(r'a=1 b="c \" d" e') == [("a", "1"), ("b", 'c " d')]
    assert logfmt_of("one=1") is None
    assert logfmt_of("x==y a b") is None


@given(st.text(max_size=60))
def test_no_line_is_too_strange(line: str) -> None:
    level_of(line)
    json_of(line)
    logfmt_of(line)


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp()
HOUR = 3600 * 10**9
NOON = int(NOW) * 10**9


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("10m", NOON - HOUR // 6, None),
        ("2h..30m ago", NOON - 2 * HOUR, NOON - HOUR // 2),
        ("09:00..09:30", NOON - 3 * HOUR, NOON - 2 * HOUR - HOUR // 2 + HOUR // 60 - 1),
        ("23:00", NOON - 13 * HOUR, None),
        ("..now", None, NOON),
        ("2026-11-24 07:15..", NOON - 5 * HOUR + HOUR // 4, None),
        ("2026-11-23..2026-11-23", NOON - 36 * HOUR, NOON - 12 * HOUR - 1),
        ("2026-11-24T11:00:00.5Z", NOON - HOUR + 5 * 10**8, None),
        ("14:00+03:00", NOON - HOUR, None),
        ("", None, None),
    ],
)
def test_a_range_of_time(text: str, since: int | None, until: int | None) -> None:
    assert parse_range(text, NOW) == (since, until)


@pytest.mark.parametrize(
    "text", ["x", "30m..2h", "..", "2026-13-01", "25:00", "10", "1.5", "-1h", "7:5", "9" * 40 + "w"]
)
def test_what_is_no_range_of_time(text: str) -> None:
    with pytest.raises(RangeError):
        parse_range(text, NOW)


@given(st.text("0123456789:.-T Zhdmsnow+", max_size=24))
def test_any_text_is_a_range_or_is_refused(text: str) -> None:
    try:
        since, until = parse_range(text, NOW)
    except RangeError:
        return
    assert since is None or until is None or since <= until


@pytest.mark.parametrize(
    "form", ["{}: it is so", "[{}] it is so", "x | {} | it is so", '{{"level":"{}"}}', "level={} x"]
)
def test_every_word_is_found_by_the_filter_too(form: str) -> None:
    for word in ("wrn", "Warning", "err", "EROR", "severe", "failure", "fatal", "fata", "ftl", "crit", "emergency",
                 "alert", "panic", "pani", "trace", "trc", "verbose", "finest", "finer", "silly", "debug1", "dbg",
                 "debu", "info", "notice"):  # fmt: skip
        line = form.format(word)
        for least in (Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR, Level.FATAL):
            level = level_of(line)
            assert level is not Level.UNKNOWN
            assert bool(lines_at_least(line, least)) == (level >= least), line


def test_two_long_words_of_digits_are_looked_through_once() -> None:
    begun = time.process_time()
    for _ in range(100):
        assert find_level(("1" * 250 + " ") * 2 + "x")[0] is Level.UNKNOWN
    assert time.process_time() - begun < 0.5  # 7 s when each cut was tried
    assert find_level("1" * 200 + " 2 E/tag") == (Level.ERROR, 203, 204)
