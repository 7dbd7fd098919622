"""The command ``crashproof audit``: what it prints, its exit statuses, bad input, and that no code of the user runs."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import psutil
import pytest

from tests.rig.cli.running import ROOT, Done, begun, crashproof

BAD = """
    import time
    from temporalio import workflow

    @workflow.defn
    class Agent:
        @workflow.run
        async def run(self) -> float:
            return stamp()

    def stamp() -> float:
        return time.time()
"""
RIGHT = BAD.replace("time.time()", "workflow.time()")
TEXT = """\
app.py

  app.py:11:12  certain  CP101 clock-in-workflow
    Workflow code calls time.time(): a replay reads another time and may decide otherwise. Use
    workflow.time().

      10 | def stamp() -> float:
    > 11 |     return time.time()
         |            ^^^^^^^^^^^

    How Agent gets there:
      app.py:8  Agent.run calls stamp()

What is broken, and what to write instead
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a workflow that reads the clock, below which no configuration is looked for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    (tmp_path / ".git").mkdir()
    return write(tmp_path, {"app.py": BAD})


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return folder


def audited(folder: Path, *arguments: str) -> Done:
    return crashproof("audit", *(arguments or ("app.py",)), cwd=folder)


def test_a_finding_is_shown_with_its_code_and_the_way_there(folder: Path) -> None:
    done = audited(folder)
    assert done.status == 1
    assert done.out.startswith(TEXT)
    assert "Explain with:  crashproof audit --explain CP101" in done.out
    assert done.out.splitlines()[-1].startswith("FAIL: 1 certain in 1 file with 1 workflow and 0 activities; ")
    assert "\x1b" not in done.out


def test_right_code_passes_and_what_proves_nothing_is_unknown(folder: Path) -> None:
    write(folder, {"app.py": RIGHT, "lib/plain.py": "x = 1\n", "empty/note.txt": "x"})
    assert audited(folder).status == 0
    assert audited(folder, ".").status == 0
    for nothing in ("lib", "empty"):
        done = audited(folder, nothing)
        assert done.status == 3
        assert done.out.startswith("UNKNOWN: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say what to audit"),
        (["ap.py"], "no file or folder ap.py (did you mean 'app.py'?)"),
        (["app.py", "--rule", "CP160"], "--rule: there is no rule 'CP160' (did you mean"),
        (["app.py", "--rule", "CP101", "--skip-rule", "CP1"], "no rule is left to ask"),
        (["app.py", "--certainty", "bad"], "'bad' is not one of"),
        (["app.py", "--baseline", "none.toml"], "cannot read the baseline none.toml"),
        (["app.py", "--config", "none.toml"], "cannot read none.toml"),
        (["app.py", "--explain", "clock-workflow"], "no rule 'clock-workflow' (did you mean 'clock-in-workflow'?)"),
        (["app.py", "--with-evidence", "none"], "there is no none"),
    ],
)
def test_what_is_asked_wrongly_ends_in_one_message(folder: Path, arguments: list[str], told: str) -> None:
    done = crashproof("audit", *arguments, cwd=folder)
    assert done.status == 2
    assert told in done.err
    assert done.out == ""


def test_certainties_decide_what_is_told_and_what_fails(folder: Path) -> None:
    write(folder, {"pyproject.toml": '[tool.crashproof.audit]\ncertainty = {CP101 = "look"}\n'})
    assert audited(folder).status == 0
    assert "1 look at it in 1 file" in audited(folder).out
    assert audited(folder, "app.py", "--fail-on", "look").status == 1
    done = audited(folder, "app.py", "--fail-on", "look", "--certainty", "likely")
    assert done.status == 0
    assert "1 finding less sure than asked for" in done.out


def test_rules_are_chosen_by_option_or_configuration(folder: Path) -> None:
    assert audited(folder, "app.py", "--rule", "CP2").status == 0
    assert audited(folder, "app.py", "--skip-rule", "clock-in-workflow").status == 0
    write(folder, {"crashproof.toml": '[audit]\nskip = ["CP101"]\n', "other.toml": "[audit]\n"})
    assert audited(folder).status == 0
    assert audited(folder, "app.py", "--rule", "CP101").status == 1
    assert audited(folder, "app.py", "--config", "other.toml").status == 1
    write(folder, {"crashproof.toml": '[audit]\nskipp = ["CP101"]\n'})
    assert "there is no key 'skipp' (did you mean 'skip'?)" in audited(folder).err


def test_excluded_files_are_not_audited(folder: Path) -> None:
    write(folder, {"crashproof.toml": '[audit]\nexclude = ["app.py"]\n', "right.py": RIGHT})
    assert audited(folder, ".").status == 0
    done = audited(folder)
    assert done.status == 3
    assert "all are excluded" in done.out


