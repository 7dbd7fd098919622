"""Measurements, printed as one table: ``python -m tests.bench``."""
