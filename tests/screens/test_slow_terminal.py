"""A terminal that reads slowly, or not at all: hythe goes on, and shows what is true when it can be seen."""

import time
from collections.abc import Iterator

import pytest
import subjects
from counting import Counting
from ptyharness import PtyApp

FRAME = 12_000
"""Bytes of a screen that is written anew, and more."""


@pytest.fixture(scope="module")
def daemon() -> Iterator[subjects.Daemon]:
    with subjects.demo(12) as daemon:
        yield daemon


def started(daemon: subjects.Daemon, *arguments: str, **options: object) -> PtyApp:
    app = daemon.hythe(*arguments, columns=80, lines=24, **options)
    assert app.wait_text("live", 60) is not None
    return app


def rename_often(daemon: subjects.Daemon, times: int, last: str) -> None:
    """Change what the first row says many times."""
    first = min(daemon.ask("GET", "/containers/json?all=1"), key=lambda row: row["Names"][0])["Id"]
    for number in range(times):
        daemon.ask("POST", f"/containers/{first}/rename?name=0-{number:04}")
    daemon.ask("POST", f"/containers/{first}/rename?name=0-{last}")


def test_while_nothing_is_read_nothing_waits_and_then_the_latest_is_shown(daemon: subjects.Daemon) -> None:
    with Counting(daemon) as counted, started(counted.daemon) as app:
        app.reading.clear()
        app.send("jk" * 500)  # what keys ask for goes into the same frame
        rename_often(daemon, 300, "first-seen")
        asked = counted.requests
        deadline = time.monotonic() + 60
        while counted.requests < asked + 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert counted.requests >= asked + 3, "its heart stands still"
        before = app.received
        app.reading.set()
        assert app.wait_text("0-first-seen", 60) is not None
        # what the kernel's buffer held, and one frame: none of the 300 states in between
        assert app.received - before < 8_192 + FRAME


@pytest.mark.parametrize("arguments", [[], ["--slow"]])
def test_on_a_slow_line_no_frame_waits_behind_another(daemon: subjects.Daemon, arguments: list[str]) -> None:
    with started(daemon, *arguments, line=20_000) as app:
        before = app.received
        rename_often(daemon, 300, "last-seen")
        assert app.wait_text("0-last-seen", 60) is not None
        assert app.received - before < 8_192 + FRAME
        app.send("q")
        assert app.wait_status(30) == 0


def test_it_ends_when_it_should_though_nothing_is_read(daemon: subjects.Daemon) -> None:
    with started(daemon) as app:
        app.reading.clear()
        rename_often(daemon, 50, "unseen")
        app.send("q")
        assert app.wait_status(30) == 0
