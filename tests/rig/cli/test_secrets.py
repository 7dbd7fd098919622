"""Secrets that a worker has and tells stand nowhere in what a run writes, and half an emoji ends no run."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.rig.cli.running import crashproof, worker_options

TELLING = worker_options("telling", workflow="Telling", task_queue="telling")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "SHOP_API_KEY": "CANARY-environment",
    "SHOP_DATABASE": "postgres://shop:CANARY-password@127.0.0.1/shop",
    "TEMPORAL_API_KEY": "CANARY-temporal",
    "TEMPORAL_PROFILE": "CANARY-profile",
    "TEMPORAL_TLS": "true",
}


def test_no_secret_stands_in_what_a_run_writes_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    given = ("--env", "GIVEN=CANARY-given", "--faults", "effect-reply-lost", "-o", "json")
    done = crashproof("run", *TELLING, *given, cwd=tmp_path, env=ENVIRONMENT)
    document = json.loads(done.out)
    assert document["trials"]["run"] >= 3, done.err
    assert document["trials"]["unknown"] == 0, done.err
    assert "CANARY" not in done.out + done.err
    (run,) = (path for path in (tmp_path / ".crashproof/runs").iterdir() if not path.is_symlink())
    written = [path for path in run.rglob("*") if path.is_file()]
    assert [str(path) for path in written if b"CANARY" in path.read_bytes()] == []
    assert {path.stat().st_mode & 0o077 for path in (run, *run.rglob("*")) if not path.is_symlink()} == {0}
    logs = "".join(path.read_text() for path in written if path.name.startswith("worker-"))
    assert "my keys: … … None" in logs
    assert "postgres://shop:…@127.0.0.1/shop" in logs
    tapes = "".join(path.read_text() for path in written if path.name == "tape.jsonl")
    assert "half \\\\ud83d" in tapes
    assert "api_key=…" in tapes
    shown = crashproof("scrub", "--out", "shown", "-o", "json", cwd=tmp_path)
    assert json.loads(shown.out)["trials"] == document["trials"], shown.err
    copied = [path for path in (tmp_path / "shown").rglob("*") if path.is_file()]
    left_out = {path.name for path in written} - {path.name for path in copied}
    assert all(name.startswith(("worker-", "report", "summary")) for name in left_out), left_out
    assert [str(path) for path in copied if b"half \\" in path.read_bytes()] == []
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "shown").rglob("*")} == {0}
    workers = [each["worker"] for each in json.loads((tmp_path / "shown" / "run.json").read_bytes())["scenarios"]]
    assert workers == ["…"], "a command line is withheld"
    twice = crashproof("scrub", "--out", "shown", cwd=tmp_path)
    assert (twice.status, "shown is there already" in twice.err) == (2, True)
    again = crashproof("reproduce", document["findings"][0]["reproduce"].split()[-1], cwd=tmp_path, env=ENVIRONMENT)
    assert (again.status, "give it again in the environment, GIVEN=VALUE" in again.err) == (2, True)
