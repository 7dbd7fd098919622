"""A fuzz of all that crashproof reads from others: `nox -s fuzz` runs it, within a time, with its seed printed."""
