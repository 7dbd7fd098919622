"""Comparing: the commands of a workflow task with the events that were recorded for it, field by field."""
