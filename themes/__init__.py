"""Themes as TOML files, and the loader that checks them."""
