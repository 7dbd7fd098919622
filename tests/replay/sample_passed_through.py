"""A module that a workflow passes through the sandbox."""

import locale
import random
import uuid
from datetime import datetime

from pydantic import BaseModel, Field

CACHE: set[str] = set()


class Asked(BaseModel):
    """Has a new key each time it is made; the factory is called by pydantic's compiled core."""

    key: uuid.UUID = Field(default_factory=uuid.uuid4)


def pick() -> int:
    return random.choice([1, 2, 3])


def this_year() -> int:
    return datetime.now().year


def encoding() -> str:
    return locale.getpreferredencoding(False)
