"""A bucket of a cloud: whole objects by their names, over HTTP, at ``EFFECTS_URL``."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

TIMEOUT_S = 5.0


class Bucket:
    """A bucket, with as much of a filesystem of fsspec as a store asks: an object put again is the same one."""

    protocol = "bucket"

    def cat_file(self, path: str) -> bytes:
        """Return an object.

        Raises:
            FileNotFoundError: There is none of that name.
        """
        return base64.b64decode(_call(_request({"object": path}))["content"])

    def pipe_file(self, path: str, value: bytes) -> None:
        """Put an object."""
        body = {"content": base64.b64encode(value).decode(), "says": _said(value)}
        headers = {"Content-Type": "application/json", "Idempotency-Key": path}
        _call(_request({"object": path}, data=json.dumps(body).encode(), headers=headers, method="PUT"))

    def ls(self, path: str, *, detail: bool) -> list[str]:
        """Return what is directly in a folder; nothing where there is no such folder, as there are none in a bucket."""
        assert not detail
        return list(_call(_request({"folder": path}))["names"])


def _request(query: dict[str, str], **given: Any) -> urllib.request.Request:
    return urllib.request.Request(f"{os.environ['EFFECTS_URL']}/bucket?{urllib.parse.urlencode(query)}", **given)


def _call(request: urllib.request.Request) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:
            answer: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise FileNotFoundError(request.full_url) from error
        raise
    return answer


def _said(value: bytes) -> Any:
    """Return what an object says, for who compares objects: JSON as it is, a bundle as nothing."""
    try:
        return json.loads(value)
    except ValueError:
        return None
