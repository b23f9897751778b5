"""Where a process's own code lies, and in which language it is written."""

import posixpath
from collections.abc import Iterable, Mapping

from splitter.catalogue import server_ports
from splitter.catalogue.listening import number
from splitter.catalogue.peel import Peeled, peel
from splitter.inspection._hints import servers
from splitter.inspection._offers import Member
from splitter.inspection._tokens import tokens
from splitter.inspection.code import MAX_SIZE, PERL, SETTINGS, ending, own_folder, readers
from splitter.inspection.code.scripts import LANGUAGES as TOKENS
from splitter.model.facts import Evidence
from splitter.model.image import Image, normal

# Folders that hold only what is served; the code is beside them.
PUBLIC = ("public", "web", "htdocs", "www", "webroot", "pub", "public_html", "wwwroot")
LANGUAGES: dict[str, tuple[str, ...]] = {
    "python": (".py",), "ruby": (".rb", ".ru", ".rake"), "php": (".php",),
    "node": (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"), "perl": PERL,
}  # fmt: skip
SPEAKS = {
    **dict.fromkeys(("python", "pypy", "gunicorn", "celery", "uvicorn", "hypercorn", "daphne", "granian", "flask",
                     "uwsgi", "django-admin", "manage.py", "rq", "rqworker", "huey_consumer", "dramatiq", "alembic",
                     "waitress-serve", "airflow", "arq", "taskiq", "streamlit", "fastapi"), "python"),
    **dict.fromkeys(("ruby", "jruby", "rails", "rake", "puma", "unicorn", "sidekiq", "resque", "clockwork", "thin",
                     "delayed_job", "good_job", "rackup", "passenger", "que", "shoryuken"), "ruby"),
    **dict.fromkeys(("php", "php-fpm", "artisan", "apache2", "apache2-foreground", "apachectl", "apache2ctl", "httpd",
                     "frankenphp", "console", "wp", "drush"), "php"),
    **dict.fromkeys(("perl", "starman", "starlet", "plackup", "hypnotoad", "morbo", "twiggy"), "perl"),
    **dict.fromkeys(("node", "nodejs", "tsx", "ts-node", "next", "nuxt", "nest", "bun", "deno", "strapi"), "node"),
}  # fmt: skip
Silent = tuple[Member, Mapping[int, Evidence]]
OTHERS = frozenset(SETTINGS)

HTML = "/var/www/html"  # what Apache serves unless it is told otherwise, on Debian and on Red Hat


def language(member: Member) -> str:
    """The language of a process's code; "" where its command does not tell."""
    meant = peel(member.process.command.argv)
    if meant is None:
        return ""
    by_ending = {e: name for name, endings in LANGUAGES.items() for e in endings}
    return SPEAKS.get(meant.interpreter) or SPEAKS.get(_plain(meant)) or by_ending.get(ending(meant.program), "")


def _plain(meant: Peeled) -> str:
    name = meant.name
    while name and (name[-1].isdigit() or name[-1] in ".-"):
        name = name[:-1]
    return name or meant.name


def reads(member: Member, path: str) -> bool:
    """Whether a process may read such a file: one of its own language, or settings of any."""
    said = language(member)
    return not said or ending(path) in OTHERS or ending(path) in LANGUAGES[said]


def scripts(member: Member, image: Image) -> tuple[str, ...]:
    """The files of code, and of settings, that its command names."""
    process = member.process
    meant = peel(process.command.argv)
    folder = process.workdir or image.config.workdir or "/"
    reads_code = bool(language(member)) or member.known is not None
    found: list[str] = []
    for word in (meant.program, *meant.args[:12]) if meant is not None else ():
        word = word.partition("=")[2] if word.startswith("-") else word.removeprefix("@")
        path = normal(posixpath.join(folder, word)) if word and not word.startswith(("-", "$")) else ""
        is_code = meant is not None and word != meant.program and ending(path) not in OTHERS
        if is_code and not reads_code:
            continue  # a file that is copied, not run
        if path and ending(path) in readers() and image.is_file(path):
            found.append(path)
    return tuple(found)


def folders(member: Member, team: tuple[Member, ...], image: Image) -> tuple[str, ...]:
    """The folders of its code: where it runs, where its script lies, and for PHP what the web server serves."""
    process = member.process
    workdir = normal(process.workdir or image.config.workdir or "/")
    found = [workdir, *(posixpath.dirname(s) for s in scripts(member, image))]
    meant = peel(process.command.argv)
    if meant is not None and meant.program.startswith("/"):
        found.append(posixpath.dirname(meant.program))
    if language(member) == "php" and member.role in ("web", "proxy"):
        for other in team:
            found += (_above_public(m.path) for m in other.said.reads)
    if member.hosts and not member.said.reads and image.is_dir(HTML):
        found.append(HTML)
    if language(member) == "ruby":  # a server is told the file of its settings, which lies in the application
        found = [posixpath.dirname(f) if posixpath.basename(f) in ("config", "bin") else f for f in found]
    whole = [f for f in dict.fromkeys(found) if own_folder(f)]
    return tuple(f for f in whole if not any(f.startswith(other.rstrip("/") + "/") for other in whole))


def silent(team: tuple[Member, ...], speaking: Iterable[str], image: Image) -> tuple[Silent, ...]:
    """The processes that stay up and of which no port is known, with the numbers in their scripts and `*PORT`s."""
    known = set(speaking)
    found: list[Silent] = []
    for member in team:
        if not member.application or member.process.lifetime != "service" or member.name in known:
            continue
        numbers: dict[int, Evidence] = {}
        for path in scripts(member, image):
            text = image.read(path, MAX_SIZE)
            for token in tokens(text, TOKENS.get(ending(path), "c")) if isinstance(text, str) else ():
                port = number(token.text) if token.kind in ("number", "string") else 0
                if port > 79 and port not in server_ports():
                    numbers.setdefault(port, Evidence(path, token.line))
        for name, value in {**image.config.env, **member.process.env}.items():
            if name.upper().endswith("PORT") and (port := number(value)) and not servers(name):
                own = name in member.process.env
                numbers.setdefault(port, member.process.evidence if own else image.config.evidence(f"ENV {name}"))
        found.append((member, numbers))
    return tuple(found)


def _above_public(path: str) -> str:
    folder, name = posixpath.split(path)
    return folder if name in PUBLIC and own_folder(folder) else path