def test_a_comment_ignores_with_a_reason_and_only_then(folder: Path) -> None:
    write(folder, {"app.py": BAD.replace("time.time()", "time.time()  # crashproof: ignore[CP101] it is logged only")})
    done = audited(folder, "app.py", "-o", "json")
    assert (done.status, done.json["suppressed"][0]["reason"]) == (0, "it is logged only")
    write(folder, {"app.py": RIGHT.replace("workflow.time()", "1  # crashproof: ignore[CP101] in vain")})
    done = audited(folder)
    assert done.status == 0
    assert "app.py:11: the comment ignores CP101, which is not found here: remove it" in done.out


def test_a_baseline_keeps_known_findings_away_and_tells_what_is_stale(folder: Path) -> None:
    written = audited(folder, "app.py", "--write-baseline", "--baseline", "known.toml")
    assert (written.status, written.out) == (
        0,
        "1 finding is in known.toml: review it, and give a reason where it may stay\n",
    )
    assert 'text = "return time.time()"' in (folder / "known.toml").read_text()
    moved = BAD.replace("import time", "# another line\n    import time")
    write(folder, {"crashproof.toml": '[audit]\nbaseline = "known.toml"\n', "app.py": moved})
    assert audited(folder).status == 0
    write(folder, {"app.py": BAD.replace("return stamp()", "return stamp() + time.monotonic()")})
    done = audited(folder, "app.py", "-o", "json")
    assert (done.status, len(done.json["baselined"])) == (1, 1)
    write(folder, {"app.py": RIGHT})
    assert "stale in the baseline, nothing matches it any more: CP101 app.py in stamp" in audited(folder).out
    assert audited(folder, "app.py", "--write-baseline").out.startswith("0 findings are in known.toml")
    assert "[[finding]]" not in (folder / "known.toml").read_text()


def test_every_form_of_the_report_tells_the_finding(folder: Path) -> None:
    document = audited(folder, "app.py", "-o", "json").json
    assert (document["outcome"], document["exit_status"], document["findings"][0]["rule"]) == ("FAIL", 1, "CP101")
    assert document["findings"][0]["reproduce"] == "crashproof audit app.py --rule CP101"
    rows = audited(folder, "app.py", "-o", "jsonl").out.splitlines()
    assert len(rows) == 2
    sarif = audited(folder, "app.py", "--report", "sarif").json
    assert [each["ruleId"] for each in sarif["runs"][0]["results"]] == ["CP101"]
    assert audited(folder, "app.py", "--report", "github").out.startswith("::error file=app.py,line=11,")
    env = {"GITHUB_WORKSPACE": str(folder.parent)}
    above = crashproof("audit", "app.py", "--report", "github", cwd=folder, env=env).out
    assert above.startswith(f"::error file={folder.name}/app.py,line=11,")
    suite = ElementTree.fromstring(audited(folder, "app.py", "--report", "junit").out.encode())[0]
    assert suite.get("failures") == "1"


def test_rules_explain_themselves(folder: Path) -> None:
    done = crashproof("audit", "--explain", "set-order-reaches-command", cwd=folder)
    assert done.status == 0
    assert done.out.startswith("CP106 set-order-reaches-command (certain; broken)\n")
    assert "# crashproof: ignore[CP106] the reason" in done.out
    page = crashproof("audit", "--explain", "all", cwd=folder).out
    assert page.startswith("# Rules of crashproof audit\n")
    assert page.count("\n### CP") == page.count("\n| [CP") > 40
    assert len(crashproof("audit", "--explain", "CP1", "-o", "json", cwd=folder).json) > 5


