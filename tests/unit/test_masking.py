"""No value of a secret is left in what a builder says, however its output is cut."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.jobs.masking import Masking
from tui.model.build import BuildEvent, BuildFailure, BuildLog, BuildStep, BuildWarning, StepState
from tui.model.log_record import Stream

OUT, ERR = Stream.STDOUT, Stream.STDERR


def shown(secrets: Iterable[str], *pieces: str) -> str:
    """The output of a step that comes in these pieces."""
    masking = Masking(secrets)
    events = [*masking.events(BuildLog("a", OUT, piece) for piece in pieces), *masking.rest()]
    return "".join(event.text for event in events if isinstance(event, BuildLog))


@pytest.mark.parametrize(
    ("secrets", "text", "told"),
    [
        (["abcd", "abcdefgh"], "token abcdefgh abcd\n", "token *** ***\n"),
        (["abcdefgh", "abcd"], "token abcdefgh abcd\n", "token *** ***\n"),
        (["abcd", "cdef"], "xabcdefx", "x***x"),
        (["abab"], "xababababx", "x***x"),
        (["abcd"], "abcdabcd", "******"),
        (["ab\ncd"], "xab\ncdx", "x***x"),
        ([], "abcd", "abcd"),
        ([""], "abcd", "abcd"),
    ],
)
def test_whole_values_are_masked(secrets: list[str], text: str, told: str) -> None:
    assert Masking(secrets).text(text) == told
    assert shown(secrets, text) == told
    assert shown(secrets, *text) == told


@given(
    st.lists(st.text("ab\n", min_size=1, max_size=5), max_size=3),
    st.lists(st.text("ab\n", max_size=6), max_size=8),
)
@example(["xab", "abcd"], ["xab", "x"])
@example(["xab", "abcd"], ["xab", "cd"])
@example(["bxa", "xab", "abcd"], ["bxab", "c", "bxabcd"])
def test_how_the_output_is_cut_makes_no_difference(secrets: list[str], pieces: list[str]) -> None:
    assert shown(secrets, *pieces) == Masking(secrets).text("".join(pieces))


@given(st.text("abc", min_size=1, max_size=5), st.lists(st.text("abc", max_size=4), max_size=8))
def test_what_waits_is_shorter_than_two_secrets(secret: str, pieces: list[str]) -> None:
    masking = Masking([secret])
    for piece in pieces:
        told = list(masking.events([BuildLog("a", OUT, piece)]))
        assert len(told) <= 1
        assert sum(len(text) for text, _ in masking._held.values()) < 2 * len(secret)


def test_what_waits_comes_with_the_end_of_its_step() -> None:
    masking = Masking(["secret"])
    running, done = (BuildStep("a", "RUN x", state) for state in (StepState.RUNNING, StepState.DONE))
    said = [BuildLog("a", OUT, "one sec"), BuildLog("b", OUT, "two secre"), BuildLog("a", ERR, "se"), running]
    assert list(masking.events(said)) == [BuildLog("a", OUT, "one "), BuildLog("b", OUT, "two "), running]
    assert list(masking.events([done])) == [BuildLog("a", OUT, "sec"), BuildLog("a", ERR, "se"), done]
    assert list(masking.rest()) == [BuildLog("b", OUT, "secre")]
    assert list(masking.rest()) == []


def test_names_errors_and_warnings_are_masked_too() -> None:
    said: list[BuildEvent] = [
        BuildLog("a", OUT, "sec"),
        BuildStep("a", "RUN secret", StepState.RUNNING, error="no secret"),
        BuildWarning("a", "a secret", ("one", "secret")),
        BuildFailure("RUN secret: no"),
    ]
    assert list(Masking(["secret"]).events(said)) == [
        BuildStep("a", "RUN ***", StepState.RUNNING, error="no ***"),
        BuildWarning("a", "a ***", ("one", "***")),
        BuildLog("a", OUT, "sec"),
        BuildFailure("RUN ***: no"),
    ]


def test_nothing_is_changed_without_secrets() -> None:
    event = BuildStep("a", "RUN x")
    assert next(Masking([]).events([event])) is event
