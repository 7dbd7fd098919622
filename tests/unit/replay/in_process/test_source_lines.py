"""Which code is the user's, and how a line of it is shown."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import temporalio.workflow

from harness.replay.in_process import source_lines
from harness.replay.in_process.source_lines import UserCode, is_python, is_temporal, site_text
from tests import ROOT


def test_code_is_the_users_unless_it_is_pythons_temporals_or_a_librarys(tmp_path: Path) -> None:
    code = UserCode()
    assert code.holds(str(tmp_path / "agent.py"))
    for other in (json.__file__, temporalio.workflow.__file__, source_lines.__file__, "<frozen importlib>"):
        assert not code.holds(other)
    assert not any(code.holds(str(file)) for file in (ROOT / "harness").rglob("*.py"))
    assert is_python(json.__file__)
    assert is_temporal(temporalio.workflow.__file__)
    assert not is_python(temporalio.workflow.__file__)


def test_an_installed_package_is_the_users_once_a_workflow_of_it_runs(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "agents"
    code = UserCode()
    assert not code.holds(str(package / "tools.py"))
    code.add_home(str(package / "workflows.py"))
    assert code.holds(str(package / "tools.py"))
    assert not code.holds(str(package.parent / "other.py"))


def test_a_site_is_the_innermost_line_of_the_user() -> None:
    code = UserCode()
    here = sys._getframe()
    assert code.site(here) == (here.f_code.co_filename, here.f_lineno, "test_a_site_is_the_innermost_line_of_the_user")
    assert code.site(None) is None
    try:
        json.loads("[")
    except ValueError as error:
        site = code.raised_at(error.__traceback__)
    assert site is not None
    assert (site[0], site[2]) == (__file__, "test_a_site_is_the_innermost_line_of_the_user")


def test_a_site_is_shown_by_its_path_from_the_working_directory(tmp_path: Path) -> None:
    assert site_text(None) == ""
    assert site_text((os.path.join(os.getcwd(), "agent.py"), 3, "run")) == "agent.py:3 in run"
    assert site_text((str(tmp_path / "agent.py"), 3, "run")) == f"{tmp_path}/agent.py:3 in run"
