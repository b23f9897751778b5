"""Facts and answers to a plan; pure functions."""
