"""What crashproof does for its users, as functions: run, resume, reproduce, judge, replay, audit and capture.

They take plain values, say how far they are through a callback, and return what it came to as a record, or raise
``UsageError`` or ``RigError``. The command line, the pytest fixtures and whoever wants another face call these and
nothing below them. Nothing here prints, reads options of a command line, or ends the process.
"""
