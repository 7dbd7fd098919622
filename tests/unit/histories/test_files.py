from __future__ import annotations

import base64
import gzip
import json
import os
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.histories.files import HistoryFile, history_files

HISTORY = json.dumps({"events": [{"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"}]}).encode()
CAPTURED = {"workflow_id": "x", "run_id": "r1", "workflow_type": "A", "status": "COMPLETED", "open": False}
CAPTURED |= {"task_queue": "q", "namespace": "n", "server_version": "1", "started": "", "closed": ""}
CAPTURED |= {"events": 1, "sha256": "", "scrubbed": False}
BINARY = b"\n\x04\x08\x01\x18\x01"


def write(root: Path, *names: str, content: bytes = HISTORY) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def shown(*paths: str, cwd: Path) -> list[str]:
    return [file.shown for file in history_files(paths, cwd=cwd)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a folder that holds the evidence of one run of two trials."""
    root = tmp_path / ".crashproof/runs/20261122T051432Z-ab12"
    write(root, "run.json", "report.json", "trials/t1/plan.json", "trials/t1/verdict.json", "trials/t2/plan.json")
    write(
        root, "trials/t1/history/a%2Fb.run-1.json", "trials/t1/history/c.run-2.json", "trials/t2/history/d.run-3.json"
    )
    write(root, "trials/t1/crashes/1/history/a%2Fb.run-1.json", "trials/t1/history/.c.json.7.partial")
    listed = [{"file": "a%2Fb.run-1.json", "workflow_id": "a/b", "run_id": "run-1"}]
    write(root, "trials/t1/trial.json", content=json.dumps({"trial": "t1", "histories": listed}).encode())
    (root.parent / "latest").symlink_to(root.name)
    return root


def test_files_are_taken_whatever_they_hold(tmp_path: Path) -> None:
    write(tmp_path, "a.json", "b.txt", content=b"{}")
    (found,) = history_files(["./a.json"], cwd=tmp_path)
    assert found == HistoryFile(path=tmp_path / "a.json", shown="a.json")
    assert shown("b.txt", str(tmp_path / "a.json"), cwd=tmp_path) == ["b.txt", str(tmp_path / "a.json")]


def test_folders_are_looked_through_by_name_and_by_content(tmp_path: Path) -> None:
    write(
        tmp_path, "h/b.json", "h/a/z.json", "h/a/y.json", "h/x.jsonl", "h/README.md", "h/.hidden.json", "h/.git/c.json"
    )
    write(tmp_path, "h/d.json.gz", content=gzip.compress(HISTORY))
    write(tmp_path, "h/e.b64", "h/f.txt", content=base64.b64encode(HISTORY))
    write(tmp_path, "h/g.pb", content=BINARY)
    write(tmp_path, "h/h.pb.gz", content=gzip.compress(BINARY))
    write(tmp_path, "h/notes.txt", "h/other.pb", "h/key.b64", "h/.settings.json", content=b"some words")
    write(tmp_path, "h/broken.json", "h/empty.json", content=b"")
    taken = [
        ".hidden.json",
        "b.json",
        "broken.json",
        "d.json.gz",
        "e.b64",
        "empty.json",
        "f.txt",
        "g.pb",
        "h.pb.gz",
        "x.jsonl",
    ]
    expected = [*(f"h/{name}" for name in taken), "h/a/y.json", "h/a/z.json"]
    assert shown("h", cwd=tmp_path) == expected
    assert shown("h/", cwd=tmp_path) == expected
    assert shown(".", cwd=tmp_path / "h") == [name.removeprefix("h/") for name in expected]
    assert shown(str(tmp_path / "h"), cwd=tmp_path) == [str(tmp_path / name) for name in expected]
    assert shown("h/.git", cwd=tmp_path) == ["h/.git/c.json"]


def test_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert history_files(["."], cwd=tmp_path) == ()
    assert history_files([], cwd=tmp_path) == ()


def test_patterns(tmp_path: Path) -> None:
    write(tmp_path, "h/b.json", "h/a.json", "h/deep/er/c.json", "h/note.md", "h/[x].json")
    assert shown("h/?.json", cwd=tmp_path) == ["h/a.json", "h/b.json"]
    assert shown("h/**/*.json", cwd=tmp_path) == ["h/[x].json", "h/a.json", "h/b.json", "h/deep/er/c.json"]
    assert shown("h/n*", cwd=tmp_path) == ["h/note.md"]
    assert shown("h/de*", cwd=tmp_path) == ["h/deep/er/c.json"]
    assert shown("h/[x].json", cwd=tmp_path) == ["h/[x].json"]
    assert shown("h/[ab].json", cwd=tmp_path) == ["h/a.json", "h/b.json"]
    assert shown("../h/a*", cwd=tmp_path / "h") == ["../h/a.json"]
    assert shown(f"{tmp_path}/h/a*", cwd=tmp_path) == [str(tmp_path / "h/a.json")]


def test_each_file_comes_once(tmp_path: Path) -> None:
    write(tmp_path, "h/a.json", "h/b.json", "other/c.json")
    (tmp_path / "h/again.json").symlink_to("a.json")
    (tmp_path / "h/linked").symlink_to("../other")
    assert shown("h/b.json", "h", "h/*", "other", cwd=tmp_path) == ["h/b.json", "h/a.json", "h/linked/c.json"]


def test_loops_of_symbolic_links_are_harmless(tmp_path: Path) -> None:
    write(tmp_path, "h/a.json", "h/x/b.json")
    for name in ("h/loop", "h/x/loop", "h/x/again"):
        (tmp_path / name).symlink_to(tmp_path / "h")
    (tmp_path / "h/self.json").symlink_to("self.json")
    (tmp_path / "h/gone.json").symlink_to("nothing.json")
    assert shown("h", cwd=tmp_path) == ["h/a.json", "h/x/b.json"]
    assert shown("h/**", cwd=tmp_path) == ["h/a.json", "h/x/b.json"]


def test_evidence_of_a_run(run: Path, tmp_path: Path) -> None:
    names = ["t1/history/a%2Fb.run-1.json", "t1/history/c.run-2.json", "t2/history/d.run-3.json"]
    folder = f".crashproof/runs/{run.name}"
    expected = [f"{folder}/trials/{name}" for name in names]
    for path in (folder, ".crashproof", ".crashproof/runs", f"{folder}/trials"):
        assert shown(path, cwd=tmp_path) == expected
    assert shown(run.name, cwd=tmp_path) == expected
    latest = [name.replace(run.name, "latest") for name in expected]
    assert shown("latest", cwd=tmp_path) == latest
    assert shown(".crashproof/runs/latest", cwd=tmp_path) == latest
    found = history_files([folder], cwd=tmp_path)
    assert [(file.trial, file.workflow_id) for file in found] == [("t1", "a/b"), ("t1", ""), ("t2", "")]


def test_evidence_of_a_trial(run: Path, tmp_path: Path) -> None:
    trial = f".crashproof/runs/{run.name}/trials/t1"
    expected = [f"{trial}/history/a%2Fb.run-1.json", f"{trial}/history/c.run-2.json"]
    for path in (trial, f"{trial}/history", f"{trial}/history/*.json"):
        assert shown(path, cwd=tmp_path) == expected
        assert {file.trial for file in history_files([path], cwd=tmp_path)} == {"t1"}
    assert shown(f"{trial}/plan.json", cwd=tmp_path) == [f"{trial}/plan.json"]
    (run / "trials/t1/trial.json").write_text("{")
    assert [file.workflow_id for file in history_files([trial], cwd=tmp_path)] == ["", ""]


def test_what_is_said_of_an_activity_without_a_workflow_is_no_history(run: Path, tmp_path: Path) -> None:
    write(run / "trials/t3", "plan.json", "trial.json", "verdict.json", "activity/charge-run.run-4.json")
    assert shown(f".crashproof/runs/{run.name}/trials/t3", cwd=tmp_path) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("historys", r"there is no historys \(did you mean 'histories'\?\)"),
        ("histories/greating.json", r"\(did you mean 'greeting.json'\?\)"),
        ("historys/deep/er.json", r"\(did you mean 'histories'\?\)"),
        ("qqq", r"there is no qqq; `crashproof capture` stores histories of a cluster"),
        ("histories/*.pb", r"there is no histories/\*.pb"),
        ("histories/**x", r"histories/\*\*x is no pattern"),
        ("", "a path is empty"),
        ("latest", "there is no latest"),
    ],
)
def test_what_names_nothing(tmp_path: Path, path: str, told: str) -> None:
    write(tmp_path, "histories/greeting.json")
    with pytest.raises(UsageError, match=told):
        history_files([path], cwd=tmp_path)


def test_what_is_neither_file_nor_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe is neither a file nor a folder"):
        history_files(["pipe"], cwd=tmp_path)
    write(tmp_path, "h/a.json")
    os.mkfifo(tmp_path / "h/pipe.json")
    assert shown("h", cwd=tmp_path) == ["h/a.json"]


def test_thousands_of_files(tmp_path: Path) -> None:
    write(tmp_path, *(f"h/{number % 7}/{number:05}.json" for number in range(3000)))
    found = shown("h", cwd=tmp_path)
    assert len(found) == 3000
    assert found == sorted(found)


def test_index_of_captured_histories_tells_workflow_ids(tmp_path: Path) -> None:
    captured = CAPTURED | {"file": "cut-off.r1.json", "workflow_id": "cut-off-no-longer"}
    (tmp_path / "captured.json").write_text(json.dumps({"captured": [captured], "schema_version": 1}))
    (tmp_path / "cut-off.r1.json").write_text(json.dumps({"events": []}))
    (tmp_path / "other.json").write_text(json.dumps({"events": []}))
    found = history_files([str(tmp_path)], cwd=tmp_path)
    assert [(each.path.name, each.workflow_id) for each in found] == [
        ("cut-off.r1.json", "cut-off-no-longer"),
        ("other.json", ""),
    ]
    (tmp_path / "captured.json").write_text("no index")
    assert [each.workflow_id for each in history_files([str(tmp_path / "other.json")], cwd=tmp_path)] == [""]


def test_a_history_whose_hostile_workflow_id_begins_with_a_dot_is_not_passed_over(tmp_path: Path) -> None:
    index = {"captured": [{**CAPTURED, "file": name} for name in (".x.1.json", ".torn.2.json.gz")]}
    write(tmp_path, "h/captured.json", content=json.dumps(index).encode())
    write(tmp_path, "h/.x.1.json", "h/.y.json")
    write(tmp_path, "h/.torn.2.json.gz", content=b"")
    assert shown("h", cwd=tmp_path) == ["h/.torn.2.json.gz", "h/.x.1.json", "h/.y.json"]
