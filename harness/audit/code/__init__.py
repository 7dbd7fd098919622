"""The code under audit: its modules, names, outlines, and what workflow code reaches."""
