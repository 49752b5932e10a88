"""Events in files, as people have them."""
