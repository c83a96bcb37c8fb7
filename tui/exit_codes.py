"""The exit codes of the command line, as its help tells them."""

OK = 0
UNEXPECTED = 1
USAGE = 2
UNUSABLE = 3
OVER_LIMIT = 4
INTERRUPTED = 130
PIPE_CLOSED = 141
