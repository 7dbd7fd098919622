"""The GitHub Action and the workflows that use it: valid, and of commands and inputs that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.unit.docs.pages import ALL
from tests.unit.docs.test_blocks import commands, parsed
from tests.unit.published import published

ACTION = ROOT / ".github/actions/crashproof/action.yml"
WORKFLOWS = [*sorted((ROOT / ".github/workflows").glob("*.yml"))]


def read(text: str) -> Any:
    import yaml

    # The key `on` is true in YAML 1.1; GitHub reads it as a word.
    read = yaml.safe_load(text)
    return {("on" if key is True else key): value for key, value in read.items()}


def wrong(text: str, schema: str) -> list[str]:
    return [error.message for error in published(schema).iter_errors(read(text))]


def test_the_action_is_one() -> None:
    assert wrong(ACTION.read_text(), "github-action") == []
    assert wrong(ACTION.read_text().replace("composite", "compost"), "github-action")


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(file.read_text(), id=file.name) for file in WORKFLOWS),
        *(pytest.param(block.text, id=str(block)) for block in ALL if block.language == "yaml"),
    ],
)
def test_workflows_are_valid_and_give_the_action_what_it_takes(text: str) -> None:
    assert wrong(text, "github-workflow") == []
    given = [
        name
        for job in read(text)["jobs"].values()
        for step in job["steps"]
        if "actions/crashproof" in step.get("uses", "")
        for name in step["with"]
    ]
    assert given
    assert set(given) <= set(read(ACTION.read_text())["inputs"])


def test_the_commands_of_the_action_are_taken_by_crashproof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    script = read(ACTION.read_text())["runs"]["steps"][1]["run"]
    for variable, value in {"$TARGETS": "scenarios", "$REPORTS": "out", "$OPTIONS": ""}.items():
        script = script.replace(variable, value)
    lines = [line.partition(") ")[2] for line in script.splitlines() if ") crashproof" in line]
    found = [parsed(words[1:]).info_name for line in lines for words in commands(line) if words]
    assert found == ["run", "explore", "audit"]
