"""The wizard's part of `splitter split`."""

from argparse import Namespace


def run(args: Namespace) -> int:
    raise NotImplementedError
