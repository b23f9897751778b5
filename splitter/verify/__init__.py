"""The original and the split, brought up and compared."""
