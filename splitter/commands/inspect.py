"""`splitter inspect`: what an image starts, with the evidence."""

import json
from argparse import Namespace

from splitter.commands.mask import Mask
from splitter.commands.stages import read
from splitter.commands.tree import facts_tree, lines
from splitter.model.codec import to_json


def run(args: Namespace) -> int:
    reading = read(args)
    mask = Mask.of(reading.image, reading.facts)
    if args.json:
        print(json.dumps({"format": 1, **mask.data(to_json(reading.facts))}, indent=2))
    else:
        for line in lines(facts_tree(reading.reference, reading.facts, mask)):
            print(line)
    return 0
