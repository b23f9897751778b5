"""pm2 and pm2-runtime start a script, or the apps of an ecosystem file, each as often as `instances` says.

`.js` runs by node and `.py` by python unless `interpreter` says otherwise, a script with a blank in it by `bash -c`; an
app is stopped by SIGINT (pm2 7: lib/Common.js, lib/API.js, lib/binaries/Runtime4Docker.js).
"""

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from splitter.managers._keep import Kept, Member, programs
from splitter.managers._launch import environment, folder, under, unfronted
from splitter.managers._pm2_config import App, apps, kind_of
from splitter.managers._pm2_part import part
from splitter.model.facts import Command, Gap, Process
from splitter.model.image import Image, normal

PROGRAMS = ("pm2", "pm2-runtime", "pm2-docker", "pm2-dev")
# Options with a value, as they are called in an app of a file; "" where none is of use here.
OPTIONS = {
    "-n": "name", "--name": "name", "-i": "instances", "--instances": "instances", "--interpreter": "interpreter",
    "--interpreter-args": "node_args", "--node-args": "node_args", "-o": "out_file", "--output": "out_file",
    "-e": "error_file", "--error": "error_file", "-l": "log_file", "--log": "log_file", "-k": "kill_timeout",
    "--kill-timeout": "kill_timeout", "--uid": "uid", "--gid": "gid", "-u": "user", "--user": "user", "--cwd": "cwd",
    "-c": "cron_restart", "--cron": "cron_restart", "--cron-restart": "cron_restart", "--env": "env", "--only": "only",
    "--stop-exit-codes": "stop_exit_codes", "--max-memory-restart": "max_memory_restart", "--ext": "",
    "--log-type": "", "--log-date-format": "", "-p": "", "--pid": "", "--listen-timeout": "", "--restart-delay": "",
    "--exp-backoff-restart-delay": "", "--max-restarts": "", "--namespace": "", "--hp": "", "--secret": "",
    "--public": "", "--machine-name": "", "--delay": "", "--watch-delay": "", "--ignore-watch": "", "--parallel": "",
    "--sort": "", "--service-name": "", "--filter-env": "", "--instance-var": "",
}  # fmt: skip
STARTS = ("start", "startOrRestart", "startOrReload", "startOrGracefulReload", "restart", "reload")
AGAIN = ("restart", "reload")
INTERPRETERS = {
    ".sh": "bash", ".py": "python", ".rb": "ruby", ".php": "php", ".pl": "perl", ".js": "node", ".coffee": "coffee",
    ".ls": "lsc", ".ts": "bun", ".tsx": "bun", ".mjs": "node", ".cjs": "node",
}  # fmt: skip


def expand(process: Process, image: Image) -> list[Process | Gap] | None:
    said = _said(process, image)
    if said is None:
        return None
    pm2, targets, rest = said
    found: list[Process | Gap] = []
    for word in targets or _default(process, image):
        found += pm2.configured(word) if kind_of(word) else pm2.single(word, rest)
    if not any(isinstance(f, Process) for f in found):
        found.append(process)
    return found


def keep(members: Sequence[Member], process: Process, image: Image) -> Kept | None:
    """pm2 itself in the foreground, with these apps of its ecosystem file alone."""
    said = _said(process, image)
    words = said[1] or _default(process, image) if said is not None else []
    if said is None or len(words) != 1 or not kind_of(words[0]):
        return None
    pm2, argv, members = said[0], process.command.argv, programs(members)
    named = {(p.evidence, p.command): (app.text("name") or p.name, app) for app, p in pm2.programs(words[0])}
    apps = {m.name: named[key] for m in members if (key := (m.unit.evidence, m.unit.command)) in named}
    if len(apps) < len(members):
        return None
    if words[0] not in argv:
        argv = (*argv, words[0])
    if posixpath.basename(unfronted(argv)[0]) == "pm2" and "--no-daemon" not in argv:
        argv = (*argv, "--no-daemon")
    return part(argv, words[0], under(process, image, words[0]), apps, members)


def _said(process: Process, image: Image) -> tuple["_Pm2", list[str], list[str]] | None:
    """What a pm2 is told to start, and the arguments for a script; None for any other command."""
    argv = unfronted(process.command.argv)
    name = posixpath.basename(argv[0]) if argv else ""
    if name not in PROGRAMS or process.via[-1:] == ("pm2",):
        return None
    options, words, rest = _options(argv[1:])
    if not words or "--version" in options or "--help" in options:
        return None
    if steers(words):
        return None
    if words[0] in STARTS:
        words = words[1:]
    elif name == "pm2":
        # `pm2 save`, `pm2 delete all` and the like end at once and start nothing; `pm2 serve` is a server itself.
        return None
    pm2 = _Pm2(options, process, image)
    if name == "pm2" and not any(kind_of(w) for w in words):
        return pm2, words, rest
    # pm2-runtime takes what follows its script for the script's arguments.
    rest = [*words[1:], *rest] if not kind_of(words[0] if words else "") else rest
    return pm2, words[:1], rest


