"""The report of explorations."""
