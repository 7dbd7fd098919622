from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory

from harness.errors import UsageError
from harness.histories import formats as histories
from tests import TESTS

RECORDED = TESTS / "replay" / "histories"
RUN = "01a200b9-73de-7e9e-8225-d27c7ec99f15"
GREETING = json.loads((RECORDED / "Greeting-run.json").read_text())
EVENTS: list[dict[str, Any]] = GREETING["events"]
MESSAGE: History = History(events=WorkflowHistory.from_json("", GREETING).events)
STARTED = "workflowExecutionStartedEventAttributes"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.json"


def write(file: Path, content: bytes | str | Any) -> Path:
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    file.write_bytes(content)
    return file


def without_id(**told: Any) -> list[dict[str, Any]]:
    """Return the events of a server that does not write the workflow id into the first one."""
    first = {**EVENTS[0], STARTED: {**EVENTS[0][STARTED], "workflowId": "", **told}}
    return [first, *EVENTS[1:]]


def test_recorded_history() -> None:
    loaded = histories.load(RECORDED / "Greeting-run.json")
    assert (loaded.workflow_id, loaded.workflow_id_known) == ("Greeting-run", True)
    assert (loaded.run_id, loaded.workflow) == (RUN, "Greeting")
    assert loaded.history == MESSAGE


def test_record_as_evidence_has_it() -> None:
    record = histories.as_record(histories.load(RECORDED / "Greeting-run.json"))
    assert (record.workflow_id, record.run_id, record.path, record.root) == ("Greeting-run", RUN, "Greeting", True)
    assert record.events == tuple(EVENTS)
    child = histories.as_record(histories.load(RECORDED / "AllCommands-run.json", workflow_id="other"))
    assert (child.workflow_id, child.path) == ("other", "AllCommands")


FORMATS: dict[str, Callable[[], Any]] = {
    "temporal workflow show -o json": lambda: GREETING,
    "temporal workflow show -o jsonl": lambda: "".join(json.dumps(event) + "\n" for event in EVENTS),
    "WorkflowHistory.to_json": lambda: WorkflowHistory("", MESSAGE.events).to_json(),
    "MessageToDict with names of protobuf": lambda: MessageToDict(MESSAGE, preserving_proto_field_name=True),
    "list of events": lambda: EVENTS,
    "HTTP API": lambda: {"history": GREETING, "rawHistory": [], "nextPageToken": ""},
    "Web UI": lambda: {"events": [{**event, "id": event["eventId"], "classification": "New"} for event in EVENTS]},
    "list of one history": lambda: [GREETING],
    "pages of the HTTP API": lambda: [
        {"history": {"events": EVENTS[:9]}, "nextPageToken": "abc"},
        {"history": {"events": EVENTS[9:]}, "nextPageToken": ""},
    ],
    "list of events below history": lambda: {"history": EVENTS},
    "result of a call by JSON-RPC": lambda: {"jsonrpc": "2.0", "result": {"workflowHistory": GREETING}},
    "binary": MESSAGE.SerializeToString,
    "binary in base64": lambda: base64.encodebytes(MESSAGE.SerializeToString()),
    "JSON in base64": lambda: base64.b64encode(json.dumps(GREETING).encode()),
    "JSON in gz": lambda: gzip.compress(json.dumps(GREETING).encode()),
    "binary in gz": lambda: gzip.compress(MESSAGE.SerializeToString()),
    "base64 in gz": lambda: gzip.compress(base64.b64encode(MESSAGE.SerializeToString())),
    "gz in base64": lambda: base64.b64encode(gzip.compress(MESSAGE.SerializeToString())),
    "JSON on one line, after an empty one": lambda: "\n" + json.dumps(GREETING),
}


@pytest.mark.parametrize("written", FORMATS)
def test_every_format_holds_the_same_history(file: Path, written: str) -> None:
    loaded = histories.load(write(file, FORMATS[written]()))
    assert loaded.history == MESSAGE
    assert (loaded.workflow_id, loaded.workflow_id_known, loaded.run_id) == ("Greeting-run", True, RUN)


def test_one_line_of_events(file: Path) -> None:
    assert len(histories.load(write(file, EVENTS[0])).history.events) == 1


@pytest.mark.parametrize(
    "beside",
    [
        {"workflowId": "beside"},
        {"workflow_id": "beside"},
        {"workflowExecution": {"workflowId": "beside", "runId": RUN}},
        {"workflow_execution": {"workflow_id": "beside"}},
    ],
)
def test_workflow_id_beside_the_events(file: Path, beside: dict[str, Any]) -> None:
    loaded = histories.load(write(file, {**beside, "events": without_id()}))
    assert (loaded.workflow_id, loaded.workflow_id_known) == ("beside", True)
    assert histories.load(file, workflow_id="given").workflow_id == "given"


