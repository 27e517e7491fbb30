"""One file for each screen. Screens post requests and learn facts; they start no jobs."""
