"""One module for each group of commands; it reads options, calls its room, shows the result."""
