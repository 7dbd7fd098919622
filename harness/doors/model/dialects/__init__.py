"""The dialects that the model server speaks: every ``Dialect`` in a file of this folder is listed."""
