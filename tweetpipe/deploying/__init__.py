"""Deploys and deletes stacks; `deploy` runs the stages in order."""
