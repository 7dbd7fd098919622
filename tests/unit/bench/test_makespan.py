"""A campaign takes not much longer than all its trials do side by side, however many machines there are."""

from __future__ import annotations

import pytest

from tests import ROOT
from tests.bench.makespan import LENGTHS, Makespan, Simulation, as_table, makespans

WANTED = 1.2


@pytest.fixture(scope="module")
def rows() -> list[Makespan]:
    return makespans()


def test_no_campaign_takes_much_longer_than_the_ideal(rows: list[Makespan]) -> None:
    assert len(LENGTHS) > 50
    assert [row.machines for row in rows] == [1, 10, 100, 1_000]
    assert max(row.ratio for row in rows) <= WANTED


def test_the_table_of_the_docs_is_what_was_simulated(rows: list[Makespan]) -> None:
    page = (ROOT / "harness/docs/campaigns.md").read_text().splitlines()
    assert [line for line in as_table(rows) if line not in page] == []


def test_batches_of_one_size_would_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.bench.makespan.next_size", lambda left, most, lanes: min(left, most))
    simulated = Simulation(machines=1_000)
    assert simulated.run() > WANTED * simulated.work / (2 * 1_000)
