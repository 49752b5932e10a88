"""Renders dead letters, live stacks, and plans for a terminal."""
