"""What is told of commands, and when they can be run: the code of each is imported when it is run first."""
