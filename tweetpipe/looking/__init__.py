"""Reads what a stack is and did: its table, its logs, its figures; changes nothing."""
