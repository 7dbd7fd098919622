"""Histories, workflows and programs of the bench part ``replay``."""
