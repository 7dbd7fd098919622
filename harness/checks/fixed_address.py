"""Fixed addresses: whether the worker can be told where its server is, or always goes to the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks import showing
from harness.checks.check import NothingToLookAt, check
from harness.records.act_facts import FixedAddressTaken
from harness.records.evidence import Evidence
from harness.records.tape import acts
from harness.records.verdict import Finding, Severity


@check(
    "address-can-be-told",
    severity=Severity.RISKY,
    why="A worker that always goes to the same address cannot be deployed anywhere else without another build of it.",
    fix="Read the address from the environment or a configuration: ClientConfig.load_client_connect_config() of "
    "temporalio.envconfig reads TEMPORAL_ADDRESS and profiles.",
)
def address_can_be_told(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """The worker goes to the server that TEMPORAL_ADDRESS names, where the scenario gives it a fixed address too."""
    taken = list(acts(evidence.tape, "fixed-address"))
    if not taken:
        raise NothingToLookAt("no worker process went to a fixed address")
    facts = taken[0].facts_as(FixedAddressTaken)
    address = facts.address if facts else ""
    words = f"the worker connects to {address} though TEMPORAL_ADDRESS names another address: it is hard-coded"
    yield Finding(
        check="address-can-be-told",
        subject="the worker's address",
        message=words,
        evidence=showing.entries(evidence, taken[:1]),
    )
