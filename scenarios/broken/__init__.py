"""Agents with one planted bug each, and right ones that look suspicious."""
