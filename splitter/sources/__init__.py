"""Each module turns one kind of reference into an Image."""
