"""Compares the commands that workflow code decides on with the recorded ones, and judges the differences."""
