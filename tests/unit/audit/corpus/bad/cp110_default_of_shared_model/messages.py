"""Messages of the conversation."""

from datetime import datetime, timezone
from uuid import uuid4

from pydantic import BaseModel, Field


def new_id() -> str:
    return uuid4().hex


def now() -> datetime:
    return datetime.now(timezone.utc)


class Identified(BaseModel):
    id: str = Field(default_factory=new_id)  # finding: CP110


class Message(Identified):
    role: str
    text: str
    at: datetime = Field(default_factory=now)  # finding: CP110
