"""The store of a campaign: what is kept is there whole or not at all, and what is wrong with it is said."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from harness.campaign import store as stores
from harness.campaign.store import MissingError, Store
from harness.campaign.store_by_url import REMEDY, store_by_url
from harness.errors import RigError, UsageError


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return store_by_url(str(tmp_path / "store") if request.param == "folder" else f"memory://{tmp_path.name}")


def test_what_is_put_there_is_given_again(store: Store) -> None:
    store.put_json("campaigns/one/0.json", {"a": [1, 2]})
    assert store.get_json("campaigns/one/0.json", dict) == {"a": [1, 2]}
    store.put("campaigns/one/1.json", b"other")
    assert store.names("campaigns/one") == ["0.json", "1.json"]
    assert store.names("campaigns/two") == []


def test_bundles_are_named_by_what_they_hold(store: Store) -> None:
    digest = store.add(b"evidence")
    assert store.add(b"evidence") == digest
    assert store.bundle(digest) == b"evidence"
    store.put(f"bundles/{digest[:2]}/{digest}.tar.gz", b"evid")
    with pytest.raises(MissingError, match="only in part"):
        store.bundle(digest)
    store.add(b"evidence")
    assert store.bundle(digest) == b"evidence"


def test_what_is_not_there_or_something_else_is_missing(store: Store) -> None:
    with pytest.raises(MissingError):
        store.get("campaigns/none.json")
    store.put("campaigns/one.json", b"[1]")
    with pytest.raises(MissingError, match="something else"):
        store.get_json("campaigns/one.json", dict)


def test_nothing_half_written_stays_beside_what_is_there(tmp_path: Path) -> None:
    store_by_url(str(tmp_path)).put("a/b.json", b"{}")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RigError, match=f"the store {tmp_path}/file does not take one.json: "):
        store_by_url(str(tmp_path / "file")).put("one.json", b"{}")


class Silent:
    """A bucket that takes a request and never answers it."""

    protocol = ("s3", "s3a")

    def __init__(self) -> None:
        self.over = threading.Event()

    def ls(self, path: str, *, detail: bool) -> list[str]:
        self.over.wait()
        return []

    def cat_file(self, path: str) -> bytes:
        self.over.wait()
        return b""

    def pipe_file(self, path: str, content: bytes) -> None:
        raise PermissionError("Access Denied")


def test_a_bucket_that_does_not_answer_is_given_up_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "ANSWER_LIMIT", 0.1)
    silent = Store("s3://bucket/x", files=(bucket := Silent()), root="bucket/x")
    remedy = r"; see that this machine reaches it \(its endpoint, the network\) and has the credentials for it$"
    with pytest.raises(RigError, match=f"the store s3://bucket/x did not give one.json within 0.1 s{remedy}"):
        silent.get_json("one.json", dict)
    with pytest.raises(RigError, match=f"the store s3://bucket/x did not list campaigns within 0.1 s{remedy}"):
        silent.names("campaigns")
    with pytest.raises(RigError, match=f"does not take one.json: PermissionError: Access Denied{remedy}"):
        silent.put("one.json", b"{}")
    bucket.over.set()


def test_a_kind_of_store_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match=r"nonsense://bucket names no store: .*nonsense"):
        store_by_url("nonsense://bucket")


def test_the_package_that_a_store_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError) as error:
        store_by_url(os.curdir)
    assert REMEDY in str(error.value)
