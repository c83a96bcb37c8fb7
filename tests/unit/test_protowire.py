"""The wire format of protobuf: what is written is read again, and bytes that are no message are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.wire.protowire import (
    WireError,
    as_int,
    as_text,
    bytes_field,
    first_bytes,
    number_field,
    read_fields,
    varint,
)

FIELD = st.integers(1, 1000)


@given(st.lists(st.tuples(FIELD, st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=300))))
def test_what_is_written_is_read_again(fields: list[tuple[int, int | bytes]]) -> None:
    message = b"".join(
        number_field(field, value) if isinstance(value, int) else bytes_field(field, value) for field, value in fields
    )
    found = [(field, as_int(value) if isinstance(value, int) else value) for field, value in read_fields(message)]
    assert found == [(field, value) for field, value in fields if value != 0]


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_refused(data: bytes) -> None:
    try:
        for _, value in read_fields(data):
            as_text(value) if isinstance(value, bytes) else as_int(value)
    except WireError as error:
        assert str(error)  # noqa: PT017 - some bytes are fields


def test_the_first_of_several_counts() -> None:
    message = bytes_field(2, "x") + bytes_field(1, "a") + bytes_field(1, "b")
    assert first_bytes(message, 1) == b"a"
    assert first_bytes(message, 3) == b""


def test_numbers_take_as_few_bytes_as_they_need() -> None:
    assert varint(300) == b"\xac\x02"
    assert varint(-1) == b"\xff" * 9 + b"\x01"
    assert [len(varint(n)) for n in (0, 127, 128, 1 << 14, -1)] == [1, 1, 2, 3, 10]


@pytest.mark.parametrize("data", [b"\x08", b"\x0a\x05abc", b"\x0b", b"\x80" * 11, b"\x09abc"])
def test_cut_and_foreign_messages_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        list(read_fields(data))


def test_a_field_of_another_kind_is_refused() -> None:
    with pytest.raises(WireError):
        first_bytes(number_field(1, 5), 1)
    with pytest.raises(WireError):
        as_int(b"x")
