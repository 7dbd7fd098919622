"""The picture of an exploration: what paths have in common is drawn once, and ends are marked by what they are."""

from __future__ import annotations

from harness.records.explore_result import Explorations, ExploredBranch
from harness.report.explore.source import explore_report
from harness.report.html.page import html
from harness.report.html.path_tree import path_tree

BRANCHES = (
    ExploredBranch(moves=("begins", "activity book.1 completes", "signal approve arrives"), end="completed"),
    ExploredBranch(moves=("begins", "activity book.1 completes"), end="stuck"),
    ExploredBranch(moves=("begins", "signal <approve> arrives before anybody waits for it"), end="task failed"),
)


def test_a_common_beginning_is_one_line_and_each_end_has_its_mark() -> None:
    tree = path_tree("Trip", BRANCHES)
    assert tree is not None
    assert [(mark.title, mark.kind) for mark in tree.marks] == [
        ("begins", "open"),
        ("activity book.1 completes: stuck", "FAIL"),
        ("signal approve arrives: completed", "PASS"),
        ("signal <approve> arrives before anybody waits for it: task failed", "FAIL"),
    ]
    assert len({(mark.x, mark.y) for mark in tree.marks}) == 4
    assert max(len(mark.text) for mark in tree.marks) == 28


def test_too_many_paths_have_no_picture() -> None:
    assert path_tree("Trip", ()) is None


def test_the_page_shows_the_picture_with_all_text_made_harmless() -> None:
    tree = path_tree("Trip", BRANCHES)
    assert tree is not None
    page = html(explore_report(Explorations(results=())), trees=[tree])
    assert page.count("<circle") == 4
    assert "signal &lt;approve&gt; arrives before anybody" in page
