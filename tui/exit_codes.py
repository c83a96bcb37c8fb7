"""What the process ends with; the help of the command line says the same in words."""

OK = 0
UNEXPECTED = 1
USAGE = 2
UNUSABLE = 3
OVER_LIMIT = 4
INTERRUPTED = 130
PIPE_CLOSED = 141
