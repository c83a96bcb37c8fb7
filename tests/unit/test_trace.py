"""BuildKit's protobuf, whole, cut, and with what nobody knows yet."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.trace import TraceDecoder
from tui.model.build import BuildLog, BuildProgress, BuildStep, BuildWarning, StepState
from tui.model.log_record import Stream
from tui.wire.protowire import WireError

DATA = Path(__file__).parent / "data"


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def moment(seconds: int, nanos: int = 0) -> bytes:
    return field(1, seconds) + field(2, nanos)


UNKNOWN = field(99, "later") + varint(98 << 3 | 1) + b"8bytes!!" + varint(97 << 3 | 5) + b"4byt" + field(96, -1)


def vertex(name: str, *more: bytes) -> bytes:
    return field(1, b"".join([field(1, "sha256:a"), field(3, name), *more]))


def test_all_that_a_message_can_hold() -> None:
    times = field(5, moment(1, 500_000_000)) + field(6, moment(2))
    sizes = field(4, 5) + field(5, 9) + field(8, moment(3))
    message = b"".join(
        [
            UNKNOWN,
            vertex("[base 2/3] RUN x", field(2, "sha256:b"), UNKNOWN, times),
            field(2, field(1, "extract") + field(2, "sha256:a") + sizes + UNKNOWN),
            field(3, field(1, "sha256:a") + field(3, 2) + field(4, b"out\n") + UNKNOWN),
            field(
                4,
                field(1, "sha256:a") + field(3, "short") + field(4, "more") + field(5, "https://x")
                + field(7, field(1, field(1, 9) + field(2, 1)) + field(2, field(1, 11))),
            ),
        ]
    )  # fmt: skip
    assert TraceDecoder().feed_message(message) == [
        BuildStep("sha256:a", "RUN x", StepState.DONE, 1.5, 2.0, stage="base", number=2, total=3, inputs=("sha256:b",)),
        BuildProgress("sha256:a", "extract", "", 5, 9, ended=True),
        BuildLog("sha256:a", Stream.STDERR, "out\n"),
        BuildWarning("sha256:a", "short", ("more",), "https://x", 9),
    ]


@pytest.mark.parametrize(
    ("more", "state"),
    [
        (b"", StepState.WAITING),
        (field(5, moment(1)), StepState.RUNNING),
        (field(5, moment(1)) + field(6, moment(2)), StepState.DONE),
        (field(4, 1) + field(5, moment(1)) + field(6, moment(2)), StepState.CACHED),
        (field(5, moment(1)) + field(6, moment(2)) + field(7, "exit code: 1"), StepState.FAILED),
        (field(6, moment(2)) + field(7, "rpc error: context canceled"), StepState.CANCELLED),
    ],
)
def test_states(more: bytes, state: StepState) -> None:
    (step,) = TraceDecoder().feed_message(vertex("x", more))
    assert isinstance(step, BuildStep)
    assert step.state is state


@pytest.mark.parametrize(
    ("name", "title", "stage", "number", "internal"),
    [
        ("[internal] load build definition from Dockerfile", "load build definition from Dockerfile", "", 0, True),
        ("[2/3] RUN x\ny", "RUN x\ny", "", 2, False),
        ("[linux/amd64 base 1/3] FROM x", "FROM x", "linux/amd64 base", 1, False),
        ("exporting to image", "exporting to image", "", 0, False),
        ("[auth] a/b:pull token for x", "a/b:pull token for x", "", 0, True),
        ("[odd", "[odd", "", 0, False),
    ],
)
def test_names(name: str, title: str, stage: str, number: int, internal: bool) -> None:
    (step,) = TraceDecoder().feed_message(vertex(name))
    assert isinstance(step, BuildStep)
    assert (step.name, step.stage, step.number, step.internal) == (title, stage, number, internal)


def test_a_character_cut_between_messages_is_put_together() -> None:
    decoder = TraceDecoder()
    first = decoder.feed_message(field(3, field(1, "v") + field(3, 1) + field(4, b"caf\xc3")))
    other = decoder.feed_message(field(3, field(1, "v") + field(3, 2) + field(4, b"!")))
    second = decoder.feed_message(field(3, field(1, "v") + field(3, 1) + field(4, b"\xa9")))
    texts = [event.text for event in (*first, *other, *second) if isinstance(event, BuildLog)]
    assert texts == ["caf", "!", "é"]


MESSAGES = [
    base64.b64decode(message["aux"])
    for path in sorted(DATA.glob("build_*_buildkit_*.ndjson"))
    for message in map(json.loads, path.read_text().splitlines())
    if message.get("id") == "moby.buildkit.trace"
]


def test_a_message_cut_anywhere_gives_whole_records_or_an_error() -> None:
    for message in MESSAGES[:12]:
        whole = TraceDecoder().feed_message(message)
        for end in range(len(message)):
            try:
                events = TraceDecoder().feed_message(message[:end])
            except WireError:
                continue
            assert events == whole[: len(events)]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\x80" * 11, "has no end"),
        (b"\x0a\xff\x01", "is cut"),
        (b"\x0b", "wire type 3"),
        (field(1, 5), "where bytes belong"),
        (field(1, field(4, "x")), "where a number belongs"),
        (field(1, field(5, b"\x08")), "has no end"),
    ],
)
def test_what_is_no_message_is_refused(message: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        TraceDecoder().feed_message(message)


@pytest.mark.parametrize("aux", ["!", "ab=c", "é", "YQ"])
def test_what_is_no_base64_is_refused(aux: str) -> None:
    with pytest.raises(WireError, match="no base64"):
        TraceDecoder().feed(aux)


def test_nothing_of_a_bad_message_is_used() -> None:
    decoder = TraceDecoder()
    with pytest.raises(WireError):
        decoder.feed_message(field(3, field(1, "v") + field(4, b"\xc3")) + b"\x0b")
    (log,) = decoder.feed_message(field(3, field(1, "v") + field(4, b"a")))
    assert isinstance(log, BuildLog)
    assert log.text == "a"


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    try:
        events = TraceDecoder().feed_message(message)
    except WireError:
        return
    assert all(isinstance(event, BuildStep | BuildProgress | BuildLog | BuildWarning) for event in events)
