"""The catalogue of dialects: which are listed, and which one a path belongs to."""

import pytest

from harness.doors.model import catalogue
from harness.doors.model.catalogue import dialect_of
from harness.doors.model.dialects.anthropic_messages import ANTHROPIC_MESSAGES
from harness.doors.model.dialects.openai_chat import OPENAI_CHAT
from harness.doors.model.dialects.openai_responses import OPENAI_RESPONSES


def test_the_dialects() -> None:
    assert {ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES} < set(catalogue.listed())
    assert catalogue.served() == (
        "POST /v1/messages, POST /v1/messages/count_tokens, GET /v1/models, POST /v1/chat/completions, "
        "POST /v1/embeddings and POST /v1/responses"
    )


@pytest.mark.parametrize(
    ("path", "is_anthropic"),
    [
        ("/v1/messages", True),
        ("v1/messages?beta=true", True),
        ("/messages/", True),
        ("/v1/messages/batches", True),
        ("messages", True),
        ("chat.completions", False),
        ("/v1/chat/completions", False),
        ("/v1/messages_of_mine", False),
        ("/", False),
        ("", False),
    ],
)
def test_the_provider_is_known_by_the_path(path: str, is_anthropic: bool) -> None:
    assert (dialect_of(path) is ANTHROPIC_MESSAGES) is is_anthropic


def test_a_path_of_nobody_is_answered_as_openai_does() -> None:
    assert dialect_of("/v1/responses/resp_1") is OPENAI_RESPONSES
    assert dialect_of("/v1/moderations") is OPENAI_CHAT


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/chat/completions", "chat.completions"),
        ("/chat/completions", "chat.completions"),
        ("v1/responses?a=b", "responses"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/moderations", "v1/moderations"),
        ("/v1/models/gpt-4o", "models"),
        ("/v1/responses/resp_1", "v1/responses/resp_1"),
        ("/v1/messages?beta=true", "messages"),
        ("/v1/messages/count_tokens", "messages.count_tokens"),
        ("/v1/messages/batches", "v1/messages/batches"),
        ("/", "/"),
    ],
)
def test_operations(path: str, operation: str) -> None:
    assert catalogue.operation_of(path) == operation


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        (b'{"stream": true}', "chat.completions.stream"),
        (b'{"stream": false}', "chat.completions"),
        (b'{"stream": "true"}', "chat.completions"),
        (b'"stream"', "chat.completions"),
        (b'{"stream"', "chat.completions"),
    ],
)
def test_a_stream_is_an_operation_of_its_own(body: bytes, operation: str) -> None:
    assert catalogue.operation_of("/v1/chat/completions", body) == operation
    assert catalogue.operation_of("/v1/embeddings", body) == "embeddings"
