"""What the tape keeps of a message at an HTTP door."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.doors.http.doors import HttpMessage
from harness.records.message_facts import HttpCall, HttpReply

ASKED = HttpMessage(
    slot="s",
    worker=1,
    door="effect",
    operation="note",
    number=3,
    position="before",
    method="POST",
    path="/note",
    headers={"idempotency-key": "k"},
    body={"x": 1},
)


def test_a_request_and_its_answer() -> None:
    call = HttpCall(method="POST", path="/note", headers={"idempotency-key": "k"}, body={"x": 1})
    assert ASKED.facts == call
    answered = replace(ASKED, position="after", status=200, answer={"ok": True}, answer_text='{"ok": true}')
    assert answered.facts == HttpReply(
        method="POST", path="/note", headers={"idempotency-key": "k"}, body={"x": 1}, answer={"ok": True}
    )


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key", "cookie", "x-my-secret", "unheard-of"])
def test_secrets_are_left_out(header: str) -> None:
    message = replace(ASKED, headers={header: "sk-secret", "accept": "*/*"})
    assert message.facts.headers == {header: "…", "accept": "*/*"}


def test_secrets_of_the_query_are_left_out() -> None:
    assert replace(ASKED, path="/note?api_key=sk&page=2").facts.path == "/note?api_key=…&page=2"
