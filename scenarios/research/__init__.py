"""The research agent: asks a model step by step and saves a note of each step."""