def steers(words: Sequence[str]) -> bool:
    """Whether pm2 is told to do something to apps that run, by their names: `restart web`, `reload all`."""
    return words[0] in AGAIN and bool(words[1:]) and not any("." in w or "/" in w for w in words[1:])


def _default(process: Process, image: Image) -> list[str]:
    """`pm2 start` alone takes the ecosystem file of the folder."""
    for name in ("ecosystem.config.js", "ecosystem.config.cjs", "ecosystem.json", "ecosystem.json5"):
        if image.is_file(normal(posixpath.join(folder(process, image), name))):
            return [name]
    return ["ecosystem.config.js"]


def _options(args: tuple[str, ...]) -> tuple[dict[str, str], list[str], list[str]]:
    """Options by their names in a file, plain words, and what follows `--`."""
    options: dict[str, str] = {}
    words: list[str] = []
    at = 0
    while at < len(args) and args[at] != "--":
        word = args[at]
        at += 1
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            words.append(word)
        elif name in OPTIONS:
            if not equals and at < len(args):
                value = args[at]
                at += 1
            options[OPTIONS[name] or name] = value
        elif word[:2] in OPTIONS and not word.startswith("--") and len(word) > 2:
            options[OPTIONS[word[:2]] or word[:2]] = word[2:]
        else:
            options[word] = "true"
    return options, words, list(args[at + 1 :])


