"""Bytes of an answer become records, or an error that names the request; nothing else comes out."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.decoding import decode
from tui.engine.errors import EngineError, MalformedAnswer, api_error
from tui.model.containers import ContainerInspect, ContainerSummary
from tui.model.events import WireEvent
from tui.model.images import HistoryEntry, ImageInspect, ImageSummary
from tui.model.stats import WireStats
from tui.model.system import Info, Version

REQUEST = "GET /containers/json"
KINDS: list[Any] = [
    list[ContainerSummary],
    ContainerInspect,
    list[ImageSummary],
    ImageInspect,
    list[HistoryEntry],
    WireStats,
    WireEvent,
    Version,
    Info,
    dict[str, Any],
]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "truncated"),
        (b'[{"Id":"a"', "truncated"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"  \n<html>", "HTML"),
        (b"{}", "Expected `array`, got `object`"),
        (b"null", "got `null`"),
        (b'[{"Id":1,"Names":[],"Image":"","State":""}]', r"Expected `str`, got `int` - at `\$\[0\].Id`"),
        (b'[{"Id":"a","Names":[],"Image":""}]', r"missing required field `State` - at `\$\[0\]`"),
        pytest.param(b"[" * 100_000, "Expected `object`", id="deep in place of an object"),
        pytest.param(b'[{"Id":"a","Other":' + b"[" * 100_000, "nested too deeply", id="deep in a field"),
        (b'[{"Id":"a","Names":[],"Image":"","State":"\\ud800"}]', "truncated"),
    ],
)
def test_what_is_not_the_answer_names_the_request(data: bytes, words: str) -> None:
    with pytest.raises(MalformedAnswer, match=words) as caught:
        decode(data, list[ContainerSummary], REQUEST)
    assert str(caught.value).startswith(f"unexpected answer to {REQUEST}: ")
    assert len(str(caught.value)) < 300


def test_unknown_fields_are_skipped_and_nulls_are_empty() -> None:
    data = b'[{"Id":"a","Names":null,"Image":"i","State":"hibernating","Labels":null,"Ports":null,"New":{"x":[1]}}]'
    (wire,) = decode(data, list[ContainerSummary], REQUEST)
    assert (wire.state, wire.names, wire.labels, wire.ports) == ("hibernating", None, None, None)


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    data = b'[{"Id":"a","Names":["/b\xff\xc3"],"Image":"i","State":"running"}]'
    (wire,) = decode(data, list[ContainerSummary], REQUEST)
    assert wire.names == ["/b��"]


@given(st.binary(max_size=60), st.sampled_from(KINDS))
def test_any_bytes_decode_or_are_malformed(data: bytes, kind: Any) -> None:
    with suppress(MalformedAnswer):
        decode(data, kind, REQUEST)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.data(), st.sampled_from([kind for kind in KINDS if hasattr(kind, "__struct_fields__")]))
def test_any_value_in_any_field_decodes_or_is_malformed(data: st.DataObject, kind: Any) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    value = data.draw(st.dictionaries(st.sampled_from(names), JSON_VALUES, min_size=1))
    with suppress(MalformedAnswer):
        assert isinstance(decode(json.dumps(value).encode(), kind, REQUEST), kind)


@pytest.mark.parametrize(
    ("status", "name"), [(400, "ApiError"), (404, "NotFound"), (409, "Conflict"), (500, "ApiError")]
)
def test_an_error_answer_keeps_the_daemons_words(status: int, name: str) -> None:
    error = api_error(status, "No such container: [/] \x1b[31m", "GET /containers/x/json")
    assert type(error).__name__ == name
    assert isinstance(error, EngineError)
    assert (str(error), error.status, error.request) == (
        "No such container: [/] \x1b[31m",
        status,
        "GET /containers/x/json",
    )


def test_keys_that_are_no_utf8_are_replaced_too() -> None:
    assert decode(b'{"a\xff":["\xfe"]}', dict[str, Any], REQUEST) == {"a�": ["�"]}
