"""Reads the current state of a stack at a bounded rate, no matter how many are watching."""
