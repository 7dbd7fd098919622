"""What the approval agent finds outside: a search, and the checkpoint store, a program of its own with a database."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from functools import cache
from typing import Any

HITS = ("A picnic needs a dry day.", "Baskets can be hired at the park.")


def answer(effect: dict[str, Any]) -> dict[str, Any]:
    """Answer a search, and hand a checkpoint to the store, which has a database for each trial."""
    if effect["name"] == "search":
        return {"hits": list(HITS)}
    request = urllib.request.Request(
        f"http://127.0.0.1:{_store()}/approval-{effect['trial']}",
        data=json.dumps(effect["body"]).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": effect["key"]},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=4) as reply:
        saved: dict[str, Any] = json.load(reply)
    return saved


@cache
def _store() -> int:
    """Start the store, which ends with this process, and return its port."""
    command = [sys.executable, "-m", "scenarios.approval.store"]
    store = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert store.stdout
    return int(store.stdout.readline())
