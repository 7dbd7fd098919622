"""What the official clients make of each fault is what the package's page of it shows."""

from __future__ import annotations

import re

from tests.rig.doors.model.official_clients import MODEL_FAULTS, PAGE, VERSIONS, heard_by_all, page


async def test_the_page_shows_what_the_clients_make_of_each_fault() -> None:
    table, shown = await heard_by_all(), PAGE.read_text()
    assert len(MODEL_FAULTS) >= 70
    assert re.findall(r"^\| `(.+?)`", shown, re.MULTILINE) == [fault.name for fault in MODEL_FAULTS]
    assert all(table.values()), "a fault that no client can meet"
    if VERSIONS in shown:  # another version of a client may rightly do something else
        assert page(table) == shown
    for fault in MODEL_FAULTS:
        for heard in table[fault.name].values():
            assert heard.requests >= (fault.name != "model-unknown-name"), fault.name
            assert fault.heard != "the answer" or heard.outcome == "the answer", fault.name
            assert fault.heard != "another answer" or heard.outcome.startswith("no error"), fault.name
