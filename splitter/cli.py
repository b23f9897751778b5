"""The parser and the one error handler. Nothing heavy is imported before a command needs it."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from splitter.errors import SplitterError
from splitter.model.text import printable

REPORT = "https://github.com/compose-splitter/splitter/issues"
SOURCES = """\
SOURCE is one of
  FOLDER                  a folder with a Dockerfile; read without an engine (dockerfile:FOLDER)
  IMAGE                   an image that an engine holds (docker-daemon:IMAGE)
  FILE                    what `docker save` wrote, packed or not (docker-archive:FILE[:IMAGE])
  oci-archive:FILE[:REF]  an OCI archive; oci:FOLDER[:REF] is an OCI layout
  rootfs:FOLDER           a root folder, or an OCI bundle with its config.json
  compose:FILE#SERVICE    the service of a compose file that runs the container as it is now
"""
EXITS = """\
exit codes: 0 fine; 1 the answer is no (drift, open questions, a failure); 2 cannot proceed; 3 a bug; 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SplitterError(message, f"{self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; what goes wrong is said on stderr. Returns the exit code."""
    try:
        args = build_parser().parse_args(argv)
        code: int = importlib.import_module(f"splitter.commands.{args.command}").run(args)
        sys.stdout.flush()
        return code
    except SplitterError as error:
        _say(f"splitter: {error}")
        if error.hint:
            _say(f"hint: {error.hint}")
        return 2
    except KeyboardInterrupt:
        _say("splitter: interrupted")
        return 130
    except BrokenPipeError:
        # The reader of our output went away; without this, Python complains again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except Exception as error:
        if os.environ.get("SPLITTER_DEBUG"):
            raise
        _say(f"splitter: a bug: {type(error).__name__}: {error}")
        _say(f"hint: run it again with SPLITTER_DEBUG=1 and report what it prints at {REPORT}")
        return 3


def build_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="splitter",
        description="Split a container that runs many processes into Compose services, one per process.",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    parser.add_argument(
        "--print-completion", metavar="SHELL", action=_Completion, help="print the completion for bash, zsh or tcsh"
    )
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _inspect(_verb(verbs, "inspect", "list the processes that an image starts, with the evidence"))
    _split(_verb(verbs, "split", "make a docker-compose.yml with one service per process"))
    _verify(_verb(verbs, "verify", "bring the original and the split up on the engine and compare them", source=False))
    return parser


def _verb(verbs: "argparse._SubParsersAction[Parser]", name: str, help: str, source: bool = True) -> Parser:
    verb = verbs.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"{SOURCES}\n{EXITS}" if source else EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if source:
        verb.add_argument("source", metavar="SOURCE", help="what to read; see below")
    return verb


def _inspect(verb: Parser) -> None:
    verb.add_argument("--json", action="store_true", help="print the facts as one JSON document")
    _reading(verb)


def _split(verb: Parser) -> None:
    verb.add_argument("-o", "--output", metavar="FILE", help="the compose file (default: docker-compose.yml in the "
                      "source folder, or here where the source is no folder)")  # fmt: skip
    mode = verb.add_mutually_exclusive_group()
    mode.add_argument("--apply", action="store_true", help="write the file; no question is asked")
    mode.add_argument(
        "--check", action="store_true", help="exit 1 with a diff where the file is not what --apply would write"
    )
    mode.add_argument(
        "--json", action="store_true", help="print the plan, the compose text and the gaps as one JSON document"
    )
    verb.add_argument("--accept-defaults", action="store_true", help="answer every open question with its default")
    verb.add_argument("--strict", action="store_true", help="exit 1 where any question is open, risky or not")
    _reading(verb)


def _verify(verb: Parser) -> None:
    verb.add_argument("-f", "--file", metavar="FILE", default="docker-compose.yml",
                      help="the compose file that splitter made (default: docker-compose.yml)")  # fmt: skip
    verb.add_argument("--json", action="store_true", help="print the checks as one JSON document")
    verb.add_argument("--timeout", metavar="SECONDS", type=_seconds, default=60.0,
                      help="the longest that each of them may take to come up (default: 60)")  # fmt: skip


def _reading(verb: Parser) -> None:
    folder = verb.add_argument_group("reading a folder, as in docker build")
    folder.add_argument("-f", "--file", metavar="DOCKERFILE", help="the Dockerfile (default: SOURCE/Dockerfile)")
    folder.add_argument("--target", metavar="STAGE", help="the stage to read")
    folder.add_argument("--build-arg", metavar="KEY=VALUE", action="append", default=[], help="a build argument")
    run = verb.add_argument_group("running the image, in a throw-away container without a way out")
    run.add_argument("--run", action=argparse.BooleanOptionalAction,
                     help="see what it does (default: an image of an engine; a folder is built first)")  # fmt: skip
    run.add_argument("--settle", metavar="SECONDS", type=_seconds, default=2.0,
                     help="it has come up when nothing new has happened for this long (default: 2)")  # fmt: skip
    run.add_argument("--run-timeout", metavar="SECONDS", type=_seconds, default=60.0,
                     help="the longest that it is watched (default: 60)")  # fmt: skip
    run.add_argument("--env", metavar="NAME=VALUE", action="append", default=[],
                     help="a variable for the run, as in docker run")  # fmt: skip
    run.add_argument("--env-file", metavar="FILE", action="append", default=[],
                     help="variables for the run, one a line")  # fmt: skip


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise SplitterError(f"not a time: {text}", "seconds, more than 0 and at most 3600")
    return value


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from splitter import __version__

        print(f"splitter {__version__}")
        parser.exit()


class _Completion(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: object = None
    ) -> None:
        import shtab

        if values not in shtab.SUPPORTED_SHELLS:
            raise SplitterError(f"no completion for {values}", "one of " + ", ".join(shtab.SUPPORTED_SHELLS))
        print(shtab.complete(parser, str(values)))
        parser.exit()


def _say(text: str) -> None:
    print(printable(text, keep="\n"), file=sys.stderr)
