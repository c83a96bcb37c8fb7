"""Textual parts that have never heard of Docker."""
