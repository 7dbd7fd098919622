"""What was done is remembered in the process: a set, a list, a dictionary, an attribute. A new process forgets it."""

import httpx
from temporalio import activity

SENT: set[str] = set()
PAID: dict[str, bool] = {}
BOOKED = []


@activity.defn
async def send(order: str) -> None:
    if order in SENT:  # finding: CP310
        return
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://shop.example/mails", json={"order": order})  # finding: CP306
    SENT.add(order)


@activity.defn
async def pay(order: str) -> None:
    if not PAID.get(order):  # finding: CP310
        async with httpx.AsyncClient(timeout=10) as client:
            await client.post("https://shop.example/charges", json={"order": order})  # finding: CP306
        PAID[order] = True


@activity.defn
async def book(order: str) -> None:
    if order not in BOOKED:  # finding: CP310
        async with httpx.AsyncClient(timeout=10) as client:
            await client.post("https://shop.example/bookings", json={"order": order})  # finding: CP306
        BOOKED.append(order)


class Shop:
    def __init__(self) -> None:
        self._done: set[str] = set()

    @activity.defn
    async def ship(self, order: str) -> None:
        if order in self._done:  # finding: CP310
            return
        async with httpx.AsyncClient(timeout=10) as client:
            await client.post("https://shop.example/shipments", json={"order": order})  # finding: CP306
        self._done.add(order)
