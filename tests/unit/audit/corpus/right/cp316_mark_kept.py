"""Errors that are final stay final when they are wrapped, or are let through."""

from temporalio import activity
from temporalio.exceptions import ApplicationError


def check(amount: int) -> int:
    if amount < 0:
        raise ApplicationError("a negative amount", type="Refused", non_retryable=True)
    return amount


def look(amount: int) -> int:
    if amount > 100:
        raise ApplicationError("later")
    return amount


@activity.defn
async def pay(amount: int) -> int:
    try:
        return check(amount)
    except ApplicationError:
        raise
    except Exception as error:
        raise RuntimeError("payment failed") from error


@activity.defn
async def pay_again(amount: int) -> int:
    try:
        return check(amount)
    except ApplicationError as error:
        raise ApplicationError("payment failed", non_retryable=error.non_retryable) from error


@activity.defn
async def pay_later(amount: int) -> int:
    try:
        return look(amount)
    except Exception as error:
        raise RuntimeError("payment failed") from error


@activity.defn
async def pay_or_tell(amount: int) -> int:
    try:
        return check(amount)
    except Exception as error:
        if isinstance(error, ApplicationError) and error.non_retryable:
            raise
        raise RuntimeError("payment failed") from error
