"""What the hosts table says of a host, and in which order hosts stand."""

import pytest

from tui.model.hosts import Host, HostRow, Probe
from tui.present.hosts import HostRows, host_mark, search_text
from tui.present.units import round_trip

ROWS = HostRows(lambda: 100.0, lambda key: key == "asked")


def host(name: str = "prod", **more: object) -> Host:
    return Host(**{"key": name, "kind": "context", "name": name, "url": "tcp://h:1", "source": "docker context"} | more)  # pyright: ignore[reportArgumentType] any field


def said(row: HostRow, key: str) -> tuple[str, str]:
    return next(column for column in ROWS.columns() if column.key == key).cell(row)


def ordered(rows: list[HostRow], key: str) -> list[str]:
    column = next(column for column in ROWS.columns() if column.key == key)
    return [row.title for row in sorted(rows, key=column.sort_key)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0µs"), (0.00074, "740µs"), (0.0031, "3.1ms"), (0.0123456, "12.3ms"), (0.12, "120ms"), (1.44, "1.4s")],
)
def test_round_trips(seconds: float, text: str) -> None:
    assert round_trip(seconds) == text


@pytest.mark.parametrize(
    ("probe", "key", "words", "tone"),
    [
        (None, "asked", "◌ asking", "info"),
        (None, "other", "◌ not asked", "muted"),
        (Probe("answers"), "asked", "● answers", "good"),
        (Probe("no socket"), "x", "○ no socket", "muted"),
        (Probe("permission denied"), "x", "✗ permission denied", "bad"),
        (Probe("ssh asks"), "x", "? ssh asks", "warn"),
        (Probe("something new"), "x", "✗ something new", "bad"),
    ],
)
def test_states(probe: Probe | None, key: str, words: str, tone: str) -> None:
    row = HostRow(host(key=key), "prod", probe=probe)
    assert said(row, "state") == (words, tone)
    assert host_mark(row, probing=key == "asked").text(True).isascii()


def test_who_uses_it() -> None:
    uses = [
        said(HostRow(host(current=current), "prod", in_use=in_use), "used")[0]
        for current, in_use in ((False, False), (True, False), (False, True), (True, True))
    ]
    assert uses == ["", "docker", "hythe", "both"]


def test_what_is_known_of_an_answering_host() -> None:
    probe = Probe("answers", "28.5.2+dfsg4", "1.51", 0.3, at=90.0)
    row = HostRow(host(description="words", link="TLS"), "prod", "bad", probe, guarded=True, groups=("web", "all"))
    cells = {column.key: column.cell(row) for column in ROWS.columns()}
    assert cells["engine"] == ("28.5.2", "")
    assert cells["time"] == ("300ms", "warn")
    assert cells["asked"] == ("10s ago", "muted")
    assert (cells["name"], cells["guard"], cells["about"]) == (("prod", "bad"), ("guarded", "warn"), ("words", ""))
    assert [text for text, _ in ROWS.about(row)] == [
        "prod, docker context, words",
        "tcp://h:1 (TLS)",
        "● answers: Engine 28.5.2+dfsg4, API 1.51, a ping takes 300ms",
        "guarded: so the settings say",
        "in 2 groups: web, all",
    ]


def test_what_is_known_of_one_that_does_not_answer() -> None:
    probe = Probe("refused", reason="refused: Connection refused", hint="start it")
    row = HostRow(host(warning="beware", link="plain"), "production", probe=probe, read_only=True)
    assert [text for text, _ in ROWS.about(row)] == [
        "production, prod, docker context",
        "tcp://h:1 (plain)",
        "✗ refused: Connection refused",
        "start it",
        "beware",
        "read-only: so the settings say",
    ]
    assert said(row, "about") == ("refused: Connection refused", "bad")


def test_podman_keeps_its_name() -> None:
    row = HostRow(host(), "prod", probe=Probe("answers", "Podman 4.3.1", "1.41", 0.001))
    assert said(row, "engine")[0] == "Podman 4.3.1"
    assert ROWS.about(row)[2][0].startswith("● answers: Podman 4.3.1, API 1.41")


def test_orders_mean_something() -> None:
    rows = [
        HostRow(host("slow"), "slow", probe=Probe("answers", "9.0", "1.9", 0.5, at=3.0)),
        HostRow(host("quick"), "quick", probe=Probe("answers", "28.0", "1.51", 0.001, at=1.0)),
        HostRow(host("dead"), "dead", probe=Probe("refused", at=2.0)),
        HostRow(host("bad"), "bad", probe=Probe("unusable")),
        HostRow(host("new"), "new", in_use=True),
        HostRow(host("default", kind="default"), "default"),
    ]
    assert ordered(rows, "time")[:2] == ["quick", "slow"]
    assert ordered(rows, "api")[-2:] == ["slow", "quick"]
    assert ordered(rows, "state") == ["quick", "slow", "default", "new", "dead", "bad"]
    assert ordered(rows, "used")[0] == "new"
    assert ordered(rows, "groups")[0] == "default"


def test_the_filter_looks_into_all_that_is_said() -> None:
    row = HostRow(host(description="words"), "production", probe=Probe("refused"), groups=("web",))
    assert all(word in search_text(row) for word in ("prod", "production", "tcp://h:1", "words", "refused", "web"))
