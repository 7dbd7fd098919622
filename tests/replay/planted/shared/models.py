"""A pydantic model with a default of its own, in a module that workflows pass through the sandbox."""

import uuid

from pydantic import BaseModel, Field


class ToolCall(BaseModel):
    """One call of a tool, with a key by which the tool knows it again."""

    tool: str
    key: uuid.UUID = Field(default_factory=uuid.uuid4)