@pytest.mark.parametrize(
    ("name", "workflow_id", "known"),
    [
        (f"a%2Fb.c.{RUN}.json", "a/b.c", True),
        (f"a.json.{RUN}.json.gz", "a.json", True),
        ("order.5d9a8160-3918-4f1c-867c-e8f4dd112499.json", "order", True),
        ("my%20id.json", "my id", False),
        (f"{RUN}_events.json", f"{RUN}_events", False),
        ("order.JSON.GZ", "order", False),
    ],
)
def test_workflow_id_of_the_name(tmp_path: Path, name: str, workflow_id: str, known: bool) -> None:
    content = json.dumps(without_id()).encode()
    file = write(tmp_path / name, gzip.compress(content) if name.lower().endswith(".gz") else content)
    loaded = histories.load(file)
    assert (loaded.workflow_id, loaded.workflow_id_known) == (workflow_id, known)


def renumbered(*numbers: int) -> list[dict[str, Any]]:
    return [{**event, "eventId": str(number)} for event, number in zip(EVENTS, numbers, strict=False)]


NEWER = {**EVENTS[1], "eventType": "EVENT_TYPE_OF_A_NEWER_SERVER", "workflowTaskScheduledEventAttributes": None}
LATER = {**EVENTS[2], "workflowTaskStartedEventAttributes": {"scheduledEventId": "9223372036854775807"}}
NAMELESS = {key: value for key, value in EVENTS[1].items() if key != "workflowTaskScheduledEventAttributes"}
BINARY_NEWER = History(events=[MESSAGE.events[0], {"event_id": 2, "event_type": 999}]).SerializeToString()  # type: ignore[list-item]
BAD: dict[str, tuple[Any, str]] = {
    "empty": ("", r"is empty: expected a workflow history"),
    "truncated": (json.dumps(GREETING)[:-20], r"""expected {"events": .*found '{"events": .*truncated\)"""),
    "cut off after a line": (json.dumps(GREETING, indent=1)[:900], r"input data was truncated"),
    "words": ("hello world", r"found 'hello world' \(JSON is malformed"),
    "number": ("1", r"found '1' \(expected `object`, got `int`\)"),
    "text": ('"x"', r"""found '"x"' """),
    "page": ("<!DOCTYPE html>", r"found '<!DOCTYPE html>'"),
    "other JSON": ({"name": "x", "version": "1"}, r"found an object that has 'name', 'version'$"),
    "empty object": ({}, r"found an empty object$"),
    "no events": ({"events": []}, r"its list of events is empty$"),
    "no list": ({"events": "x"}, r"expected `array`, got `str`"),
    "numbers": ([1], r"found a number among the events, at place 1$"),
    "other objects": ([{"a": 1}], r"found an object that has 'a' among the events, at place 1$"),
    "one page": ({"history": GREETING, "nextPageToken": "abc"}, r"it is one page of a history, and more pages follow"),
    "wrong bytes": (json.dumps(GREETING).encode().replace(b"@worker", b"\xe9"), r"its event at place 1 is no JSON: "),
    "nested": (b'{"events": ' + b"[" * 100_000, r"it is nested too deeply$"),
    "event nested": (b'{"events": [{"eventId": "1", "x": ' + b"[" * 900 + b"]" * 900 + b"}]}", r"expected"),
    "binary": (bytes(range(256)), r"expected JSON or the binary form of temporal.api.history.v1.History"),
    "binary cut off": (MESSAGE.SerializeToString()[:-5], r"expected JSON or the binary form"),
    "other binary": (b"\x12\x03\x00\x01\x02", r"it has no events"),
    "gap": (renumbered(1, 2, 4), r"expected event 3 after event 2, found event 4$"),
    "order": (renumbered(1, 3, 2), r"expected event 2 after event 1, found event 3$"),
    "twice": (renumbered(1, 1), r"expected event 2 after event 1, found event 1$"),
    "backwards": (EVENTS[::-1], rf"expected event 1 at the beginning, found event {len(EVENTS)}$"),
    "no beginning": ([{**EVENTS[1], "eventId": "1"}], r"expected WorkflowExecutionStarted as its"),
    "decoded": (without_id(input={"payloads": [{"data": {"a": 1}}]}), r"1 is none: .*payloads\.data: expected base64"),
    "in short": (without_id(input=["Ada"]), r"input: expected an object, found \['Ada'\]$"),
    "newer type": ([EVENTS[0], NEWER], r"event 2 is of type EVENT_TYPE_OF_A_NEWER_SERVER, which temporalio [\d.]+ "),
    "newer type in binary": (BINARY_NEWER, r"event 2 is of type 999, which"),
    "no attributes": ([EVENTS[0], NAMELESS], r"event 2 \(EVENT_TYPE_WORKFLOW_TASK_SCHEDULED\) has no attributes$"),
    "a later event": ([*EVENTS[:2], LATER], r"event 3 \(.*\) has scheduled_event_id 9223372036854775807, "),
    "no type": ([EVENTS[0], {"eventId": "2"}], r"event 2 is of type nothing"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_history(file: Path, case: str) -> None:
    content, told = BAD[case]
    with pytest.raises(UsageError, match=told) as raised:
        histories.load(write(file, content), shown="folder/some.json")
    assert str(raised.value).startswith("folder/some.json ")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_types_that_may_be_ignored_are(file: Path) -> None:
    loaded = histories.load(write(file, [EVENTS[0], {**NEWER, "workerMayIgnore": True}]))
    assert [event.event_id for event in loaded.history.events] == [1, 2]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none\.json: No such file or directory"):
        histories.load(tmp_path / "none.json")
