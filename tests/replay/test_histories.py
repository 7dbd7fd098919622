from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import RigError, UsageError
from harness.replay import histories

RECORDED = Path(__file__).parent / "histories"


def test_recorded_history() -> None:
    history = histories.load(RECORDED / "Greeting-run.json")
    assert (history.workflow_id, history.path, history.root) == ("Greeting-run", "Greeting", True)
    assert history.run_id
    assert [event["eventId"] for event in history.events[:2]] == ["1", "2"]
    assert len(list(history.of_type("ACTIVITY_TASK_SCHEDULED"))) == 2


def test_chain_and_awkward_ids_survive_saving(tmp_path: Path) -> None:
    first = replace(histories.load(RECORDED / "Greeting-run.json"), workflow_id="a/b ü.json", path="Greeting")
    again = replace(first, run_id="run-2", path="Greeting+1")
    child = replace(first, workflow_id="x" * 300, run_id="run-3", path="Greeting/Child.1", root=False)
    histories.save(tmp_path, [first, again, child])
    assert histories.load_folder(tmp_path) == (first, again, child)
    assert not list(tmp_path.glob("*.part"))


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
    (tmp_path / "file").touch()
    with pytest.raises(RigError, match="cannot write histories"):
        histories.save(tmp_path / "file", [])
    (tmp_path / "index.json").write_text("[]")
    with pytest.raises(UsageError, match="no index of histories"):
        histories.load_folder(tmp_path)
