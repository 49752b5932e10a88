"""Ours against the ways people do it today, side by side in one run: make bench."""
