"""gunicorn's configuration is a Python module: `-c FILE` (gunicorn.conf.py of the working folder by default).

gunicorn: "Settings". `bind` is a text or a list; GUNICORN_CMD_ARGS has further options. The module is not run.
"""

import ast
import posixpath
import shlex

from splitter.inspection._address import Address, address
from splitter.inspection._pyvalue import Names, dotted, parse, value
from splitter.inspection.configs import Mention, Said, from_folder, option, text_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("gunicorn",)
LOGS = ("accesslog", "errorlog", "logfile")


def read(process: Process, image: Image) -> Said:
    said = Said()
    env = {**image.config.env, **process.env}
    given = option(process, "-c", "--config").removeprefix("file:")
    if given.startswith("python:"):
        given = given.removeprefix("python:").replace(".", "/") + ".py"
    folder = option(process, "--chdir")
    given = posixpath.join(folder, given or "gunicorn.conf.py") if folder else given or "gunicorn.conf.py"
    path = from_folder(process, image, given)
    text = text_of(image, path, said)
    module = parse(text, path) if text else None
    if module is not None:
        names = Names(path, env)
        for statement in module.body:
            _statement(statement, names, said)
    try:
        words = shlex.split(env.get("GUNICORN_CMD_ARGS", ""))
    except ValueError:
        words = []
    for at, word in enumerate(words):
        key, equals, text = word.partition("=")
        if key in ("-b", "--bind"):
            text = text if equals else (words[at + 1] if at + 1 < len(words) else "")
            if (asked := address(text)) is not None:
                said.listens.append(Mention(text, process.evidence, asked, how="env GUNICORN_CMD_ARGS"))
    return said


def _statement(statement: ast.stmt, names: Names, said: Said) -> None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return
    for target in targets:
        name = dotted(target)
        if name == "bind" and statement.value is not None:
            items = statement.value.elts if isinstance(statement.value, ast.List | ast.Tuple) else [statement.value]
            for item in items:
                _bind(item, names, said)
        got = value(statement.value, names)
        if got is None or not name:
            continue
        names.values[name] = got
        evidence = Evidence(names.path, statement.lineno)
        if name in LOGS and got.startswith("/"):
            said.writes.append(Mention(got, evidence, path=normal(got)))
        elif name == "pidfile" and got.startswith("/"):
            said.private.append(Mention(got, evidence, path=normal(got)))


def _bind(node: ast.expr, names: Names, said: Said) -> None:
    got = value(node, names)
    asked = address(got) if got is not None else None
    if asked is not None and not asked.port and not asked.unix:
        asked = Address(asked.host, 8000)  # what gunicorn takes for a host alone
    if asked is not None and got is not None:
        said.listens.append(Mention(got, Evidence(names.path, node.lineno), asked))
