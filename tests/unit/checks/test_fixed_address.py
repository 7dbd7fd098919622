from __future__ import annotations

from harness.records.verdict import Severity

from .build import Story, nothing, only_finding

NAME = "address-can-be-told"


def test_a_worker_that_goes_to_a_fixed_address_is_risky() -> None:
    story = Story().act("fixed-address", worker=1, address="localhost:7233").close()
    finding = only_finding(NAME, story.evidence())
    assert finding.severity is Severity.RISKY
    assert finding.message == (
        "the worker connects to localhost:7233 though TEMPORAL_ADDRESS names another address: it is hard-coded"
    )


def test_one_that_goes_where_it_is_told_is_not_looked_at() -> None:
    nothing(NAME, Story().close().evidence())
