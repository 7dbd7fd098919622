"""The configuration is found above the working directory, read strictly, and excludes what it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit.configuration import CATALOGUE, Configuration, excluding, find, load, rules_of
from harness.errors import UsageError
from harness.records.audit_result import Certainty

ALL = """
rules = ["CP1", "CP306", "effect-without-key"]
skip = ["cp101"]
certainty = { CP306 = "look", CP1 = "likely" }
fail-on = "certain"
exclude = ["generated/", "*_pb2.py"]
passed_through = ["app.models"]
baseline = "known.toml"
"""


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("pyproject.toml", "tool.crashproof.audit"),
        ("crashproof.toml", "audit"),
        ("crashproof.toml", "tool.crashproof.audit"),
    ],
)
def test_all_that_can_be_said_is_read(tmp_path: Path, name: str, table: str) -> None:
    file = tmp_path / name
    file.write_text(f"[{table}]\n{ALL}")
    found = find(tmp_path / "app" / "deep")
    assert found == load(file)
    assert found.rules == (*(rule.id for rule in CATALOGUE if rule.id.startswith("CP1")), "CP306")
    assert found.skip == ("CP101",)
    assert found.certainty["CP306"] is Certainty.LOOK
    assert found.certainty["CP102"] is Certainty.LIKELY
    assert found.fail_on is Certainty.CERTAIN
    assert found.exclude == ("generated/", "*_pb2.py")
    assert found.passed_through == ("app.models",)
    assert found.baseline == tmp_path / "known.toml"
    assert found.file == file


def test_the_nearest_one_counts_and_a_repository_ends_the_search(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.crashproof.audit]\nskip = ["CP101"]\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.other]\n")
    assert find(inner).skip == ("CP101",)
    (inner / "crashproof.toml").write_text('[audit]\nskip = ["CP102"]\n')
    assert find(inner).skip == ("CP102",)
    (inner / "crashproof.toml").unlink()
    (inner / ".git").mkdir()
    assert find(inner) == Configuration()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("exlude = []", "there is no key 'exlude' (did you mean 'exclude'?)"),
        ("exclude = 'a'", "exclude: expected a list of texts, not 'a'"),
        ("rules = [1]", "rules: expected a list of texts"),
        ("skip = ['CP160']", "skip: there is no rule 'CP160' (did you mean"),
        ("certainty = ['CP101']", "certainty: expected a table of rules with a certainty each"),
        (
            "certainty = {CP101 = 'lookk'}",
            "certainty.CP101: expected certain, likely, look, not 'lookk' (did you mean 'look'?)",
        ),
        ("certainty = {CP101 = 1}", "certainty.CP101: expected a text, not 1"),
        ("fail_on = 'never'", "fail_on: expected certain, likely, look, not 'never'"),
        ("baseline = ''", "baseline: expected a text"),
        ("rules = ['CP1'", "is no TOML"),
    ],
)
def test_what_cannot_be_said_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.crashproof.audit]\n{text}\n")
    with pytest.raises(UsageError) as raised:
        find(tmp_path)
    assert told in str(raised.value)


def test_a_named_file_must_configure_the_audit(tmp_path: Path) -> None:
    (tmp_path / "crashproof.toml").write_text("")
    with pytest.raises(UsageError, match=r"has no \[tool.crashproof.audit\] and no \[audit\]"):
        load(tmp_path / "crashproof.toml")
    with pytest.raises(UsageError, match="cannot read"):
        load(tmp_path / "none.toml")


def test_rules_are_named_by_id_name_or_family() -> None:
    assert rules_of(("cp101", "clock-in-workflow"), "--rule") == ("CP101",)
    assert set(rules_of(("CP7",), "--rule")) == {rule.id for rule in CATALOGUE if rule.id.startswith("CP7")}
    with pytest.raises(UsageError, match="--rule: there is no rule 'CP'"):
        rules_of(("CP",), "--rule")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("generated", "app/generated/x.py", True),
        ("generated/", "app/generated/x.py", True),
        ("generated", "app/generated_code.py", False),
        ("*_pb2.py", "app/deep/x_pb2.py", True),
        ("*_pb2.py", "x_pb2.pyi", False),
        ("app/*.py", "app/x.py", True),
        ("app/*.py", "app/deep/x.py", False),
        ("app/**/x.py", "app/x.py", True),
        ("app/**/x.py", "app/a/b/x.py", True),
        ("./app", "app/x.py", True),
        ("app/x?.py", "app/x1.py", True),
        ("tests", "app/tests/x.py", True),
        ("/tests", "app/tests/x.py", False),
        ("a.b", "aXb", False),
    ],
)
def test_patterns_exclude_as_gitignore_does(pattern: str, path: str, expected: bool, tmp_path: Path) -> None:
    assert excluding((pattern,), tmp_path)(tmp_path / path) is expected


def test_without_patterns_nothing_is_excluded(tmp_path: Path) -> None:
    assert not excluding((), tmp_path)(tmp_path / "app")
