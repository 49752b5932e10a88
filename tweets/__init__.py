"""What a tweet is: all that the project knows of it, by the contract in docs/architecture.md."""
