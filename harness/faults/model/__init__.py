"""Faults of the model that an agent asks, one file for each way in which a provider fails."""
