"""Strict replay: the commands of workflow code today, compared with the events that were recorded."""
