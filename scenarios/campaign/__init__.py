"""The worker of campaigns itself, as an agent like any other: its trials are scripted, all else of it is real."""
