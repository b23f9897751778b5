"""Values that must not be written: each becomes `${NAME:?}`, with a line in .env.example."""

from collections.abc import Mapping

from splitter.catalogue import looks_secret
from splitter.model.facts import Process


class Secrets:
    """The secrets of a plan: what each variable of `.env` is, by name."""

    def __init__(self) -> None:
        self.what: dict[str, str] = {}

    def need(self, name: str, what: str) -> str:
        """A reference to a variable that `.env` must give."""
        self.what.setdefault(name, what)
        return "${" + name + ":?}"

    def may(self, name: str, what: str) -> str:
        """A reference to a variable that `.env` may give, and that is empty where it does not."""
        self.what.setdefault(name, what)
        return "${" + name + ":-}"

    def hidden(self, env: Mapping[str, str], of: str) -> dict[str, str]:
        """The same variables, secrets replaced by references to `.env`."""
        return {
            name: self.need(name, f"{name} of {of}") if not self.refers(value) and looks_secret(name, value) else value
            for name, value in env.items()
        }

    def only(self, env: Mapping[str, str], of: str) -> dict[str, str]:
        """References to the secrets among these variables."""
        return {
            name: self.need(name, f"{name} of {of}")
            for name, value in env.items()
            if value and "$" not in value and looks_secret(name, value)
        }

    def refers(self, value: str) -> bool:
        return any("${" + name in value for name in self.what)

    def told(self, process: Process) -> tuple[Process, dict[str, str]]:
        """A process whose secret arguments are taken from its environment, with the variables that give them."""
        argv, run = list(process.command.argv), process.command.run
        found: dict[str, str] = {}
        for at, word in enumerate(argv):
            option, equals, value = word.partition("=")
            name = option.lstrip("-").replace("-", "_").upper()
            if not option.startswith("-") or not name.isidentifier():
                continue
            if equals and value and "$" not in value and looks_secret(name, value):
                variable = f"{process.command.program}_{name}".upper().replace("-", "_")
                argv[at] = f"{option}=${variable}"
                found[variable] = value
            elif (
                not equals and at + 1 < len(argv) and looks_secret(name, "") and not argv[at + 1].startswith(("-", "$"))
            ):
                variable = f"{process.command.program}_{name}".upper().replace("-", "_")
                found[variable] = argv[at + 1]
                argv[at + 1] = f"${variable}"
        if not found or run:
            return process, {}
        from dataclasses import replace

        from splitter.planning.commands import shell_words

        line = f"exec {shell_words(argv)}"
        command = replace(process.command, argv=tuple(argv), run=("/bin/sh", "-c", line), spoken="")
        return replace(process, command=command), {name: self.need(name, f"{name} of {process.name}") for name in found}
