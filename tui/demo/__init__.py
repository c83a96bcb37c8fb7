"""The embedded demo engine: a server of the same REST API with simulated containers."""
