"""Decides what goes to Kinesis and when, makes the calls, and learns from their answers."""
