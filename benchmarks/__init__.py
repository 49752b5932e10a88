"""Compare this project with the ways people do the same work today, in one run: make bench."""
