"""An activity class that reads its notes from a file database and its prices from a shop, both blocking."""

import sqlite3

import httpx
from temporalio import activity


class Shop:
    def __init__(self, file: str) -> None:
        self._file = file
        self._client = httpx.Client(timeout=10)

    @activity.defn
    async def price(self, article: str) -> float:
        with sqlite3.connect(self._file) as notes:  # finding: CP301
            known = notes.execute("SELECT price FROM notes WHERE article = ?", (article,)).fetchone()
        if known:
            return float(known[0])
        return float(self._client.get(f"https://shop.example/{article}").json()["price"])  # finding: CP301
