"""The fork server: a process that has imported the installed packages, from which worker processes are forked."""
