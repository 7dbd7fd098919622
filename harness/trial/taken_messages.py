"""Taken messages: whether a workflow takes what a scenario starts it with and sends it, by its code or by its own word.

A worker drops a signal that its workflow does not know, or whose arguments it cannot read, so that nobody hears of it:
the workflow waits on. What can be told from the code is told before a server starts.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client
from temporalio.converter import DataConverter

from harness.errors import UsageError, nearest
from harness.records.scenario import Scenario, Send

METADATA = "__temporal_workflow_metadata"
"""The query by which every workflow tells which signals, queries and updates it knows."""

_ANSWER_LIMIT = timedelta(seconds=10)

_DROPPED = re.compile(r"Failed deserializing signal input for (\S+) .*dropping the signal")
_CAUSE = re.compile(r"^[\w.]*(?:Error|Exception): .*", re.MULTILINE)
_PLAIN = (str, int, float, bool, list, dict)
_OWN_NAMES = "__"


def look_at_messages(scenario: Scenario) -> None:
    """See whether the code of a scenario's workflow takes its arguments, signals, queries and updates.

    Nothing is said of a workflow whose class is not known here, nor of what is handled dynamically.

    Raises:
        UsageError: It knows no such message, or takes other arguments; the message names the nearest, or what it takes.
    """
    for module in scenario.work.modules:
        name, _, attribute = module.partition(":")
        workflow = getattr(sys.modules.get(name), attribute, None) if attribute else None
        if scenario.is_activity:
            _look_at_activity(workflow, scenario)
        definition = getattr(workflow, "__temporal_workflow_definition", None)
        if definition is None:
            continue
        for arguments in getattr(scenario.work, "inputs", ()):
            _look_at_arguments(f"workflow {definition.name}", definition.run_fn, definition.arg_types, arguments)
        for send in scenario.sends:
            if send.kind in ("signal", "query", "update"):
                _look_at_send(send, definition)


def _look_at_activity(activity: Any, scenario: Scenario) -> None:
    """See whether the function of an activity takes the arguments that it is started with."""
    definition = getattr(activity, "__temporal_activity_definition", None)
    if definition is None:
        return
    own = 1 if next(iter(inspect.signature(definition.fn).parameters), "") == "self" else 0
    for arguments in getattr(scenario.work, "inputs", ()):
        _look_at_arguments(f"activity {definition.name}", definition.fn, definition.arg_types, arguments, own=own)


def dropped_in(log: str) -> str:
    """Say which signal a worker dropped as it could not decode what it was sent with, and the first cause.

    Args:
        log: The end of the worker's log; in it the SDK says so, and nowhere else.
    """
    if not (dropped := _DROPPED.search(log)):
        return ""
    cause = _CAUSE.search(log, dropped.end())
    why = f": {cause[0]}" if cause else ""
    return (
        f"the worker dropped the signal {dropped[1]}, since it cannot decode what it was sent with{why}; say what it "
        f"takes, by --signal '{dropped[1]}=JSON', or in a scenario by signal({dropped[1]!r}, ...)"
    )


async def unknown_to(client: Client, workflow_id: str, names: Mapping[str, str]) -> str:
    """Say which of some messages a workflow does not know; an empty text where it knows all, or does not say.

    Args:
        client: A client of its namespace.
        workflow_id: Its workflow id.
        names: The names of the messages, each with its kind: ``signal`` or ``update``.
    """
    try:
        metadata = await client.get_workflow_handle(workflow_id).query(
            METADATA, result_type=WorkflowMetadata, rpc_timeout=_ANSWER_LIMIT
        )
    except (
        Exception
    ):  # no worker answers, or none of an SDK that knows this query, or by a codec that is not known here
        return ""
    known = {
        "signal": [each.name for each in metadata.definition.signal_definitions],
        "update": [each.name for each in metadata.definition.update_definitions],
    }
    for name, kind in names.items():
        if name not in known[kind] and "" not in known[kind]:
            return _unknown(f"the workflow {metadata.definition.type}".rstrip(), kind, name, known[kind])
    return ""


def _look_at_send(send: Send, definition: Any) -> None:
    table: Mapping[str | None, Any] = getattr(definition, {"query": "queries"}.get(send.kind, f"{send.kind}s"))
    if send.name not in table:
        if None not in table and not send.name.startswith(_OWN_NAMES) and not _handles_at_run_time(definition, send):
            raise UsageError(_unknown(f"the workflow {definition.name}", send.kind, send.name, filter(None, table)))
        return
    taken = table[send.name]
    if not taken.dynamic_vararg:
        _look_at_arguments(f"{send.kind} {send.name} of {definition.name}", taken.fn, taken.arg_types, send.args)


def _handles_at_run_time(definition: Any, send: Send) -> bool:
    """Tell whether the code of a workflow may take a message by a handler that it sets while it runs."""
    module = sys.modules.get(definition.cls.__module__)
    try:
        code = inspect.getsource(module) if module else ""
    except (OSError, TypeError):
        return True
    return any(f"set_{more}{send.kind}_handler" in code for more in ("", "dynamic_"))


def _look_at_arguments(
    what: str, function: Callable[..., Any], types: Sequence[type] | None, arguments: Sequence[Any], *, own: int = 1
) -> None:
    takes = _parameters(function, leaving_out=own)
    try:
        takes.bind(*arguments)
    except TypeError as error:
        shown = ", ".join(map(repr, arguments))
        raise UsageError(f"{what} takes {takes}, and is given ({shown}): {error}") from error
    converter = DataConverter.default.payload_converter
    for value, hint in zip(arguments, types or (), strict=False):
        if hint not in _PLAIN and not dataclasses.is_dataclass(hint):
            continue  # what another data converter makes of it is not known here
        try:
            converter.from_payloads(converter.to_payloads([value]), [hint])
        except Exception as error:
            cause = f"{error.__cause__ or error}".strip()
            raise UsageError(f"{what} takes {takes}, and is given {value!r}: {cause}") from error


def _parameters(method: Callable[..., Any], *, leaving_out: int) -> inspect.Signature:
    """Return what a function takes, or a method beside its own parameter ``self``, its annotations as they read."""
    try:
        signature = inspect.signature(method, eval_str=True)
    except Exception:  # an annotation that is only there for a type checker
        signature = inspect.signature(method)
    own = list(signature.parameters.values())[leaving_out:]
    return signature.replace(parameters=own, return_annotation=inspect.Signature.empty)


def _unknown(who: str, kind: str, name: str, known: Iterable[str]) -> str:
    names = sorted(each for each in known if each and not each.startswith(_OWN_NAMES))
    it_knows = f"; it knows {', '.join(names)}" if names else f"; it knows no {kind}"
    return f"{who} knows no {kind} {name!r}{nearest(name, names)}{it_knows}"
