"""The command line: every job of the screen as a command, over the same session."""
