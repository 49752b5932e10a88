"""The command line, which ties the other packages together."""
