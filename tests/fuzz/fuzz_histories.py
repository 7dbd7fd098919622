"""Histories: whatever a file holds, it is read or refused in words, as a whole and as a candidate."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from harness.errors import UsageError
from harness.foreign import for_terminal
from harness.histories.files import history_files
from harness.histories.formats import as_record, load
from tests import TESTS
from tests.fuzz.surfaces import fuzz, mutated

SURFACES = 2
_REAL = (TESTS / "histories" / "baseline.json").read_bytes()
_NAMES = ("h.json", ".h.json", "h.pb", "h.b64", "h.json.gz", "h.txt")


def _read(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        for file in history_files(["."], cwd=Path(folder)):
            try:
                as_record(load(file.path, shown=file.shown))
            except UsageError as error:
                for_terminal(str(error)).encode()


@fuzz(content=mutated(_REAL))
def test_a_history_is_read_or_refused(content: bytes) -> None:
    _read(content, _NAMES[len(content) % len(_NAMES)])


@fuzz(content=mutated(gzip.compress(_REAL[:5000])))
def test_a_packed_history_is_read_or_refused(content: bytes) -> None:
    _read(content, "h.json.gz")
