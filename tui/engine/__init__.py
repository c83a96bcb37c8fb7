"""The async client of the Docker Engine REST API; knows no terminal."""
