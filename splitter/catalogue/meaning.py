"""What the catalogue says of a process, where it says something of a command."""

from collections.abc import Iterator, Sequence

from splitter.catalogue import Known, one_off, service
from splitter.catalogue.peel import peel
from splitter.model.facts import Process

CHECKS = frozenset(("--version", "--help", "configtest", "validate", "--check-config", "--dump-config"))
# Letters that ask for the same of these servers, and mean something else (a time limit, verbose, a host) elsewhere.
SHORT_CHECKS = frozenset(("-t", "-T", "-v", "-V", "-h"))
CHECKED = ("nginx", "openresty", "apache", "httpd", "php-fpm", "sshd", "lighttpd", "unbound", "squid")


def meaning(process: Process) -> Known | None:
    """What the catalogue says of a process, by how long it lives; the words of a launcher script count as a command."""
    argv = process.command.argv
    first = one_off if process.lifetime == "job" or process.phase else service
    second = service if first is one_off else one_off
    for words in _readings(argv):
        if known := first(words) or second(words):
            return known
    return None


def _readings(argv: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The command, and what a script of the application is told to start (`docker-entrypoint.sh gunicorn`)."""
    yield argv
    meant = peel(argv)
    if meant is None or not meant.args:
        return
    if meant.program.endswith((".sh", "entrypoint")) and not meant.args[0].startswith("-"):
        yield meant.args


def checks(name: str, args: Sequence[str]) -> bool:
    """Whether a server is only asked for its version, its options or what it makes of its configuration."""
    if CHECKS & set(args):
        return True
    if SHORT_CHECKS & set(args) and (len(args) == 1 or name.startswith(CHECKED)):
        return True
    # Letters in one word: `nginx -tq`, `php-fpm -FORt`.
    several = [w for w in args if w[:1] == "-" and w[1:].isalpha() and len(w) > 2]
    return name.startswith(("nginx", "openresty", "php-fpm")) and any("t" in w[1:] for w in several)
