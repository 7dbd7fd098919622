"""Search attributes that a request names are made once, of the type that their values have or the user has named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from temporalio.api.command.v1 import Command, UpsertWorkflowSearchAttributesCommandAttributes
from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import SearchAttributes as Named
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.proxy import send_it
from harness.errors import UsageError
from harness.records.act_facts import DoorNotice
from harness.trial.live_tape import LiveTape
from harness.trial.search_attributes import TYPES, SearchAttributes


class Server:
    """Knows one search attribute, and remembers which were made."""

    def __init__(self) -> None:
        self.made: list[Mapping[str, int]] = []

    async def search_attributes(self) -> set[str]:
        return {"BuildIds", *(name for types in self.made for name in types)}

    async def add_search_attributes(self, types: Mapping[str, int]) -> None:
        self.made.append(types)


def payload(text: str, kind: str = "") -> Payload:
    return Payload(data=text.encode(), metadata={"type": kind.encode()} if kind else {})


def upserting(**values: Payload) -> rpc.RespondWorkflowTaskCompletedRequest:
    upsert = UpsertWorkflowSearchAttributesCommandAttributes(search_attributes=Named(indexed_fields=values))
    return rpc.RespondWorkflowTaskCompletedRequest(
        commands=[Command(upsert_workflow_search_attributes_command_attributes=upsert)]
    )


async def answered() -> bytes:
    return b"answer"


def asking(declared: Mapping[str, str] = {}) -> tuple[SearchAttributes, Server, LiveTape]:
    server, tape = Server(), LiveTape()
    frontend: Any = server
    return SearchAttributes(frontend, declared=declared, tape=tape, execute=send_it), server, tape


async def test_what_a_command_names_is_made_once_and_told() -> None:
    attributes, server, tape = asking()
    sent = upserting(Topic=payload('"moss"', "Keyword"), BuildIds=payload('["a"]', "KeywordList"))
    for _ in range(2):
        assert await attributes.execute("RespondWorkflowTaskCompleted", sent, 1, answered) == b"answer"
    assert server.made == [{"Topic": TYPES["Keyword"]}]
    notices = [entry.facts_as(DoorNotice) for entry in tape.entries]
    assert [notice.text.partition(" was ")[0] for notice in notices if notice] == [
        "The search attribute Topic (Keyword)"
    ]


async def test_a_type_that_is_not_said_is_that_of_the_value_and_what_is_declared_wins() -> None:
    attributes, server, tape = asking({"Body": "Text"})
    said = {"A": "1", "B": "true", "C": "0.5", "D": '["x"]', "E": '"x"', "F": "no JSON", "Body": '"x"'}
    sent = rpc.StartWorkflowExecutionRequest(
        search_attributes=Named(indexed_fields={name: payload(text) for name, text in said.items()})
    )
    await attributes.execute("StartWorkflowExecution", sent, 0, answered)
    kinds = {"A": "Int", "B": "Bool", "C": "Double", "D": "KeywordList", "E": "Keyword", "F": "Keyword", "Body": "Text"}
    assert server.made == [{name: TYPES[kind] for name, kind in kinds.items()}]
    assert list(server.made[0]) == sorted(kinds)
    assert len(tape.entries) == 6


async def test_a_request_that_names_none_asks_nobody() -> None:
    attributes, server, _ = asking()
    await attributes.execute("RespondWorkflowTaskCompleted", upserting(), 1, answered)
    await attributes.execute("SignalWorkflowExecution", rpc.SignalWorkflowExecutionRequest(), 1, answered)
    assert server.made == []


def test_a_type_that_is_none_is_refused_with_the_nearest_that_is() -> None:
    with pytest.raises(
        UsageError, match=r"'Keywrd', of the search attribute Topic, is no type.*Keyword.*known: .*Datetime"
    ):
        asking({"Topic": "Keywrd"})
