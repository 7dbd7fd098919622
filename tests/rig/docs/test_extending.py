"""What the page on extending shows is applied to a copy of the package, and is found in every listing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

PAGE = (ROOT / "harness/docs/extending.md").read_text()
PACKAGE = ROOT / "tests/unit/docs/package"

ADDED_TO_THE_HOUSE = {
    "faults": ["model-451", "model-mark"],
    "checks": ["history-stays-short"],
    "paths": ["completions"],
    "forms": ["report.csv"],
    "engines": ["nightly"],
}

ADDED_BY_A_PACKAGE = {
    "faults": ["nudge-worker", "model-teapot"],
    "checks": ["leaves-a-history"],
    "paths": ["parrot"],
    "forms": ["names.txt"],
    "engines": ["mine"],
}

LISTINGS = """
import json, sys
from harness.doors.model import catalogue, faulty
from harness import faults
from harness.report.files import forms
from harness.trial.striking import carry_out
known = [faulty.is_answer(each.action) or carry_out.dispatch(type(each.action)) is not carry_out.dispatch(object)
         for each in faults.listed()]
paths = [dialect.path for dialect in catalogue.listed() if dialect.plays(dialect.path)]
print(json.dumps({"carried_out": all(known), "paths": paths, "forms": [form.file for form in forms()]}))
"""


def run(*command: str, package: Path, extra: Path | None = None) -> str:
    """Run Python in the folder that holds the package, with a further folder to import from."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in (package, extra) if path)}
    done = subprocess.run([sys.executable, *command], cwd=package, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listings(package: Path, extra: Path | None = None) -> dict[str, list[str]]:
    """Return the names in every listing."""

    def command(*words: str) -> Any:
        return json.loads(run("-m", "harness.cli", *words, "-o", "json", package=package, extra=extra))

    others = json.loads(run("-c", LISTINGS, package=package, extra=extra))
    assert others.pop("carried_out")
    engines = list(command("doctor")["engines"])
    words = run("-m", "harness.cli", "run", "--help", package=package, extra=extra).split()
    assert words[words.index("--engine") + 1] == "|".join(engines)
    names = {listing: [each["name"] for each in command(listing)] for listing in ("faults", "checks")}
    return {**names, **others, "engines": engines}


@pytest.fixture(scope="module")
def house() -> dict[str, list[str]]:
    """The listings as they are."""
    return listings(ROOT)


def more(listed: dict[str, list[str]], *, than: dict[str, list[str]]) -> dict[str, list[str]]:
    return {listing: [name for name in names if name not in than[listing]] for listing, names in listed.items()}


def test_the_diffs_of_the_page_add_one_of_each_kind(house: dict[str, list[str]], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    patch = "".join(re.findall(r"^```diff\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    # Within a repository git would leave out what lies outside the current folder's part of it.
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    applying = ["git", "apply", "--whitespace=error-all", "-"]
    done = subprocess.run(applying, input=patch, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the page shows what no longer fits: {done.stderr}"
    assert more(listings(tmp_path), than=house) == ADDED_TO_THE_HOUSE


def test_an_installed_package_adds_one_of_each_kind(house: dict[str, list[str]]) -> None:
    assert more(listings(ROOT, PACKAGE), than=house) == ADDED_BY_A_PACKAGE
