"""Search attributes of the worker's own: made in the slot's namespace as soon as a request names them.

In a cluster somebody has made them before the worker was ever started. A slot's namespace is new with each trial, and a
server refuses what it does not know (BAD_SEARCH_ATTRIBUTES). Of which type one is its payload says; where a client does
not say it, it is the type of the value.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import grpc.aio
from temporalio.api.enums.v1 import IndexedValueType

from harness.doors.wire.proxy import Execute, Send
from harness.errors import RigError, UsageError, nearest
from harness.records.act_facts import DoorNotice
from harness.servers.frontend import Frontend
from harness.temporal.messages import parts
from harness.trial.live_tape import LiveTape

TYPES: Mapping[str, int] = {
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}
"""The types of search attributes, as Temporal calls them."""

_NAMING = (
    "StartWorkflowExecution",
    "SignalWithStartWorkflowExecution",
    "ExecuteMultiOperation",
    "RespondWorkflowTaskCompleted",
)


class SearchAttributes:
    """Executes requests once the namespace knows the search attributes that they name.

    Args:
        frontend: The server, in the slot's namespace.
        declared: Name and type of those that the user has named.
        tape: Where it is told which were made though nobody had named them.
        execute: Executes each request then.

    Raises:
        UsageError: A type is none of Temporal's.
    """

    def __init__(self, frontend: Frontend, *, declared: Mapping[str, str], tape: LiveTape, execute: Execute) -> None:
        for name, kind in declared.items():
            if kind not in TYPES:
                known = f"{nearest(kind, TYPES)}; known: {', '.join(TYPES)}"
                raise UsageError(f"{kind!r}, of the search attribute {name}, is no type{known}")
        self._frontend = frontend
        self._declared = declared
        self._tape = tape
        self._execute = execute
        self._known: set[str] = set()
        self._making = asyncio.Lock()

    async def execute(self, operation: str, request: Any, worker: int, send: Send) -> bytes:
        """Make what the request names and the namespace does not know, and execute it."""
        if operation in _NAMING:
            named = dict(_named(request))
            async with self._making:
                if not named.keys() <= self._known:
                    await self._make(named)
        return await self._execute(operation, request, worker, send)

    async def _make(self, named: Mapping[str, str]) -> None:
        known = await self._frontend.search_attributes()
        missing = {name: self._declared.get(name, kind) for name, kind in sorted(named.items()) if name not in known}
        if not missing:
            self._known |= known
            return
        try:
            await self._frontend.add_search_attributes({name: TYPES[kind] for name, kind in missing.items()})
        except grpc.aio.AioRpcError as error:
            names = ", ".join(f"{name} ({kind})" for name, kind in missing.items())
            self._tape.fail(RigError(f"the server makes no search attributes {names}: {error.details()}"))
        self._known |= {*known, *missing}
        for name, kind in missing.items():
            if name not in self._declared:
                text = f"The search attribute {name} ({kind}) was made for the trials: where the worker runs it must be"
                self._tape.note("notice", facts=DoorNotice(text=f"{text} registered, or its workflows stand still."))


def _named(request: Any) -> Iterator[tuple[str, str]]:
    for message in parts(request):
        if message.DESCRIPTOR.name == "SearchAttributes":
            yield from ((name, _type(payload)) for name, payload in message.indexed_fields.items())


def _type(payload: Any) -> str:
    said = payload.metadata.get("type", b"").decode(errors="replace")
    return said if said in TYPES else _type_of(payload.data)


def _type_of(text: bytes) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return "Keyword"
    by_type: dict[type, str] = {bool: "Bool", int: "Int", float: "Double", list: "KeywordList"}
    return by_type.get(type(value), "Keyword")
