"""A folder of captured histories: what is kept, what stays as it is, and what its index says of it."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.histories.capture_folder import INDEX, CapturedHistory, CaptureFolder, covered_by, file_name, read_index
from harness.histories.choosing import Candidate

RUN = "5c0b1f0e-9a3e-4b52-8f0c-0c7d2e1f3a4b"
ENTRY = CapturedHistory(
    file="",
    workflow_id="orders/7",
    run_id=RUN,
    workflow_type="Order",
    status="COMPLETED",
    open=False,
    task_queue="orders",
    namespace="default",
    server_version="1.29.1",
    started="2026-11-01T00:00:00+00:00",
    closed="2026-11-01T00:01:00+00:00",
    events=1,
    sha256="",
    scrubbed=False,
    adds=("TIMER_STARTED",),
)
CANDIDATE = Candidate(workflow_id="orders/7", run_id=RUN, workflow_type="Order", status="COMPLETED")


def test_a_history_is_written_once_and_its_entry_is_in_the_index(tmp_path: Path) -> None:
    folder = CaptureFolder(tmp_path)
    done, entry = folder.keep(ENTRY, [{"eventId": "1"}])
    folder.flush()
    assert (done, entry.file) == ("new", f"orders%2F7.{RUN}.json")
    assert json.loads((tmp_path / entry.file).read_text()) == {"events": [{"eventId": "1"}]}
    assert read_index(tmp_path).captured == (entry,)
    assert CaptureFolder(tmp_path).is_done(CANDIDATE, scrubbed=False)
    assert not CaptureFolder(tmp_path).is_done(CANDIDATE, scrubbed=True)
    assert CaptureFolder(tmp_path).keep(ENTRY, [{"eventId": "1"}])[0] == "same"


def test_another_content_stays_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    CaptureFolder(tmp_path).keep(ENTRY, [{"eventId": "1"}])
    assert CaptureFolder(tmp_path).keep(ENTRY, [{"eventId": "2"}])[0] == "changed"
    assert CaptureFolder(tmp_path, overwrite=True).keep(ENTRY, [{"eventId": "2"}])[0] == "replaced"


def test_files_are_compressed_where_asked_for(tmp_path: Path) -> None:
    _, entry = CaptureFolder(tmp_path, compress=True).keep(ENTRY, [])
    assert entry.file.endswith(".json.gz")
    assert json.loads(gzip.decompress((tmp_path / entry.file).read_bytes())) == {"events": []}


def test_what_held_nothing_new_is_remembered_unless_it_is_open(tmp_path: Path) -> None:
    folder = CaptureFolder(tmp_path)
    running = dataclasses.replace(CANDIDATE, run_id="r2", status="RUNNING")
    folder.pass_over(CANDIDATE)
    folder.pass_over(running)
    folder.flush()
    again = CaptureFolder(tmp_path)
    assert (again.was_passed_over(CANDIDATE), again.was_passed_over(running)) == (True, False)
    assert again.entry_of(CANDIDATE) is None


def test_coverage_is_gathered_by_workflow_type() -> None:
    other = dataclasses.replace(ENTRY, adds=("TIMER_FIRED",))
    assert covered_by([ENTRY, other]) == {"Order": {"TIMER_STARTED", "TIMER_FIRED"}}


def test_a_long_workflow_id_is_cut_in_the_name_of_its_file() -> None:
    assert file_name("é" * 100, run_id=RUN).partition("~")[0] == "%C3%A9" * 17
    assert len(file_name("a" * 1000, run_id=RUN)) == 120 + len(f".{RUN}.json")


def test_an_index_that_cannot_be_read_is_said_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("[]")
    with pytest.raises(UsageError, match="is no index of captured histories"):
        CaptureFolder(tmp_path)
