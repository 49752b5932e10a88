"""The way to an account: where it is, who asks, what a stack is, and what its errors mean."""
