"""The code under audit: its modules, names, surfaces, and what workflow code reaches."""
