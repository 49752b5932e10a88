"""Takes a stack to what the template says, and away again; `deploy` puts the stages in order."""
