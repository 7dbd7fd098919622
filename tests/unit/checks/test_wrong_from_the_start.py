"""A run that goes wrong without any strike says how to get further: where nobody answers, how that can be played."""

from __future__ import annotations

import pytest

from tests.unit.checks.build import Story, only_finding

ENDS = "workflow-ends-as-baseline"


def fix(kind: str, message: str) -> str:
    story = Story()
    failure = {"message": message, "applicationFailureInfo": {"type": kind}}
    story.close("FAILED", failure={"message": "Activity task failed", "cause": failure})
    return only_finding(ENDS, story.evidence()).fix


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ConnectError", "All connection attempts failed"),
        ("APIConnectionError", "Connection error."),
        ("URLError", "<urlopen error [Errno -2] Name or service not known>"),
        ("ConnectionError", "HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /"),
        ("ClientConnectorDNSError", "Cannot connect to host x:80 ssl:default"),
        ("ConnectionRefusedError", "[Errno 111] Connect call failed ('127.0.0.1', 9000)"),
    ],
)
def test_what_cannot_be_reached_can_be_played(kind: str, message: str) -> None:
    assert "--env 'NAME=${EFFECTS_URL}'" in fix(kind, message)


@pytest.mark.parametrize(
    ("kind", "message"), [("ValueError", "no such city"), ("URLError", "unknown url type"), ("NotFoundError", "404")]
)
def test_what_answers_otherwise_is_to_be_read(kind: str, message: str) -> None:
    assert fix(kind, message).startswith("Read the last events that are shown")