def test_colours_come_when_they_are_asked_for_and_go_with_no_color(folder: Path) -> None:
    assert (
        "\x1b[31;1mcertain" in crashproof("audit", "app.py", cwd=folder, env={"FORCE_COLOR": "1", "NO_COLOR": ""}).out
    )
    assert "\x1b" not in crashproof("audit", "app.py", cwd=folder, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out


def test_bad_files_are_told_and_the_rest_is_audited(folder: Path) -> None:
    (folder / "binary.py").write_bytes(b"\x00\x01")
    (folder / "latin.py").write_bytes(b"# caf\xe9\n")
    (folder / "huge.py").write_text("x = 1\n" * 300_000)
    (folder / "loop").symlink_to(".")
    (folder / "nowhere.py").symlink_to("gone.py")
    files = {"broken.py": "def f(:\n", "newer.py": "type X = int\n"}
    write(folder, {**files, "a.py": "from b import *\nimport not_installed\n", "b.py": "from a import *\nimport a\n"})
    done = audited(folder, ".")
    assert done.status == 1
    told = {line.split(":")[0].strip(" -"): line for line in done.out.splitlines() if ": not audited: " in line}
    assert set(told) == {"binary.py", "broken.py", "huge.py", "latin.py", "loop", "newer.py", "nowhere.py"}
    assert "app.py:11:12  certain  CP101" in done.out
    write(folder, {"app.py": RIGHT})
    done = audited(folder, ".", "-o", "json")
    assert (done.status, done.json["trials"]) == (3, {"run": 9, "passed": 3, "failed": 0, "unknown": 6})


def test_nothing_that_is_audited_is_run(folder: Path) -> None:
    run = 'import pathlib\npathlib.Path(__file__).with_suffix(".ran").touch()\n'
    write(folder, {"app.py": run + dedent(BAD), "sitecustomize.py": run, "conftest.py": run, "temporalio.py": run})
    audited(folder, ".")
    assert list(folder.glob("*.ran")) == []


def test_results_are_remembered_unless_not_wanted(folder: Path) -> None:
    audited(folder, "app.py", "--no-cache")
    assert not (folder / ".cache").exists()
    first = audited(folder, "app.py", "-o", "json").json
    (kept,) = (folder / ".cache/crashproof/audit").iterdir()
    assert list(kept.glob("*.json"))
    assert kept.stat().st_mode & 0o077 == 0
    again = audited(folder, "app.py", "-o", "json").json
    assert first["findings"] == again["findings"]


def test_an_attack_on_what_is_remembered_from_within_the_project_changes_no_outcome(folder: Path) -> None:
    audited(folder)
    assert not (folder / ".crashproof").exists()
    (kept,) = (folder / ".cache/crashproof/audit").iterdir()
    edited = folder / ".crashproof/audit"
    shutil.copytree(kept, edited)
    for file in edited.glob("*.json"):
        content = json.loads(file.read_bytes())
        file.write_text(json.dumps({**content, "findings": []} if "findings" in content else content))
    shutil.copytree(edited, edited.parent / "audit" / kept.name)
    assert audited(folder).status == 1


def test_the_hook_of_pre_commit_audits_the_repository(folder: Path) -> None:
    hook = dict(line.strip(" -").split(": ", 1) for line in (ROOT / ".pre-commit-hooks.yaml").read_text().splitlines())
    program, *arguments = [*hook["entry"].split(), *hook["args"].strip("[]").split(", ")]
    assert program == "crashproof"
    assert crashproof(*arguments, cwd=folder).status == 1


def test_an_interrupted_audit_leaves_nothing_behind(folder: Path) -> None:
    steps = "".join(f"    x{number} = [each + {number} for each in range({number})]\n" for number in range(500))
    text = dedent(BAD).replace("    return time", f"{steps}    return time")
    write(folder, {f"agents/agent{number}.py": text for number in range(150)})
    with begun("audit", "agents", "--jobs", "2", "--no-cache", cwd=folder) as running:
        running.until(lambda: len(psutil.Process(running.process.pid).children()) == 2)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(200) == 130
        assert running.left() == []
        assert "crashproof: interrupted" in running.done().err


def test_histories_are_audited_by_what_they_show(folder: Path) -> None:
    (folder / "kept").mkdir()
    (folder / "kept" / "note.json").write_text("no history")
    for number, history in enumerate(sorted((ROOT / "tests" / "histories").glob("model-*.json"))[:2]):
        (folder / "kept" / f"{number}.json").write_bytes(history.read_bytes())
    done = audited(folder, "kept", "-o", "json")
    assert done.json["workflows"] == 1
    assert {report["file"]: bool(report["reason"]) for report in done.json["files"]} == {
        "kept/0.json": False,
        "kept/1.json": False,
        "kept/note.json": True,
    }
    together = audited(folder, "kept", "app.py", "--rule", "CP101", "-o", "json").json
    assert [finding["rule"] for finding in together["findings"]] == ["CP101"]
    assert together["workflows"] == 2


def test_attack_a_history_that_unpacks_to_nothing_but_events_is_read_apart_and_told(folder: Path) -> None:
    (folder / "kept").mkdir()
    recorded = next(iter(sorted((ROOT / "tests" / "histories").glob("model-*.json"))))
    (folder / "kept" / "0.json").write_bytes(recorded.read_bytes())
    (folder / "kept" / "bomb.json.gz").write_bytes(gzip.compress(b'{"events":[' + b"{}," * 2_000_000 + b"{}]}"))
    files = {report["file"]: report["reason"] for report in audited(folder, "kept", "-o", "json").json["files"]}
    assert files["kept/0.json"] == ""
    assert "holds no workflow history" in files["kept/bomb.json.gz"]


def test_what_a_run_showed_confirms_findings(folder: Path) -> None:
    shown = str(ROOT / "tests" / "unit" / "audit" / "shown" / "broken.json")
    agent = str(ROOT / "scenarios" / "broken" / "agents" / "set_order.py")
    done = audited(folder, agent, "--rule", "CP106", "--with-evidence", shown, "-o", "json")
    assert done.status == 1
    assert done.json["findings"][0]["confirmed"]
    assert done.json["missed"]
