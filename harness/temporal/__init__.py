"""What is known of Temporal's own formats: events, commands, payloads, defaults of the server, its service."""
