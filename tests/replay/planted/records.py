"""What the planted workflows are given and pass on, as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Trip:
    city: str
    nights: int


@dataclass
class Charge:
    amount: float
    currency: str


@dataclass
class Receipt:
    city: str
    paid: str


@dataclass
class Conversation:
    turns: list[str] = field(default_factory=list)
    title: str = "untitled"
