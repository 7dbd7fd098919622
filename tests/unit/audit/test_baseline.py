"""The baseline file keeps known findings out of the report, survives a review by hand, and tells what is stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.audit.baseline import KnownFinding, applied, known_of, load, out_of_sight, save
from harness.errors import UsageError
from harness.records.audit_result import AuditFinding, AuditResult, Certainty, CodePlace, FileReport

HERE = Path()
ODD = "for x in {\"a\", 'b'}:  # \\ tab\there \x7f ✓"


def finding(line: int, text: str = "now()", *, file: str = "app.py", rule: str = "CP101") -> AuditFinding:
    place = CodePlace(file=file, line=line, function="Agent.run")
    return AuditFinding(rule=rule, certainty=Certainty.CERTAIN, message="It reads the clock.", place=place, text=text)


def audited(*findings: AuditFinding, files: tuple[str, ...] = ("app.py",)) -> AuditResult:
    return AuditResult(findings=findings, files=tuple(FileReport(file=file) for file in files))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    known = known_of([finding(1), finding(2, ODD)], folder=HERE)
    save(tmp_path / "b.toml", known)
    assert set(load(tmp_path / "b.toml")) == set(known)


def test_findings_are_known_wherever_their_lines_move() -> None:
    known = known_of([finding(10)], folder=HERE)
    left = applied(audited(finding(99, "   now( )"), finding(5, "other()")), known, folder=HERE, asked=["CP101"])
    assert [each.text for each in left.findings] == ["other()"]
    assert [each.place.line for each in left.baselined] == [99]
    assert left.stale == ()


def test_an_audit_run_from_another_folder_knows_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path)
    known = known_of([finding(1, file="deep/app.py")], folder=tmp_path)
    assert known[0].file == "deep/app.py"
    monkeypatch.chdir(tmp_path / "deep")
    left = applied(audited(finding(1)), known, folder=tmp_path, asked=["CP101"])
    assert (left.findings, left.stale) == ((), ())


def test_the_second_of_two_alike_is_another_one() -> None:
    first, second = finding(1), replace(finding(2), occurrence=1)
    left = applied(audited(first, second), known_of([first], folder=HERE), folder=HERE, asked=["CP101"])
    assert left.findings == (second,)


def test_an_entry_that_nothing_matches_is_stale_if_its_file_and_rule_were_looked_at(tmp_path: Path) -> None:
    (tmp_path / "there.py").touch()
    rows = [("app.py", "CP101"), ("there.py", "CP101"), ("app.py", "CP106"), ("gone.py", "CP101")]
    found = [finding(1, file=str(tmp_path / file), rule=rule) for file, rule in rows]
    known = known_of(found, folder=tmp_path)
    nothing = audited(files=(str(tmp_path / "app.py"),))
    left = applied(nothing, known, folder=tmp_path, asked=["CP101"])
    assert left.stale == ("CP101 app.py in Agent.run: now()", "CP101 gone.py in Agent.run: now()")
    kept = out_of_sight(known, nothing, folder=tmp_path, asked=["CP101"])
    assert [(each.file, each.rule) for each in kept] == [("there.py", "CP101"), ("app.py", "CP106")]


def test_reasons_given_by_hand_are_kept() -> None:
    before = [replace(known_of([finding(1)], folder=HERE)[0], reason="logged only")]
    assert known_of([finding(7)], folder=HERE, before=before)[0].reason == "logged only"


def test_what_a_comment_ignores_is_not_stale() -> None:
    left = replace(audited(), suppressed=((finding(1), "so"),))
    assert applied(left, known_of([finding(1)], folder=HERE), folder=HERE, asked=["CP101"]).stale == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[finding]", "is no TOML"),
        ("[[findings]]", "expected [[finding]] tables only, found findings"),
        ("finding = 1", "expected [[finding]] tables only"),
        ("finding = [1]", "entry 1: expected a table"),
        ('[[finding]]\nfingerprint = "a"\nrule = "CP101"', "entry 1: file is missing"),
        ('[[finding]]\nfinger_print = "a"', "there is no key 'finger_print' (did you mean 'fingerprint'?)"),
        ("[[finding]]\nrule = 1", "rule must be text"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "b.toml").write_text(text)
    with pytest.raises(UsageError) as raised:
        load(tmp_path / "b.toml")
    assert told in str(raised.value)


def test_a_file_that_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the baseline"):
        load(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="cannot write the baseline"):
        save(tmp_path / "none" / "b.toml", [KnownFinding(fingerprint="a", rule="CP101", file="app.py")])
