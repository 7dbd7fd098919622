"""Waiting for the response of a unary RPC, so that giving it up leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import Any


async def response_of(call: Any) -> Any:
    """Return the response of a call under way; where the caller is cancelled, the call is cancelled at the server, too.

    grpc.aio (1.85) frees what a call holds when the core says that it is over. Cancelling the call's own task gives up
    waiting for that word: 3.5 KiB are lost each time, which long polls of workers that are killed make 40 KiB a trial.
    So the call is cancelled in the core, and its task goes on until the core has said so.

    Args:
        call: What ``grpc.aio.Channel.unary_unary(...)`` returns when it is called.

    Raises:
        grpc.aio.AioRpcError: The server refused it, or did not answer in time.
    """
    try:
        await asyncio.shield(call._call_response)  # its own task: another one for it would cost 30 CPU-µs a call
    except asyncio.CancelledError:
        call._cython_call.cancel("given up by its caller")  # the public one cancels the task
        raise
    return await call
