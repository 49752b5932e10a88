"""The command line that ties the rooms together."""
