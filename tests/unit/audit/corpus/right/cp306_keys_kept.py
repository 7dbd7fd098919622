"""Keys that stay the same in each attempt, also where they look made."""

import hashlib
import uuid

import httpx
from temporalio import activity

URL = "https://pay.example/charges"


def made_of(order: str) -> str:
    return hashlib.sha256(order.encode()).hexdigest()


@activity.defn
async def pay(order: str) -> None:
    info = activity.info()
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post(URL, json={}, headers={"Idempotency-Key": str(uuid.uuid5(uuid.NAMESPACE_URL, order))})
        await client.post(URL, json={}, headers={"Idempotency-Key": made_of(order)})
        key = "-".join([info.workflow_id, info.activity_id])
        await client.post(URL, json={}, headers={"Idempotency-Key": key})
        headers = {}
        headers["Idempotency-Key"] = f"{info.workflow_id}-{order}"
        await client.post(URL, json={}, headers=headers)
