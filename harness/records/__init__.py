"""Records: plain frozen data that is declared, planned, observed or judged. No process, no socket, no gRPC."""
