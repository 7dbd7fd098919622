"""The report of strict replays, in each form."""
