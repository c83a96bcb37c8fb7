"""What the history keeps of a request that failed, was cancelled, or has not ended yet."""

import asyncio

import pytest

from tui.commands.history import History
from tui.engine.errors import EngineError


@pytest.mark.parametrize(
    ("error", "kept"),
    [(EngineError("no such volume"), ("failed", "no such volume")), (asyncio.CancelledError(), ("cancelled", ""))],
    ids=["failed", "cancelled"],
)
def test_what_ends_a_request_is_written_down_and_goes_on(error: BaseException, kept: tuple[str, str]) -> None:
    closed: list[str] = []
    entry = History(lambda entry: closed.append(entry.outcome)).begin("docker volume rm data", "local")
    with pytest.raises(type(error)), entry.closed_by_failure():
        raise error
    assert (entry.outcome, entry.detail) == kept
    assert closed == [kept[0]]


def test_a_good_end_is_told_by_who_knows_it() -> None:
    entry = History().begin("docker volume rm data", "local")
    with entry.closed_by_failure():
        pass
    assert (entry.outcome, entry.ended) == ("running", None)
