"""The model door: what plays the provider of a model, as a script answers and as a fault makes it fail."""
