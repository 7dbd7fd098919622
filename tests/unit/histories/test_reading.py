"""One history file is read, its events are stored, and what is known of it travels between processes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.histories.files import HistoryFile
from harness.histories.formats import load
from harness.histories.reading import ReadAnswer, ReadRequest, decoded_answer, decoded_request, encoded, read_one
from harness.histories.stored_history import read_stored
from tests import TESTS

GREETING = TESTS / "replay" / "histories" / "Greeting-run.json"


@pytest.fixture
def request_of(tmp_path: Path) -> ReadRequest:
    file = HistoryFile(path=GREETING, shown="greeting.json", trial="t1")
    return ReadRequest(file=file, binary=tmp_path / "1.pb", largest=2**20)


def test_a_history_is_stored_with_what_is_known_of_it(request_of: ReadRequest) -> None:
    history = read_one(request_of).history
    assert history.binary == request_of.binary
    assert read_stored(request_of.binary) == load(GREETING).history
    assert (history.file, history.workflow, history.failure) == (request_of.file, "Greeting", "")
    assert (history.events, history.closed) == (22, True)
    assert history.content == hashlib.sha256(request_of.binary.read_bytes()).hexdigest()


def test_a_file_that_holds_no_history_says_why(request_of: ReadRequest, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    answer = read_one(
        ReadRequest(file=HistoryFile(path=bad, shown="bad.json"), binary=request_of.binary, largest=2**20)
    )
    assert answer.history.failure.startswith("bad.json holds no workflow history: ")
    assert (answer.history.binary, answer.too_large, answer.disk) == (None, False, "")


def test_a_file_beyond_the_limit_is_too_large(request_of: ReadRequest) -> None:
    answer = read_one(ReadRequest(file=request_of.file, binary=request_of.binary, largest=10))
    assert answer.too_large
    assert "greeting.json" in answer.history.failure


def test_a_disk_that_takes_nothing_is_no_fault_of_the_file(request_of: ReadRequest, tmp_path: Path) -> None:
    answer = read_one(ReadRequest(file=request_of.file, binary=tmp_path / "missing" / "1.pb", largest=2**20))
    assert answer.disk.startswith("cannot write ")


def test_requests_and_answers_travel_whole(request_of: ReadRequest) -> None:
    assert decoded_request(encoded(request_of)) == request_of
    for answer in (read_one(request_of), ReadAnswer(history=read_one(request_of).history, disk="full")):
        assert decoded_answer(encoded(answer)) == answer
