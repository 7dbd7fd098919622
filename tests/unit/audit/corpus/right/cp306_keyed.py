"""Effects that may be asked for again: under a key, by a method that is idempotent, or of no lasting effect at all."""

import hashlib
import sqlite3
import uuid

import httpx
import requests
import stripe
from temporalio import activity

BOOKINGS = uuid.UUID("9f0c8f1e-8f5e-4f0c-8a57-6b1f0f5f7a11")


@activity.defn
async def book(restaurant: str, guests: int) -> str:
    info = activity.info()
    key = f"{info.workflow_id}/{info.activity_id}"
    async with httpx.AsyncClient(timeout=10, headers={"Accept": "application/json"}) as client:
        reply = await client.post(
            f"https://{restaurant}/bookings", json={"guests": guests}, headers={"Idempotency-Key": key}
        )
    return str(reply.json()["booking"])


@activity.defn
def charge(customer: str, order: str, cents: int) -> str:
    intent = stripe.PaymentIntent.create(
        amount=cents, currency="eur", customer=customer, idempotency_key=str(uuid.uuid5(BOOKINGS, order))
    )
    return str(intent.id)


@activity.defn
def transfer(account: str, cents: int, request_id: str) -> None:
    body = {"account": account, "cents": cents, "request_id": request_id}
    requests.post("https://bank.example/transfers", json=body, timeout=10).raise_for_status()


@activity.defn
def store(name: str, text: str) -> None:
    requests.put(f"https://files.example/{name}", data=text, timeout=10).raise_for_status()


@activity.defn
async def search(query: str) -> int:
    async with httpx.AsyncClient(timeout=10) as client:
        reply = await client.post("https://notes.example/notes/_search", json={"query": query})
    return len(reply.json()["hits"])


@activity.defn
async def embed(text: str) -> list[float]:
    async with httpx.AsyncClient(timeout=10) as client:
        reply = await client.post("https://models.example/v1/embeddings", json={"input": text})
    return [float(one) for one in reply.json()["data"][0]["embedding"]]


@activity.defn
def remember(note: str) -> None:
    key = hashlib.sha256(note.encode()).hexdigest()
    with sqlite3.connect("notes.db") as notes:
        notes.execute("INSERT OR IGNORE INTO notes (key, text) VALUES (?, ?)", (key, note))
        notes.execute("INSERT INTO seen (key) VALUES (?) ON CONFLICT (key) DO NOTHING", (key,))
        notes.execute("UPDATE notes SET text = ? WHERE key = ?", (note, key))
