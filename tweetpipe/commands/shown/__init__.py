"""What a terminal shows of dead letters, of a stack at this moment, of a plan."""
