"""``crashproof run``, ``judge`` and ``reproduce`` as a user has them: exit status, report, evidence."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.rig.cli.running import COMMAND, LIMIT, MARKING, Done, begun, crashproof, holding

DECLARED = '''
"""A charge and its look-alike."""

from harness import Scenario, start

charges = Scenario(worker="python -m scenarios.broken.agents.effect_without_key", work=start("ChargeWithoutKey", "x"))
'''
RUN = ".crashproof/runs/latest"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A run of an agent that charges twice, with its folder."""
    cwd = tmp_path_factory.mktemp("failed")
    (cwd / "declared.py").write_text(DECLARED)
    return cwd, crashproof("run", "declared.py", "-o", "json", cwd=cwd)


def trials(document: Any) -> dict[str, Any]:
    return {each["plan"]: (each["outcome"], each["checks"]) for each in document["trials"]["verdicts"]}


def test_a_failing_run_says_what_broke_in_json(failed: tuple[Path, Done]) -> None:
    done = failed[1]
    assert done.status == 1
    told = done.json
    assert (told["schema_version"], told["outcome"], told["exit_status"], told["vacuous"]) == (1, "FAIL", 1, 0)
    counts = told["trials"]
    assert counts["run"] == counts["passed"] + counts["failed"] + counts["unknown"] == len(counts["verdicts"])
    assert told["points"] == {"known": 5, "struck": 5, "unreachable": 0}
    [finding] = told["findings"]
    assert finding["check"] == "effects-happen-once"
    assert finding["scenario"] == "charges"
    assert finding["plan"].startswith("kill-worker@before/RespondActivityTaskCompleted/ChargeWithoutKey/charge.1")
    assert finding["reproduce"] == f"crashproof reproduce {finding['trial']}"
    assert finding["message"]
    assert re.fullmatch("[0-9a-f]{6}", finding["id"])


def test_the_evidence_folder_is_complete(failed: tuple[Path, Done]) -> None:
    cwd, done = failed
    folder = cwd / RUN
    for name in ("run.json", "report.json", "report.txt"):
        assert (folder / name).is_file()
    assert json.loads((folder / "report.json").read_text())["findings"] == done.json["findings"]
    for each in done.json["trials"]["verdicts"]:
        trial = folder / "trials" / each["id"]
        for name in ("plan.json", "trial.json", "tape.jsonl", "samples.jsonl", "verdict.json"):
            assert (trial / name).is_file()
        assert list((trial / "history").glob("ChargeWithoutKey-run.*.json"))
        assert (trial / "logs" / "worker-1.err").is_file()
    assert not (folder / "rig").exists()


def test_judge_gives_the_same_verdicts_without_a_server(failed: tuple[Path, Done]) -> None:
    cwd, done = failed
    judged = crashproof("judge", RUN, "-o", "json", cwd=cwd, env={"CRASHPROOF_TEMPORAL": "/nowhere", "PATH": ""})
    assert judged.status == 1
    assert trials(judged.json) == trials(done.json)
    assert judged.json["findings"] == done.json["findings"]


def test_judge_shows_the_failure_and_how_to_see_it_again(failed: tuple[Path, Done]) -> None:
    cwd, done = failed
    judged = crashproof("judge", cwd=cwd)
    trial = done.json["findings"][0]["trial"]
    assert f"    Reproduce with:  crashproof reproduce {trial}" in judged.out.splitlines()
    assert "  FAIL  effects-happen-once (broken)" in judged.out.splitlines()
    assert judged.out.splitlines()[-1].startswith("FAIL: ")


def test_reproduce_of_a_failure_shows_the_same_check(failed: tuple[Path, Done]) -> None:
    cwd, done = failed
    again = crashproof("reproduce", done.json["findings"][0]["trial"], "-o", "json", cwd=cwd)
    assert again.status == 1
    assert [finding["check"] for finding in again.json["findings"]] == ["effects-happen-once"]
    assert again.json["folder"] != done.json["folder"]


def test_reproduce_of_an_unknown_trial_names_the_nearest(failed: tuple[Path, Done]) -> None:
    cwd, done = failed
    trial = done.json["findings"][0]["trial"]
    wrong = crashproof("reproduce", f"{trial[:-1]}z", cwd=cwd)
    assert wrong.status == 2
    assert f"did you mean {trial!r}?" in wrong.err


CORRUPT = [
    ("judge", "run.json"),
    ("judge", "trials/{}/tape.jsonl"),
    ("judge", "trials/{}/plan.json"),
    ("reproduce", "run.json"),
    ("reproduce", "trials/{}/trial.json"),
    ("resume", "run.json"),
    ("resume", "trials/{}/tape.jsonl"),
]


