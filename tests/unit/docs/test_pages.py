"""The pages of checks and rules say what `crashproof explain` says, and the links of all pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.app.audit import rule_texts
from harness.checks.catalogue import standard
from harness.report.explain import checks_markdown, rules_markdown
from tests import ROOT

DOCS = ROOT / "harness" / "docs"


def test_the_page_of_checks_is_what_explain_prints() -> None:
    """``crashproof explain checks > harness/docs/checks.md`` makes it anew."""
    assert (DOCS / "checks.md").read_text() == checks_markdown(standard()) + "\n"


def test_the_page_of_rules_is_what_explain_prints() -> None:
    """``crashproof explain rules > harness/docs/rules.md`` makes it anew."""
    assert (DOCS / "rules.md").read_text() == rules_markdown(rule_texts()) + "\n"


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.stem)
def test_links_lead_to_pages_that_are_there(page: Path) -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+\.md[^)]*)\)", page.read_text())]
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200
