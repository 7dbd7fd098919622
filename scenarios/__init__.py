"""Agents as users write them, and the scenarios in which crashproof tortures them."""
