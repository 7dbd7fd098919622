"""Keys that are new in each attempt, however they are spelled."""

import base64
import os
import secrets
import time
import uuid
from datetime import datetime, timezone

import httpx
import ulid
from temporalio import activity

URL = "https://pay.example/charges"


class Keys:
    def next(self) -> str:
        return f"key-{uuid.uuid4().hex[:8]}"


def fresh() -> str:
    return base64.urlsafe_b64encode(os.urandom(12)).decode()


@activity.defn
async def pay(amount: int) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post(URL, json={}, headers={"Idempotency-Key": str(ulid.ULID())})  # finding: CP306
        await client.post(URL, json={}, headers={"Idempotency-Key": uuid.uuid7().hex})  # finding: CP306
        await client.post(URL, json={}, headers={"Idempotency-Key": secrets.token_hex(8)})  # finding: CP306
        await client.post(URL, json={}, headers={"Idempotency-Key": f"{amount}-{time.time_ns()}"})  # finding: CP306
        await client.post(URL, json={}, headers={"Idempotency-Key": fresh()})  # finding: CP306
        await client.post(URL, json={}, headers={"Idempotency-Key": Keys().next()})  # finding: CP306
        key = "-".join([str(amount), datetime.now(timezone.utc).isoformat()])
        await client.post(URL, json={}, headers={"Idempotency-Key": key})  # finding: CP306
        headers = {}
        headers["Idempotency-Key"] = str(uuid.uuid4())
        await client.post(URL, json={}, headers=headers)  # finding: CP306
        await client.post(URL, json={}, headers={"Idempotency-Key": "%s" % uuid.uuid1()})  # finding: CP306
        await client.post(URL, json={}, headers={"Idempotency-Key": "{}".format(uuid.uuid6())})  # finding: CP306
