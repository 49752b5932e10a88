"""Access to an account: its place, sessions, stacks, and errors."""
