"""Headless Chromium, where it is there: what a page measures in it, and pictures of one, cell by cell."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")

_HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1")
_POLICY = r'<meta http-equiv="Content-Security-Policy"[^>]*>'
_ACROSS, _DOWN = 8, 6  # pixels of a cell
_LEAST = 4  # pixels of a colour that make a cell's

Pixel = tuple[int, int, int]


def opened(address: str, *flags: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Return what Chromium says of a page that it has opened; what it keeps goes into a folder."""
    assert CHROMIUM
    command = [CHROMIUM, *_HEADLESS, f"--user-data-dir={folder}/browser", *flags, address]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def measured(page: str, script: str, *, folder: Path, window: str) -> Any:
    """Return what a script returns in a page that has loaded, without the policy that lets none in but the page's."""
    asks = f"addEventListener('load', () => {{ document.title = JSON.stringify((() => {{ {script} }})()); }});"
    file = folder / "measured.html"
    file.write_text(re.sub(_POLICY, "", page).replace("</body>", f"<script>{asks}</script></body>"))
    shown = opened(file.as_uri(), f"--window-size={window}", "--dump-dom", folder=folder).stdout
    title = re.search(r"<title>(.*?)</title>", shown, re.DOTALL)
    assert title
    return json.loads(unescape(title[1]))


def picture(page: str, *, folder: Path, window: str) -> list[str]:
    """Return a picture of a page as lines of cells: colours by their initials, grey as ``-``, nothing as a blank."""
    file = folder / "picture.html"
    file.write_text(page)
    opened(file.as_uri(), f"--window-size={window}", f"--screenshot={folder / 'picture.png'}", folder=folder)
    return list(_cells(_rows((folder / "picture.png").read_bytes())))


def alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two pictures show the same: what is in a cell of one is in it, or in one beside it, in the other."""
    return len(one) == len(other) and _within(one, other) and _within(other, one)


def _within(one: Sequence[str], other: Sequence[str]) -> bool:
    def near(row: int, column: int) -> set[str]:
        lines = other[max(row - 1, 0) : row + 2]
        return {cell for line in lines for cell in line.ljust(column)[max(column - 1, 0) : column + 2]}

    return all(
        cell == " " or cell in near(row, column) for row, line in enumerate(one) for column, cell in enumerate(line)
    )


def _cells(rows: Sequence[Sequence[Pixel]]) -> Iterator[str]:
    for top in range(0, len(rows) - _DOWN + 1, _DOWN):
        line = ""
        for left in range(0, len(rows[0]) - _ACROSS + 1, _ACROSS):
            places = product(range(top, top + _DOWN), range(left, left + _ACROSS))
            seen = [_colour(rows[y][x], rows[top][0]) for y, x in places]
            line += next((each for each in "rgb-" if seen.count(each) >= _LEAST), " ")
        yield line.rstrip()


def _colour(pixel: Pixel, background: Pixel) -> str:
    red, green, blue = pixel
    if max(abs(one - other) for one, other in zip(pixel, background, strict=True)) < 45:
        return " "
    if red > max(green, blue) + 40:
        return "r"
    if green > max(red, blue) + 25:
        return "g"
    return "b" if blue > red + 25 else "-"


def _rows(png: bytes) -> list[list[Pixel]]:
    """Return the pixels of a PNG file of 8 bits a channel, which is what Chromium writes."""
    place, data, width, channels = 8, b"", 0, 0
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        chunk = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack(">IIBB", chunk[:10])
            channels = {2: 3, 6: 4}[colour]
            assert depth == 8
        elif kind == b"IDAT":
            data += chunk
        place += length + 12
    plain = zlib.decompress(data)
    stride, before, rows = width * channels, bytes(width * channels), []
    for start in range(0, len(plain), stride + 1):
        before = _unfiltered(plain[start], bytearray(plain[start + 1 : start + 1 + stride]), before, channels)
        rows.append([tuple(before[x : x + 3]) for x in range(0, stride, channels)])
    return rows  # type: ignore[return-value]


def _unfiltered(kind: int, line: bytearray, above: bytes, step: int) -> bytes:
    """Undo the filter of one line: the PNG specification, section 9."""
    for x in range(len(line)) if kind else ():
        left, up = (line[x - step] if x >= step else 0), above[x]
        corner = above[x - step] if x >= step else 0
        line[x] = (line[x] + (left, up, (left + up) // 2, _nearest(left, up, corner))[kind - 1]) & 255
    return bytes(line)


def _nearest(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
