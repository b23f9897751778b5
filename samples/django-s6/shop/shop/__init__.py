from .queue import app

__all__ = ["app"]
