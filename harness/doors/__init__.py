"""The doors: what stands between a worker process and the world, and holds each message until it is decided on."""
