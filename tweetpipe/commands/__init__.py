"""One module for each group of commands; reads options, calls a package below, shows the result."""
