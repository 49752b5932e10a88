"""Reads a stack's table, logs, and metrics; changes nothing."""
