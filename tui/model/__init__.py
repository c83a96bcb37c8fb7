"""Immutable records of what the Docker Engine API returns; no I/O."""
