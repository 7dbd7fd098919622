"""The HTTP doors: the model server and the effect server, which run in a process of their own."""