@pytest.mark.parametrize(("command", "name"), CORRUPT)
def test_corrupt_evidence_is_named(failed: tuple[Path, Done], tmp_path: Path, command: str, name: str) -> None:
    cwd, done = failed
    trial = done.json["findings"][0]["trial"]
    shutil.copytree(cwd, tmp_path, dirs_exist_ok=True, symlinks=True)
    damaged = (tmp_path / RUN).resolve() / name.format(trial)
    damaged.write_text('{"cut sh')
    arguments = {
        "judge": ["judge", RUN],
        "reproduce": ["reproduce", trial, "--run", RUN],
        "resume": ["run", "--resume", RUN],
    }
    refused = crashproof(*arguments[command], cwd=tmp_path)
    assert refused.status == 2, refused
    assert damaged.name in refused.err
    assert "cannot be read" in refused.err


def test_a_passing_run_and_its_options(tmp_path: Path) -> None:
    done = crashproof(
        "run", *MARKING, "--only", "before/effect.*", "--jobs", "1", "-o", "jsonl", "--keep", cwd=tmp_path
    )
    assert done.status == 0, done
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["outcome"] for line in lines] == ["PASS"] * len(lines)
    plans = {line["plan"].partition("/")[0] for line in lines[:-1]}
    assert plans == {"baseline", "kill-worker@before"}
    assert lines[-1]["schema_version"] == 1
    assert lines[-1]["trials"]["run"] == len(lines) - 1
    assert (tmp_path / RUN / "rig").is_dir()


def test_list_shows_the_points_and_strikes_nothing(tmp_path: Path) -> None:
    done = crashproof("run", *MARKING, "--list", cwd=tmp_path)
    assert done.status == 0, done
    assert "  before/effect.mark/Marking/mark.1/attempt-1" in done.out.splitlines()
    assert "kill-worker" not in done.out + done.err
    assert "5 points were not tried: only the points were asked for" in (tmp_path / RUN / "report.txt").read_text()
    judged = crashproof("judge", RUN, "-o", "json", cwd=tmp_path)
    assert (judged.status, judged.json["points"]) == (3, {"known": 5, "struck": 0, "unreachable": 0})


def test_max_failures_leaves_the_rest_out(tmp_path: Path) -> None:
    (tmp_path / "declared.py").write_text(DECLARED)
    checks = ["--check", "retry-bounded", "--check", "effects-happen-once"]
    limits = ["--max-failures", "1", "--jobs", "1"]
    done = crashproof("run", "declared.py", *limits, *checks, "-o", "json", cwd=tmp_path)
    assert done.status == 1, done
    [scenario] = done.json["scenarios"]
    assert scenario["not_run"] == len(scenario["untried"]) > 0
    assert scenario["limit"] == "as many trials had failed as --max-failures 1 allows"
    assert done.json["trials"]["failed"] == 1
    assert done.json["trials"]["verdicts"][0]["checks"].keys() == {"retry-bounded", "effects-happen-once"}


def test_time_limit_leaves_the_rest_out_and_is_no_pass(tmp_path: Path) -> None:
    done = crashproof("run", *MARKING, "--time-limit", "1", "--jobs", "1", "-o", "json", cwd=tmp_path)
    assert done.status == 3, done
    assert done.json["outcome"] == "UNKNOWN"
    assert done.json["scenarios"][0]["not_run"] > 0
    assert done.json["trials"]["failed"] == 0


def test_an_interrupted_run_is_gone_on_with_and_nothing_is_done_twice(tmp_path: Path) -> None:
    def verdicts() -> dict[Path, int]:
        found = (tmp_path / RUN / "trials").glob("*/verdict.json")
        return {file: file.stat().st_mtime_ns for file in found if "kill" in file.read_text()}

    # Two undisturbed trials have a verdict, and one that was struck.
    held, let_go = holding(tmp_path, files=".crashproof/runs/2*/trials/*/verdict.json", least=3)
    with begun("run", *MARKING, *held, "--jobs", "1", cwd=tmp_path) as running:
        running.until(verdicts)
        running.process.terminate()
        let_go.touch()
        running.process.wait(LIMIT)
        assert running.left() == []
    assert running.done().status == 130
    tapes = {file: file.with_name("tape.jsonl").stat().st_mtime_ns for file in verdicts()}
    judged = crashproof("judge", RUN, "-o", "json", cwd=tmp_path)
    [scenario] = judged.json["scenarios"]
    assert (judged.status, scenario["reason"]) == (3, "the run ended before this scenario was finished")
    assert judged.json["points"]["known"] == 5
    assert judged.json["points"]["struck"] + scenario["not_run"] == 5
    assert "were not tried" in (tmp_path / RUN / "report.txt").read_text()
    resumed = crashproof("run", "--resume", RUN, "-o", "json", cwd=tmp_path)
    assert resumed.status == 0, resumed
    assert resumed.json["points"]["struck"] == resumed.json["points"]["known"] == 5
    assert {file: file.with_name("tape.jsonl").stat().st_mtime_ns for file in tapes} == tapes
    assert len(list((tmp_path / ".crashproof/runs").glob("2*"))) == 1


