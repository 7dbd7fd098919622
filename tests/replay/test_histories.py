from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.replay import histories

RECORDED = Path(__file__).parent / "histories"


def test_recorded_history() -> None:
    history = histories.load(RECORDED / "Greeting-run.json")
    assert (history.workflow_id, history.path, history.root) == ("Greeting-run", "Greeting", True)
    assert history.run_id
    assert [event["eventId"] for event in history.events[:2]] == ["1", "2"]
    assert len(list(history.of_type("ACTIVITY_TASK_SCHEDULED"))) == 2


def test_name_of_the_file_tells_the_workflow_id_where_nothing_else_does(tmp_path: Path) -> None:
    told = {"originalExecutionRunId": "run-1", "workflowType": {"name": "Agent"}, "parentWorkflowExecution": {}}
    kind = "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    event = {"eventId": "1", "eventType": kind, "workflowExecutionStartedEventAttributes": told}
    file = tmp_path / "a%2Fb.c.run-1.json"
    file.write_text(json.dumps({"events": [event]}))
    history = histories.load(file)
    assert (history.workflow_id, history.run_id, history.root) == ("a/b.c", "run-1", False)
    told["workflowId"] = "told"
    file.write_text(json.dumps({"events": [event]}))
    assert histories.load(file).workflow_id == "told"


def test_exports_of_others(tmp_path: Path) -> None:
    events = [{"eventId": "1", "eventType": "WorkflowExecutionStarted", "x": 1}]
    (tmp_path / "my%20id.json").write_text(json.dumps(events))
    history = histories.load(tmp_path / "my%20id.json")
    assert (history.workflow_id, history.events[0]["eventType"]) == ("my id", "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED")
    assert histories.load(tmp_path / "my%20id.json", workflow_id="given").workflow_id == "given"
    assert histories.load_folder(tmp_path) == (history,)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"events": []}', '{"events": [1]}', '"x"'])
def test_what_is_no_history(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(UsageError, match=r"bad\.json"):
        histories.load(tmp_path / "bad.json")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        histories.load(tmp_path / "none.json")
    with pytest.raises(UsageError, match="no folder of histories"):
        histories.load_folder(tmp_path / "none")
