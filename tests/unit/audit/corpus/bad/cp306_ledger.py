"""An activity that adds to a balance and writes a row: every attempt adds again."""

import sqlite3

from temporalio import activity


@activity.defn
def credit(account: str, cents: int) -> None:
    with sqlite3.connect("ledger.db") as ledger:
        ledger.execute("UPDATE accounts SET cents = cents + ? WHERE id = ?", (cents, account))  # finding: CP306
        ledger.execute("INSERT INTO bookings (account, cents) VALUES (?, ?)", (account, cents))  # finding: CP306
