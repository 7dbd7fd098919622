"""Secrets are withheld from evidence: in headers, queries, options, command lines and environments."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.records.withheld import (
    command_without_secrets,
    pair_with_secret,
    pair_without_secret,
    path_without_secrets,
    secret_values,
    text_without,
    without_secrets,
)


def test_secrets_in_headers_are_withheld_unless_a_header_is_known_to_be_harmless() -> None:
    secret = ("authorization", "proxy-authorization", "x-goog-api-key", "x-amz-security-token", "set-cookie", "x-new")
    kept = ("content-type", "idempotency-key", "x-stainless-retry-count", "anthropic-version", "traceparent")
    assert without_secrets(dict.fromkeys((*secret, *kept), "v")) == dict.fromkeys(secret, "…") | dict.fromkeys(
        kept, "v"
    )


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/note", "/note"),
        ("/v1/x?api_key=sk&model=m", "/v1/x?api_key=…&model=m"),
        ("/x?key=1&access_token=2;sig=3&X-Amz-Signature=4", "/x?key=…&access_token=…;sig=…&X-Amz-Signature=…"),
        ("/x?apiKey=1&clientSecret=2&password=3&auth=4", "/x?apiKey=…&clientSecret=…&password=…&auth=…"),
        (
            "/x?idempotency_key=1&max_tokens=2&monkey=3&author=4&page",
            "/x?idempotency_key=1&max_tokens=2&monkey=3&author=4&page",
        ),
    ],
)
def test_secrets_in_a_query_are_withheld(path: str, kept: str) -> None:
    assert path_without_secrets(path) == kept


@pytest.mark.parametrize(
    ("pair", "kept"),
    [
        ("MODE=clear", "MODE=clear"),
        ("COUNT=12", "COUNT=12"),
        ("DEBUG=True", "DEBUG=True"),
        ("EMPTY=", "EMPTY="),
        ("API_KEY=12", "API_KEY=…"),
        ("DB_PASSWORD=hunter", "DB_PASSWORD=…"),
        ("URL=postgres://me:pw@host", "URL=…"),
        ("ANY=CANARY", "ANY=…"),
        ("NOTES_URL=${EFFECTS_URL}", "NOTES_URL=${EFFECTS_URL}"),
        ("LLM=${MODEL_URL}/v1/chat", "LLM=${MODEL_URL}/v1/chat"),
        ("HOOK=${EFFECTS_URL}/T0p53cr3t", "HOOK=…"),
        ("HOOK=${HOOK}", "HOOK=…"),
        ("PYTHONPATH=../orders/src", "PYTHONPATH=../orders/src"),
    ],
)
def test_secrets_in_options_are_withheld_and_plain_values_stay(
    pair: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pair_without_secret(pair) == kept
    assert command_without_secrets(["run", "--env", pair, f"--env={pair}"]) == ("run", "--env", kept, f"--env={kept}")
    name, _, value = pair.partition("=")
    monkeypatch.setenv(name, value)
    assert pair_with_secret(kept) == pair


def test_a_secret_that_is_not_given_again_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(UsageError, match="given --env MY_KEY=…, whose value is not kept: give it again"):
        pair_with_secret("MY_KEY=…")


def test_the_secrets_of_an_environment_are_found_by_name_and_in_addresses() -> None:
    environment = {
        "OPENAI_API_KEY": "sk-0123456",
        "STRIPE_SECRET": "whsec_1",
        "GITHUB_TOKEN": "ghp_longest_of_all",
        "DATABASE_URL": "postgres://me:pass-word@host/db",
        "SHORT_KEY": "abc",
        "SSH_AUTH_SOCK": "/run/agent",
        "AWS_SHARED_CREDENTIALS_FILE": "/etc/aws",
        "KEYBOARD_LAYOUT": "qwertyuiop",
        "HOME": "/users/me-and-you",
        "BROKEN_URL": "http://[::1",
    }
    assert secret_values(environment) == ("ghp_longest_of_all", "sk-0123456", "pass-word", "whsec_1")


def test_a_text_holds_no_secret_afterwards() -> None:
    assert text_without(("secret-2", "secret"), "a secret-2, a secret") == "a …, a …"
