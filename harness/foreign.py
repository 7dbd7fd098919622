"""Foreign text and JSON made harmless for each medium: what workers, histories and servers say may hold anything."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

_STEERING = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f"  # C0 controls but tab and newline, and DEL
    "\x80-\x9f"  # C1 controls: \x9b begins a control sequence as ESC [ does
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, embeddings, overrides and isolates of direction
    "\u2028\u2029"  # line and paragraph separator
    "\ud800-\udfff"  # lone surrogates, which cannot be encoded
    "]"
)
_STEERING_IN_LINE = re.compile(f"{_STEERING.pattern}|\n")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_MARKUP = re.compile(r"[\\`*_~<>|\[\]&!$]")
_LINKED = re.compile(r"[@#](?=\w)|(?<=\w):(?=//)|(?<=\bwww)\.|(?<=\bGH)-(?=\d)", re.IGNORECASE)
_NO_LINK = "\N{WORD JOINER}"
_IN_CHARACTER = re.compile("%[89AB]")  # a further byte of a character of UTF-8
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)
_DEEPEST = 200

LONGEST_NAME = 120
"""Characters that one foreign text takes of a file's name, at most; a name has room for 255 bytes."""


def for_terminal(text: str) -> str:
    r"""Return a text of several lines in which nothing steers a terminal or changes the direction of reading.

    What would is shown as Python writes it: ``\x1b``, ``\x9b``, ``\u202e``. Tabs and newlines stay.
    """
    return _STEERING.sub(_shown, text)


def for_line(text: str) -> str:
    """Return a text as ``for_terminal`` does, on one line: its newlines are shown, too."""
    return _STEERING_IN_LINE.sub(_shown, text)


def for_xml(text: str) -> str:
    """Return a text without the characters that XML 1.0 does not allow, and that steers nothing where it is shown."""
    return for_terminal(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def for_markdown(text: str) -> str:
    """Return a text on one line that Markdown shows as it is: no markup, no table cell, no mention, no link.

    What a forge would make a link of by itself (``@name``, ``#1``, ``GH-1``, ``https://…``) is parted by a sign that
    is not seen.
    """
    line = _LINKED.sub(_parted, for_line(" ".join(text.split())))
    return _MARKUP.sub(lambda sign: f"\\{sign[0]}", line)


def for_code_span(text: str) -> str:
    """Return a text on one line as a code span of Markdown, which ends where the text does."""
    line = for_line(" ".join(text.split()))
    longest = max((len(ticks) for ticks in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}"


def for_file_name(text: str) -> str:
    """Return a text as a part of a file's name, at most ``LONGEST_NAME`` ASCII characters of it.

    Percent-encoded, so that nothing leaves the folder, hides the file (a dot in front) or names a device of Windows.
    One that is too long is cut, and ends in a digest, so that two long ones have two names.
    """
    name = quote(text, safe="", errors="surrogatepass")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if _RESERVED.match(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > LONGEST_NAME:
        digest = hashlib.blake2s(text.encode(errors="surrogatepass"), digest_size=6).hexdigest()
        name = f"{_cut(name, LONGEST_NAME - len(digest) - 1)}~{digest}"
    return name


def _cut(name: str, length: int) -> str:
    """Return the beginning of a percent-encoded name that ends with a whole character."""
    start = re.sub("%[0-9A-F]?$", "", name[:length])
    while _IN_CHARACTER.match(name, len(start)):
        start = start[:-3]
    return start


def encodable(text: str) -> str:
    r"""Return a text that UTF-8 can write: half of a character is shown as ``for_terminal`` does, ``\ud83d``."""
    return _SURROGATE.sub(_shown, text)


def parsed_json(text: str | bytes) -> Any:
    r"""Return the value of a JSON text, as one that JSON can write again and that people can read.

    Half of a character, as of an answer that was cut within an emoji, stands in it as the text ``\ud83d``.

    Raises:
        ValueError: It is no JSON, or nested too deeply to be taken apart everywhere.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    suspect = said.count("[") + said.count("{") > _DEEPEST or _ESCAPED_SURROGATE.search(said) or _SURROGATE.search(said)
    return whole(value) if suspect else value


def whole(value: Any, depth: int = _DEEPEST) -> Any:
    """Return a value of JSON, lists for tuples, in which every text is ``encodable``.

    Raises:
        ValueError: It is nested deeper than so many levels.
    """
    if not depth:
        raise ValueError("it is nested too deeply")
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list | tuple):
        return [whole(each, depth - 1) for each in value]
    if isinstance(value, dict):
        return {encodable(key): whole(each, depth - 1) for key, each in value.items()}
    return value


def _shown(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape", "surrogatepass").decode()


def _parted(sign: re.Match[str]) -> str:
    return f"{sign[0]}{_NO_LINK}"
