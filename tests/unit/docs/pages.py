"""The pages that ship with crashproof, and the blocks of code that stand on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "harness" / "docs").rglob("*.md")))


@dataclass(frozen=True)
class Block:
    """A block of code on a page; one that is indented, and not fenced, has no language."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, from the top down."""
    tokens = MarkdownIt().parse(page.read_text())
    return [
        Block(page, (token.map or [0])[0] + 1, token.info, token.content)
        for token in tokens
        if token.type in ("fence", "code_block")
    ]


def spans(page: Path) -> Iterator[str]:
    """Yield what a page sets in its text, its headings and its tables as code."""
    for token in MarkdownIt().enable("table").parse(page.read_text()):
        yield from (child.content for child in token.children or () if child.type == "code_inline")


ALL = [block for page in PAGES for block in blocks(page)]
