"""Puma and Unicorn read a Ruby file of settings: `bind`, `port`, `listen`. It is not run; ENV is filled in.

puma/dsl.rb and unicorn/configurator.rb. Puma looks for config/puma/ENV.rb, config/puma.rb; rails server reads it too.
"""

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, address
from splitter.inspection._rbvalue import Scope, expression
from splitter.inspection._tokens import Token, tokens
from splitter.inspection.configs import Mention, Said, first_file, from_folder, option, text_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("puma", "unicorn", "rails server")
LOGS = ("stderr_path", "stdout_path")
PRIVATE = ("pid", "pidfile", "state_path")


def read(process: Process, image: Image) -> Said:
    said = Said()
    env = {**image.config.env, **process.env}
    meant = peel(process.command.argv)
    unicorn = meant is not None and meant.name.startswith(("unicorn", "rainbows"))
    name = option(process, "-c", "--config-file") if unicorn else option(process, "-C", "--config")
    if name == "-":
        return said
    stage = option(process, "-e", "--environment") or env.get("RAILS_ENV") or env.get("RACK_ENV") or "development"
    likely = ("config/unicorn.rb",) if unicorn else (f"config/puma/{stage}.rb", "config/puma.rb", "puma.rb")
    path = from_folder(process, image, name) or first_file(image, *(from_folder(process, image, p) for p in likely))
    text = text_of(image, path, said)
    if text:
        _settings(tokens(text, "ruby"), Scope(path, process.workdir or image.config.workdir or "/", env), said)
    return said


def _settings(found: list[Token], scope: Scope, said: Said) -> None:
    at = 0
    while at < len(found):
        token = found[at]
        after = found[at + 1] if at + 1 < len(found) else None
        first = at == 0 or found[at - 1].line < token.line or found[at - 1].text in (";", "{", "do", "then", "|")
        if token.kind != "name" or not first or after is None:
            at += 1
            continue
        if after.text == "=" and at + 2 < len(found):
            got, _ = expression(found, at + 2, scope)
            if got is not None:
                scope.values[token.text] = got
            at += 2
            continue
        start = at + 2 if after.text == "(" else at + 1
        got, end = expression(found, start, scope)
        if got is not None and found[start].line == token.line:
            _setting(token, got, found, end, scope, said)
        at += 1


def _setting(token: Token, got: str, found: list[Token], end: int, scope: Scope, said: Said) -> None:
    evidence = Evidence(scope.path, token.line)
    if token.text in ("bind", "listen", "activate_control_app"):
        asked = address(got) or (Address("", number(got)) if number(got) else None)
        if asked is None and got.startswith("/"):
            asked = Address(unix=normal(got))
        if asked is not None:
            said.listens.append(Mention(got, evidence, Address(asked.host, asked.port, asked.unix)))
    elif token.text == "port" and number(got):
        host = ""
        while end < len(found) and found[end].line == token.line:
            if found[end].text == "," and end + 1 < len(found) and found[end + 1].kind == "string":
                host = found[end + 1].text
            end += 1
        said.listens.append(Mention(got, evidence, Address(host, number(got))))
    elif (token.text in LOGS and got.startswith("/")) or (token.text == "stdout_redirect" and got.startswith("/")):
        said.writes.append(Mention(got, evidence, path=normal(got)))
    elif token.text in PRIVATE and got.startswith("/"):
        said.private.append(Mention(got, evidence, path=normal(got)))
