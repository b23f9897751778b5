"""Each module finds one kind of coupling in Python source and rewrites it."""
