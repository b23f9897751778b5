"""The values that flow through the stages; frozen, and each with a JSON form (codec.py)."""
