"""The events of a stored history are read back, and a file that is gone or changed is said to be so."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.api.history.v1 import History

from harness.errors import RigError
from harness.histories.files import HistoryFile
from harness.histories.formats import load
from harness.histories.reading import ReadRequest, read_one
from harness.histories.stored_history import loaded, read_stored
from tests import TESTS


def test_events_are_read_back(tmp_path: Path) -> None:
    history = History()
    history.events.add(event_id=1)
    file = tmp_path / "1.pb"
    file.write_bytes(history.SerializeToString())
    assert read_stored(file) == history


@pytest.mark.parametrize("content", [None, b"no protobuf"], ids=["gone", "changed"])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "1.pb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RigError, match=r"1\.pb cannot be read"):
        read_stored(file)


def test_a_stored_history_is_what_its_file_holds(tmp_path: Path) -> None:
    path = TESTS / "replay" / "histories" / "Greeting-run.json"
    request = ReadRequest(file=HistoryFile(path=path, shown="one.json"), binary=tmp_path / "1.pb", largest=2**20)
    assert loaded(read_one(request).history) == load(path)
