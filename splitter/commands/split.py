"""`splitter split`: the image is read, and then the wizard asks, or the file, the check or the JSON document is made.

What makes them is imported while the image is watched, for its start waits for nothing that it does not need.
"""

import importlib
import sys
from argparse import Namespace

from splitter.commands.stages import read


def run(args: Namespace) -> int:
    asks = not (args.apply or args.check or args.json) and sys.stdin.isatty() and sys.stdout.isatty()
    then = "splitter.commands.ask" if asks else "splitter.commands.splitting"
    reading = read(args, then)
    code: int = importlib.import_module(then).run(reading, args)
    return code
