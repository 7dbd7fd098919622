"""The wire door: a gRPC proxy between the worker processes and the Temporal server."""
