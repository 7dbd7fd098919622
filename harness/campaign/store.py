"""The store of a campaign: where its machines leave evidence for each other, by URL.

A folder that all machines see, or a bucket; ``harness.campaign.store_by_url`` opens one.

Two kinds of things are kept:

- Bundles, named by the digest of their content. One that was written half is noticed when it is read, and written
  again by whoever has it: names never lie.
- Small JSON files with names of their own (``harness.campaign.places``), each written by one activity. An activity that
  is done twice writes the same file twice.
"""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from harness.errors import RigError

T = TypeVar("T")

ANSWER_LIMIT = 60.0
"""Seconds in which a store must say what it has: a small file, or names. That of a bundle is not limited."""

_OURS = ("file", "local", "memory")
"""Kinds of stores that no network and no credentials lie before."""


class MissingError(RigError):
    """The store has no such thing, or has it only in part."""


class Store:
    """A place for evidence that several machines reach.

    Args:
        url: Its URL, or the path of a folder.
        files: What keeps its files: a filesystem of fsspec, or what does the same.
        root: Where they are in it.
    """

    def __init__(self, url: str, *, files: Any, root: str) -> None:
        self.url = url
        self._files = files
        self._root = root

    def put(self, name: str, content: bytes) -> None:
        """Keep content under a name: whole, or not at all.

        Raises:
            RigError: The store does not take it.
        """
        path = self._path(name)
        self._tried(lambda: self._write(path, content), f"does not take {name}")

    def get(self, name: str) -> bytes:
        """Return what is kept under a name.

        Raises:
            MissingError: Nothing is.
            RigError: The store does not give it.
        """
        content: bytes = self._tried(lambda: self._files.cat_file(self._path(name)), f"does not give {name}")
        return content

    def put_json(self, name: str, value: Any) -> None:
        """Keep a value as JSON, the same bytes whoever keeps the same value; see ``put``."""
        self.put(name, msgspec.json.encode(value, order="deterministic"))

    def get_json(self, name: str, kind: type[T]) -> T:
        """Return a value that is kept as JSON; see ``get``.

        Raises:
            MissingError: Nothing is kept there, or something else.
            RigError: The store does not give it, or says nothing within a minute.
        """
        try:
            return msgspec.json.decode(self._within(lambda: self.get(name), f"give {name}"), type=kind)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise MissingError(f"the store {self.url} holds something else as {name}: {error}") from error

    def names(self, folder: str) -> list[str]:
        """Return the names of what is kept directly in a folder, without the folder; none where it is not there.

        Raises:
            RigError: The store does not say, within a minute.
        """

        def listed() -> list[Any]:
            paths: list[Any] = self._files.ls(self._path(folder), detail=False)
            return paths

        try:
            paths = self._within(lambda: self._tried(listed, f"does not list {folder}"), f"list {folder}")
        except MissingError:
            return []
        return sorted(str(path).rsplit("/", 1)[-1] for path in paths)

    def add(self, bundle: bytes) -> str:
        """Keep a bundle under the digest of its content, and return that digest."""
        digest = hashlib.sha256(bundle).hexdigest()
        self.put(_bundle(digest), bundle)
        return digest

    def bundle(self, digest: str) -> bytes:
        """Return a bundle.

        Raises:
            MissingError: It is not there, or not as it was given.
            RigError: The store does not give it.
        """
        content = self.get(_bundle(digest))
        if hashlib.sha256(content).hexdigest() != digest:
            raise MissingError(f"the store {self.url} has bundle {digest[:12]} only in part")
        return content

    def remove_bundle(self, digest: str) -> None:
        """Keep a bundle no longer; one that is not there is none already.

        Raises:
            RigError: The store does not let it go.
        """
        with suppress(MissingError):
            self._tried(lambda: self._files.rm_file(self._path(_bundle(digest))), f"does not remove {digest[:12]}")

    def _write(self, path: str, content: bytes) -> None:
        if "file" not in self._protocols:  # a bucket takes an object whole, or not at all
            self._files.pipe_file(path, content)
            return
        partial = f"{path}.{uuid.uuid4().hex[:8]}.partial"
        self._files.makedirs(os.path.dirname(path), exist_ok=True)
        self._files.pipe_file(partial, content)
        os.replace(partial, path)

    @property
    def _protocols(self) -> tuple[str, ...]:
        protocol = self._files.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _tried(self, action: Callable[[], T], what: str) -> T:
        try:
            return action()
        except FileNotFoundError as error:
            raise MissingError(f"the store {self.url} knows nothing of it, and {what}") from error
        except Exception as error:  # each kind of store raises its own
            raise RigError(f"the store {self.url} {what}: {type(error).__name__}: {error}{self._remedy}") from error

    def _within(self, action: Callable[[], T], what: str) -> T:
        """Do what must be done in a while; a store that neither answers nor refuses is left to itself.

        Raises:
            RigError: It was not done by then.
        """
        done: Future[T] = Future()

        def do() -> None:
            try:
                done.set_result(action())
            except BaseException as error:
                done.set_exception(error)

        threading.Thread(target=do, daemon=True).start()
        try:
            return done.result(ANSWER_LIMIT)
        except TimeoutError as error:
            if done.done():
                raise
            raise RigError(f"the store {self.url} did not {what} within {ANSWER_LIMIT:g} s{self._remedy}") from error

    @property
    def _remedy(self) -> str:
        if not set(_OURS).isdisjoint(self._protocols):
            return ""
        return "; see that this machine reaches it (its endpoint, the network) and has the credentials for it"


def _bundle(digest: str) -> str:
    return f"bundles/{digest[:2]}/{digest}.tar.gz"
