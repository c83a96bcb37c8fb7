"""Everything that changes the daemon or opens a screen, as one table of commands."""
