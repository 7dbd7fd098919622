"""Errors that are final, wrapped in ones that are not: the retry policy no longer knows."""

from temporalio import activity
from temporalio.exceptions import ApplicationError


def check(amount: int) -> int:
    if amount < 0:
        raise ApplicationError("a negative amount", type="Refused", non_retryable=True)
    return amount


@activity.defn
async def pay(amount: int) -> int:
    try:
        return check(amount)
    except Exception as error:
        raise RuntimeError("payment failed") from error  # finding: CP316


@activity.defn
async def pay_again(amount: int) -> int:
    try:
        return check(amount)
    except ApplicationError as error:
        raise ApplicationError(f"payment failed: {error}") from error  # finding: CP316
