"""Real processes and sockets: the server, the doors and the worker processes of a trial."""
