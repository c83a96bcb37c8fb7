"""What the header says of the connection, and of what the numbers on the screen cost."""

import pytest

from tui.present.header import Light, budget_words, light_spans


def text(phase: str, error: str = "", heard: float | None = 12.0, budget: str = "3 streams") -> str:
    light = Light("host", "", phase, 75.0, heard, error)
    return "".join(span for span, _ in light_spans(light, budget=budget, ascii_only=False))


@pytest.mark.parametrize(
    ("streams", "reads", "words"),
    [
        (0, 0, ""),
        (1, 0, "1 stream"),
        (12, 0, "12 streams"),
        (0, 5, "5 read locally"),
        (2, 5, "2 streams, 5 read locally"),
    ],
)
def test_the_budget(streams: int, reads: int, words: str) -> None:
    assert budget_words(streams, reads) == words


def test_a_live_line_tells_what_it_costs() -> None:
    assert text("live") == "● live 3 streams "


def test_a_daemon_that_is_polled_says_why() -> None:
    said = text("polling", "no events: HTTP 403")
    assert "polling" in said
    assert "no events: HTTP 403" in said
    assert "stream" not in said


@pytest.mark.parametrize("phase", ["stale", "reconnecting"])
def test_a_line_that_is_not_well_says_since_when_and_why(phase: str) -> None:
    said = text(phase, "timed out: no answer")
    assert f"{phase} 1m" in said
    assert "as of 12s ago" in said
    assert said.endswith(": timed out: no answer ")
