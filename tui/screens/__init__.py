"""One file a screen; a screen composes widgets and binds them to the store."""
