"""A module that a workflow passes through the sandbox."""

import random
import uuid

from pydantic import BaseModel, Field


class Asked(BaseModel):
    """Has a new key each time it is made; the factory is called by pydantic's compiled core."""

    key: uuid.UUID = Field(default_factory=uuid.uuid4)


def pick() -> int:
    return random.choice([1, 2, 3])
