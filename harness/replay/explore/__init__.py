"""Explores every order in which the world can answer an unmodified worker, by playing the server to it."""
