"""Facts and answers to a plan; pure functions."""

from splitter.planning.make import make_plan

__all__ = ["make_plan"]
