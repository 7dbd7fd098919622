"""Text that steers a terminal or turns the direction of reading: what every form for people has to make harmless."""

from __future__ import annotations

import unicodedata

SIGNS = (
    *map(chr, (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))),
    *"\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ud800\udfff",
)
NASTY = (
    "x"
    + "".join(SIGNS)
    + "\U0001f389 \ufffe </pre><script>alert(1)</script>]]> ``` | a | ![i](http://e/x.png) @octocat #1 y"
)

_MEANT = {"\t", "\n"}


def harmless(text: str) -> bool:
    """Tell whether a text holds nothing but visible characters, tabs and newlines, and can be encoded."""
    steering = [
        sign
        for sign in text
        if sign not in _MEANT
        and (
            unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(sign) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
            or sign in "\u061c\u200e\u200f"
        )
    ]
    return not steering
