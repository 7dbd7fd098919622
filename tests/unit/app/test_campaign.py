"""A campaign is started unless its store has one of that id; what a cluster does is tried in `rig/campaign`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import AsyncMock, Mock

import pytest
from temporalio.client import WorkflowExecutionStatus

from harness.app import campaign
from harness.campaign.places import Places
from harness.campaign.store_by_url import store_by_url
from harness.errors import UsageError
from harness.records.options import SweepOptions
from harness.records.sweep_result import News


def started(
    store: Path,
    *,
    status: WorkflowExecutionStatus = WorkflowExecutionStatus.COMPLETED,
    told: list[News] | None = None,
) -> bool:
    """Start the campaign `c`, of which the cluster says that state, and return whether the cluster was asked for it."""
    order = campaign.order_of(["x.py"], store=str(store), options=SweepOptions(), batch=1, machines=1)
    handle = Mock(describe=AsyncMock(return_value=Mock(status=status)))
    client = Mock(start_workflow=AsyncMock(), get_workflow_handle=Mock(return_value=handle))
    tell = (told if told is not None else []).append
    asyncio.run(campaign.start(client, order, campaign="c", task_queue="", tell=tell))
    return client.start_workflow.await_count == 1  # type: ignore[no-any-return]


def kept(store: Path, name: str) -> Path:
    """Return a store that has a campaign."""
    store_by_url(str(store)).put_json(Places(name).asked, "run")
    return store


def test_one_that_its_store_has_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'c' was made, .* give another --id, .* campaign report c --store"):
        started(kept(tmp_path, "c"))


def test_one_that_is_under_way_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'c' is under way already"):
        started(kept(tmp_path, "c"), status=WorkflowExecutionStatus.RUNNING)


def test_another_one_or_one_of_another_store_is_started(tmp_path: Path) -> None:
    assert started(kept(tmp_path / "has another", "d"))
    assert started(tmp_path / "is not there yet")


def test_a_store_that_cannot_be_read_from_here_hinders_nothing_and_is_told(tmp_path: Path) -> None:
    (file := tmp_path / "file").write_text("no folder")
    told: list[News] = []
    assert started(file, told=told)
    (news,) = told
    assert f"the store {file} does not give campaigns/c/" in news.text
    assert news.text.endswith("; the campaign is started all the same, for its machines may")
    assert started(tmp_path / "empty", told=told)
    assert len(told) == 1
