"""A plan to the text of a compose file."""