def test_a_trial_whose_workflow_an_interruption_left_open_is_run_again(tmp_path: Path) -> None:
    done = crashproof("run", *MARKING, "--only", "before/effect.*", "--keep", cwd=tmp_path)
    assert done.status == 0, done
    trials = [file for file in (tmp_path / RUN / "trials").glob("*/verdict.json") if "kill" in file.read_text()]
    trials[0].unlink()  # as if it had been under way: the kept database has its workflow
    resumed = crashproof("run", "--resume", RUN, "-o", "json", cwd=tmp_path)
    assert resumed.status == 0, resumed
    assert resumed.json["points"]["struck"] == resumed.json["points"]["known"]
    assert trials[0].is_file()


def test_a_missing_script_is_said_before_a_server_starts_and_leaves_no_folder(tmp_path: Path) -> None:
    refused = crashproof("run", *MARKING, "--model", "nowhere.py", cwd=tmp_path, env={"CRASHPROOF_TEMPORAL": "/no"})
    assert refused.status == 2, refused
    assert "Marking names 'nowhere.py', but there is no file" in refused.err
    assert list((tmp_path / ".crashproof/runs").iterdir()) == []


def test_a_run_killed_at_random_moments_is_resumed_to_the_verdicts_of_one_go(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = tmp_path_factory.mktemp("whole")
    in_one_go = crashproof("run", *MARKING, "-o", "json", cwd=whole)
    assert in_one_go.status == 0, in_one_go
    seed = random.randrange(2**32)
    print(f"seed of the moments: {seed}")
    most = len(files_of(whole))
    moments = sorted(random.Random(seed).sample(range(1, most), k=3))
    arguments = ["run", *MARKING]
    for moment in moments:
        with begun(*arguments, cwd=tmp_path) as running:
            while running.process.poll() is None and len(files_of(tmp_path)) < moment:
                time.sleep(0.01)
            running.process.kill()
            running.process.wait(LIMIT)
            assert running.left() == []
        arguments = ["run", "--resume", RUN]
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / RUN).glob("trials/*/verdict.json")}
    resumed = crashproof(*arguments, "-o", "json", cwd=tmp_path)
    assert resumed.status == 0, resumed
    assert trials(resumed.json) == trials(in_one_go.json)
    assert resumed.json["points"] == in_one_go.json["points"]
    tapes = {file: file.with_name("tape.jsonl").stat().st_mtime_ns for file in kept}
    assert all(tapes[file] <= at for file, at in kept.items()), "a trial that was judged was run again"
    assert not (tmp_path / RUN / "rig").exists()


def files_of(cwd: Path) -> list[Path]:
    return list((cwd / RUN).glob("trials/*/*")) + list((cwd / RUN).glob("run.json"))


@pytest.mark.parametrize(("limit", "words"), [("-f 300", "files may not grow"), ("-n 14", "too many files are open")])
def test_a_machine_that_refuses_is_told_as_that_and_leaves_nothing(tmp_path: Path, limit: str, words: str) -> None:
    command = " ".join(map(shlex.quote, [*COMMAND, "run", *MARKING, "--jobs", "1"]))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-c", f"ulimit {limit}; exec {command}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / ".crashproof/runs").glob("*/rig"))


def may_mount() -> bool:
    """Tell whether a folder can be mounted here for one command alone: that takes root, and Linux."""
    try:
        return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not may_mount(), reason="nothing can be mounted here")
@pytest.mark.parametrize(
    ("option", "words"),
    [("size=3m", "no room is left on the disk"), ("ro", "Read-only file system; give another place")],
)
def test_a_disk_that_takes_nothing_is_told_as_that_and_the_run_ends_at_once(
    tmp_path: Path, option: str, words: str
) -> None:
    (tmp_path / "disk").mkdir()
    command = shlex.join([*COMMAND, "run", *MARKING, "--only", "before/effect.*", "--out", str(tmp_path / "disk/runs")])
    mounting = f"mount -t tmpfs -o {option} tmpfs {shlex.quote(str(tmp_path / 'disk'))}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"{mounting} && {command}; status=$?; ls disk/runs/*/rig; exit $status"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,  # and a call to a server that cannot write is waited for longer than that
        check=False,
    )
    assert done.returncode == 3, done
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""  # no rig folder is left
