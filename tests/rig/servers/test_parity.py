"""What the engines make of the same work is what the package's page of it shows."""

from __future__ import annotations

from tests.rig.servers.parity import NOT_APPLICABLE, PAGE, compared, page, versions


async def test_the_page_shows_what_each_engine_makes_of_the_same_work() -> None:
    table, made_with, shown = await compared(), await versions(), PAGE.read_text()
    for on_dev, skipped, test_server in table.values():
        assert skipped.startswith("the same ") or on_dev == NOT_APPLICABLE
        assert test_server.startswith("the same ")
    if made_with in shown:  # another version of a server may rightly write something else
        assert page(table, made_with) == shown