@dataclass
class _Pm2:
    """One start command."""

    options: dict[str, str]
    process: Process
    image: Image
    gaps: list[Gap] = field(default_factory=list)

    def configured(self, word: str) -> list[Process | Gap]:
        """The apps of a file."""
        only = [n for n in self.options.get("only", "").replace(",", " ").split(" ") if n]
        made: list[Process | Gap] = []
        for app, process in self.programs(word):
            if only and process.name not in only and app.text("name") not in only:
                process = replace(process, off=f"--only {','.join(only)}; pm2 start {word} --only {process.name}")
            made.append(process)
        return [*made, *self.gaps]

    def programs(self, word: str) -> list[tuple[App, Process]]:
        """The apps of a file, with what each of them starts; `gaps` is made anew."""
        found, gaps = apps(under(self.process, self.image, word), self.process, self.image)
        self.gaps = list(gaps)
        made = []
        for app in found:
            for key in ("instances", "uid", "gid"):
                if key in self.options:
                    app.values[key] = self.options[key]
            process = self.app(app)
            if process is not None:
                made.append((app, process))
        return made

    def single(self, script: str, args: list[str]) -> list[Process | Gap]:
        """A script named on the command line."""
        values: dict[str, object] = {k: v for k, v in self.options.items() if not k.startswith("-")}
        values.pop("env", None)
        values |= {"script": script, "args": args}
        if "--no-autorestart" in self.options:
            values["autorestart"] = False
        if "--no-autostart" in self.options:
            values["autostart"] = False
        if "--watch" in self.options:
            values["watch"] = True
        self.gaps = []
        process = self.app(App(values, self.process.evidence))
        return [*([process] if process else []), *self.gaps]

    def wrong(self, app: App, option: str, what: str) -> None:
        name = app.text("name") or app.text("script", "cmd", "command") or "?"
        at = replace(app.evidence, line=app.lines.get(option, app.evidence.line))
        gap = Gap(f"pm2's {name}: {option} {what}", at)
        if gap not in self.gaps:
            self.gaps.append(gap)

    def app(self, app: App) -> Process | None:
        for option, what in app.open.items():
            self.wrong(app, option, what)
        script = app.text("script", "cmd", "command")
        if not script:
            if not {"script", "cmd", "command", "..."} & app.open.keys():
                self.wrong(app, "script", "is missing")
            return None
        env = self.environment(app)
        cwd = normal(posixpath.join(folder(self.process, self.image), app.text("cwd")))
        argv = self.argv(app, script, cwd, env)
        name = app.text("name") or (script if " " in script else posixpath.splitext(posixpath.basename(script))[0])
        if app.values.get("append_env_to_name") and self.options.get("env"):
            name = f"{name}-{self.options['env']}"
        uid, gid = app.text("uid", "user"), app.text("gid")
        cron, restarts = app.text("cron_restart", "cron"), app.values.get("autorestart") is not False
        count, notes = self.instances(app, argv[0])
        if cron and restarts:
            notes.append(f"pm2 restarts it by the clock ({cron})")
        elif cron:
            notes.append("pm2 also runs it once when it starts")
        if app.values.get("watch"):
            notes.append("pm2 restarts it when a file changes")
        if limit := app.text("max_memory_restart"):
            notes.append(f"pm2 restarts it when it takes more than {limit} of memory")
        if codes := app.words("stop_exit_codes"):
            notes.append(f"it is not started again after the exit codes {', '.join(codes)}")
        if app.values.get("wait_ready"):
            notes.append("pm2 waits until it says that it is ready (process.send('ready'))")
        scheduled = bool(cron) and not restarts
        return Process(
            name=name,
            command=Command(argv),
            evidence=app.evidence,
            lifetime="scheduled" if scheduled else "service",
            schedule=cron if scheduled else "",
            env=env,
            user=f"{uid}:{gid}" if uid and gid else uid,
            workdir=cwd if cwd != folder(self.process, self.image) else "",
            instances=count,
            restart="" if scheduled else "always" if restarts else "no",
            stop_signal=environment(self.process, self.image).get("PM2_KILL_SIGNAL") or "SIGINT",
            stop_timeout=self.timeout(app),
            logs=self.logs(app, cwd),
            off="" if app.values.get("autostart") is not False else f"autostart: false; pm2 start {name}",
            notes=tuple(notes),
        )

    def argv(self, app: App, script: str, cwd: str, env: dict[str, str]) -> tuple[str, ...]:
        """What pm2 executes, by the relative names of the file."""
        args = app.words("args") or []
        if isinstance(app.values.get("args"), str):
            args = _split(args[0])
        if " " in script:
            # pm2 hands the arguments to bash and so loses them (verifyConfs); the line is all that runs.
            return ("bash", "-c", script)
        given = app.words("node_args", "interpreter_args", "interpreterArgs", "nodeArgs") or []
        flags = _split(given[0]) if len(given) == 1 else given
        interpreter = app.text("interpreter", "exec_interpreter")
        end = posixpath.splitext(script)[1]
        if not interpreter:
            full = normal(posixpath.join(cwd, script))
            of_path = "/" not in script and not end and not self.image.is_file(full)
            interpreter = INTERPRETERS.get(end) or ("none" if of_path or self.executable(full) else "node")
        if interpreter.startswith("node@"):
            interpreter = "node"
        if interpreter == "none":
            return (script, *args)
        if "python" in posixpath.basename(interpreter):
            env.setdefault("PYTHONUNBUFFERED", "1")
        return (interpreter, *flags, script, *args)

    def executable(self, path: str) -> bool:
        """A program and not a script: pm2 looks for bytes that are no text."""
        got = self.image.read(path)
        return isinstance(got, Gap) and "binary" in got.what

    def environment(self, app: App) -> dict[str, str]:
        """`env`, and over it the `env_NAME` that `--env NAME` asks for."""
        made: dict[str, str] = {}
        wanted = self.options.get("env", "")
        for key in ("env", f"env_{wanted}") if wanted else ("env",):
            given = app.values.get(key)
            for name, value in given.items() if isinstance(given, dict) else ():
                if isinstance(value, bool):
                    made[name] = str(value).lower()
                elif isinstance(value, str | int | float):
                    made[name] = f"{value:g}" if isinstance(value, float) else str(value)
        if port := app.text("port"):
            made["PORT"] = port
        return made

    def instances(self, app: App, program: str) -> tuple[int, list[str]]:
        value = app.text("instances", "exec_instances")
        mode = app.text("exec_mode").removesuffix("_mode")
        cluster = posixpath.basename(program) in ("node", "bun") and mode != "fork"
        number = value.lstrip("-")
        if value == "max" or (number.isdecimal() and int(number[:6]) == 0) or (value.startswith("-") and number):
            less = f" less {number}" if value.startswith("-") else ""
            return 1, [f"pm2 starts one for each processor{less}; one is taken"]
        if not (number.isdecimal() and number.isascii()):
            return 1, []
        count = min(int(number[:6]), 1000)
        return count, ["pm2's cluster mode shares its port among the instances"] if cluster and count > 1 else []

    def timeout(self, app: App) -> float | None:
        value = app.text("kill_timeout")
        return int(value) / 1000 if value.isdecimal() and value.isascii() and len(value) < 10 else None

    def logs(self, app: App, cwd: str) -> tuple[str, ...]:
        keys = (("out_file", "out", "output"), ("error_file", "error", "err_file"), ("log_file", "log"))
        paths = [app.text(*names) for names in keys]
        kept = [p for p in paths if p and p not in ("NULL", "null") and not p.startswith(("/dev/", "/proc/"))]
        return tuple(dict.fromkeys(normal(posixpath.join(cwd, p)) for p in kept))


def _split(text: str) -> list[str]:
    """pm2 splits a text of arguments at blanks outside quotes (Config.js, _validate)."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
