"""Bundles: the evidence of a trial as one file."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from harness.campaign.bundles import packed, unpack
from harness.errors import RigError


def evidence(run: Path) -> Path:
    trial = run / "trials" / "abc123"
    (trial / "history").mkdir(parents=True)
    (trial / "history" / "order.json").write_text('{"events": []}')
    (trial / "verdict.json").write_text("{}")
    return trial


def test_what_is_packed_comes_out_again_with_the_repetition_in_quiet(tmp_path: Path) -> None:
    trial = evidence(tmp_path / "one")
    (tmp_path / "one" / "under-load" / "abc123").mkdir(parents=True)
    (tmp_path / "one" / "under-load" / "abc123" / "trial.json").write_text("[]")
    unpack(packed(trial), into=tmp_path / "two")
    kept = {str(file.relative_to(tmp_path / "two")): file.read_text() for file in (tmp_path / "two").rglob("*.json")}
    assert kept == {
        "trials/abc123/history/order.json": '{"events": []}',
        "trials/abc123/verdict.json": "{}",
        "under-load/abc123/trial.json": "[]",
    }


def test_the_same_evidence_is_the_same_bytes_wherever_and_whenever_it_is_packed(tmp_path: Path) -> None:
    one, two = evidence(tmp_path / "one"), evidence(tmp_path / "elsewhere")
    os.utime(two / "verdict.json", (1, 1))
    assert packed(one) == packed(two)


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="cannot be read"):
        unpack(b"nonsense", into=tmp_path)
    with pytest.raises(RigError, match="cannot be read"):
        unpack(packed(evidence(tmp_path / "run"))[:-20], into=tmp_path)


@pytest.mark.parametrize("name", ["../outside", "trials/../../outside"])
def test_a_bundle_writes_nothing_outside_the_run(name: str, tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"{}"))
    with pytest.raises(RigError):
        unpack(content.getvalue(), into=tmp_path / "run")
    assert not (tmp_path / "outside").exists()
