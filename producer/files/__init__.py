"""Tweets in files, as people have them."""
