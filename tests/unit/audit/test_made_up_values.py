"""Values that are made up for what a workflow takes fit its annotations, and the form that names ask for."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tests.unit.audit.test_program_reading import agent, program


def arguments(folder: Path, signature: str, classes: str = "") -> tuple[object, ...]:
    (workflow,) = program(folder, dedent(classes) + agent(signature)).workflows
    assert not workflow.written
    return workflow.arguments


def test_arguments_are_made_up_of_the_annotations(tmp_path: Path) -> None:
    classes = """
    class Speed(StrEnum):
        FAST = "fast"
        SLOW = "slow"

    class Person(BaseModel):
        name: str
        born: datetime

    @dataclass
    class Base:
        key: str

    @dataclass
    class Order(Base):
        person: Person
        speed: Speed
        amounts: list[float]
        gift: Optional[bool]
        more: dict[str, str]
        note: str = ""
    """
    assert arguments(tmp_path, "order: Order, count: int, hurry: bool = False", classes) == (
        {
            "key": "key",
            "person": {"name": "name", "born": "2026-01-01T00:00:00+00:00"},
            "speed": "fast",
            "amounts": [1.0],
            "gift": True,
            "more": {},
        },
        1,
    )


def test_what_nothing_can_be_made_up_for_is_named(tmp_path: Path) -> None:
    (workflow,) = program(tmp_path, agent("question: str, thing, other: Unknown")).workflows
    assert workflow.unknown == ("thing", "other")


def test_texts_have_the_form_that_their_names_ask_for(tmp_path: Path) -> None:
    text = """
    from typing import Literal
    from pydantic import Field
    class Guest(BaseModel):
        contact_email: str = Field(description="whom to write to")
        emails: list[str] = Field(..., min_length=1)
        email_subject: str
        room: Literal["single", "double"]
        check_in: str
        nights: int = Field(2, ge=1)
        tags: list[str] = Field(default_factory=list)
    """
    (workflow,) = program(tmp_path, dedent(text) + agent("guest: Guest, reply_url, name: str")).workflows
    assert workflow.unknown == ()
    assert workflow.arguments == (
        {
            "contact_email": "someone@example.com",
            "emails": ["someone@example.com"],
            "email_subject": "email subject",
            "room": "single",
            "check_in": "2026-01-01",
        },
        "https://example.com/",
        "name",
    )
