"""Payloads in protobuf JSON: what they hold, and how large they are."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from harness.temporal.payload import encoding_of, size_of, value_of, values_of


def payload(encoding: str, data: bytes) -> dict[str, Any]:
    return {
        "metadata": {"encoding": base64.b64encode(encoding.encode()).decode()},
        "data": base64.b64encode(data).decode(),
    }


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (payload("json/plain", b'{"a": [1, null]}'), {"a": [1, None]}),
        (payload("json/protobuf", b'"x"'), "x"),
        (payload("binary/null", b""), None),
        (payload("binary/plain", b"\x00\x01"), {"encoding": "binary/plain", "base64": "AAE="}),
        (payload("json/plain", b"no json"), {"encoding": "json/plain", "base64": "bm8ganNvbg=="}),
        ({}, {"encoding": "", "base64": ""}),
    ],
)
def test_a_payload_is_read_where_it_is_json(given: dict[str, Any], value: Any) -> None:
    assert value_of(given) == value


def test_several_payloads_are_read_in_their_order() -> None:
    assert values_of({"payloads": [payload("json/plain", b"1"), payload("json/plain", b"2")]}) == [1, 2]
    assert values_of(None) == values_of({}) == []


def test_the_encoding_is_what_the_metadata_names() -> None:
    assert encoding_of(payload("binary/encrypted", b"x")) == "binary/encrypted"
    assert encoding_of({"data": "eA=="}) == ""


@pytest.mark.parametrize("size", [0, 1, 2, 3, 300_000])
def test_the_size_is_that_of_the_bytes(size: int) -> None:
    assert size_of({"input": {"payloads": [payload("json/plain", b"x" * size)]}}) == size


def test_the_size_is_that_of_all_payloads_wherever_they_are() -> None:
    nested = {"details": {"data": {"payloads": [payload("json/plain", b"12")]}}, "header": [payload("x", b"345")]}
    assert size_of(nested) == 5
    assert size_of({"data": "text without metadata"}) == size_of("text") == size_of(None) == 0
