"""Split a container that runs many processes into Compose services, and prove the split."""

__version__ = "0.1.0"
