"""What a call of a script is there for: output, files, a wait, a one-off step, a program that stays up."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from splitter.catalogue import Known, daemon_option, one_off, peel, service
from splitter.catalogue.meaning import CHECKED, checks
from splitter.catalogue.peel import Peeled
from splitter.managers._daemons import TOOLS, started
from splitter.managers._shell_target import SHELLS, switched
from splitter.managers.pm2 import steers
from splitter.model.image import Image
from splitter.shell.calls import Call, Redirect
from splitter.shell.effects import effects
from splitter.shell.evaluate import evaluate
from splitter.shell.names import used
from splitter.shell.parse import parse

Kind = Literal["skip", "file", "own", "wait", "job", "service", "control", "unknown", "stop"]

# Programs that only print, count or ask; without a file to write to they are no process.
QUIET = frozenset((
    "echo", "printf", "true", "false", ":", "test", "[", "sleep", "usleep", "kill", "pkill", "killall", "wait", "cat",
    "ls", "date", "id", "whoami", "hostname", "env", "printenv", "grep", "egrep", "fgrep", "head", "tail", "awk",
    "gawk", "sed", "find", "nproc", "free", "df", "du", "ps", "pgrep", "pidof", "which", "stat", "getent", "sort",
    "uniq", "tr", "cut", "wc", "jq", "yq", "basename", "dirname", "readlink", "realpath", "uname", "tput", "clear",
    "stty", "tty", "figlet", "banner", "dpkg", "dpkg-query", "file", "md5sum", "sha256sum", "diff", "cmp", "expr",
    "mountpoint", "ip", "ifconfig", "netstat", "ss", "lsof", "set", "logger", "read", "let", "jobs", "type", "seq",
    "base64", "xxd", "openssl", "uuidgen", "pwgen", "paste", "column", "nl", "tac", "rev", "less", "more", "yes",
    "toilet", "envsubst", "tee", "xargs", "timeout", "dig", "nslookup", "host", "ping", "nc", "curl", "wget",
    "flock", "mktemp", "lsb_release", "getconf", "ulimit", "hash", "sync", "tzselect", "trap", "return", "exit",
))  # fmt: skip
FILES = frozenset((
    "mkdir", "cp", "mv", "ln", "rm", "rmdir", "touch", "install", "chmod", "unlink", "mkfifo", "mknod", "rsync", "tar",
    "unzip", "gunzip", "gzip", "bunzip2", "unxz", "dos2unix", "a2enmod", "a2ensite", "a2enconf", "a2dismod",
    "a2dissite", "a2disconf", "phpenmod", "phpdismod", "lighty-enable-mod", "update-ca-certificates", "ldconfig",
    "locale-gen", "update-alternatives", "gomplate", "confd", "consul-template", "crudini", "xmlstarlet", "augtool",
    "postconf", "postmap", "postalias", "newaliases", "crontab", "truncate", "patch", "update-locale", "ex",
    "dpkg-reconfigure", "docker-php-ext-enable", "perl", "j2", "jinja2", "import-meta-env", "setcap",
))  # fmt: skip
# Those of them that fill a template with the variables of their environment.
TEMPLATING = frozenset(("envsubst", "gomplate", "confd", "consul-template", "j2", "jinja2", "import-meta-env", "perl"))
OWNERS = frozenset((
    "chown", "chgrp", "setfacl", "usermod", "groupmod", "useradd", "adduser", "groupadd", "addgroup", "userdel",
    "deluser", "groupdel", "delgroup", "passwd", "chpasswd", "chsh",
))  # fmt: skip
PM2 = ("stop", "delete", "save", "flush")
CONTROLS = frozenset((
    "sv", "supervisorctl", "s6-svc", "s6-svwait", "s6-svok", "s6-rc", "s6-svstat", "s6-svscanctl", "initctl",
    "rc-service-wait", "circusctl",
))  # fmt: skip
SECRETS = frozenset(("openssl", "uuidgen", "pwgen", "ssh-keygen", "mkpasswd", "apg", "makepasswd", "certtool"))
MAKES_SECRET = ("rand", "req", "genrsa", "genpkey", "ecparam", "dhparam")
# What languages call their makers of random values: Python (secrets, Django, cryptography), PHP, Ruby, Node.
RANDOM = ("secrets.token_", "get_random_secret_key", "generate_key(", "random_bytes(", "SecureRandom", "randomBytes(",
          "uuid.uuid4", "key:generate --show")  # fmt: skip
PIPE_ENDS = frozenset(("tee", "logger", "sed", "awk", "grep", "ts", "cronolog", "rotatelogs", "multilog", "svlogd",
                       "s6-log", "cat", "tr", "cut", "unbuffer", "while", "read", "echo", "printf", "jq", "stdbuf",
                       "head", "tail", "sort", "uniq", "wc", "xargs", "perl", "pino-pretty", "bunyan"))  # fmt: skip
STARTS = ("start", "foreground", "start-fg", "restart", "reload-or-restart", "condrestart")


@dataclass(frozen=True)
class Meaning:
    """A call as what it comes down to: the words that count, another user that runs them, and what it is there for."""

    call: Call
    argv: tuple[str, ...]
    kind: Kind
    user: str = ""
    main: Call | None = None
    peeled: Peeled | None = None
    known: Known | None = None

    @property
    def name(self) -> str:
        return self.peeled.name if self.peeled else ""

    @property
    def plain(self) -> bool:
        """The argv is the call's own words and nothing has to be done for them."""
        return self.argv == self.call.argv and not self.call.pipe


def meaning(call: Call, image: Image, posix_echo: bool = False) -> Meaning:
    """What a call is there for, by its words and where it stands."""
    main = _main(call)
    argv, user = main.argv, ""
    meant = argv
    if posixpath.basename(argv[0]) in ("su", "runuser") and (found := switched(argv)):
        inner = _single(found.argv[2], main)
        if inner:
            meant = inner.argv
            # Words that only running tells are left to the user's own shell.
            argv, user = (meant, found.user) if inner.known else (argv, "")
    peeled = peel(meant)
    known = one_off(meant) or service(meant)
    kind = _kind(call, main, meant, peeled, image, posix_echo)
    if kind == "job" and _leaves_up(argv, main):
        kind = "service"
    return Meaning(call, argv, kind, user, main, peeled, known)


def _single(text: str, call: Call) -> Call | None:
    """What a text that is one plain command calls; None for anything else."""
    trace = evaluate(text, path=call.path, env=call.env, cwd=call.cwd or "/")
    calls = [c for c in trace.calls if posixpath.basename(c.argv[0]) not in ("echo", "sleep")]
    if len(calls) != 1 or trace.unread or calls[0].pipe or calls[0].background:
        return None
    return calls[0] if not calls[0].redirects and calls[0].cwd == (call.cwd or "/") else None


def _leaves_up(argv: Sequence[str], call: Call) -> bool:
    """Whether `su app -c "server &"` or `sh -c "server &"` starts what stays up after it."""
    first = posixpath.basename(argv[0])
    text = ""
    if first in ("su", "runuser"):
        found = switched(argv)
        text = found.argv[2] if found else ""
    elif first in SHELLS and len(argv) > 2 and argv[1].startswith("-") and argv[1].endswith("c"):
        text = argv[2]
    if "&" not in text:
        return False
    trace = evaluate(text, path=call.path, env=call.env, cwd=call.cwd or "/")
    return any(c.background and c.last and one_off(c.argv) is None for c in trace.calls)


def _main(call: Call) -> Call:
    """The member of a pipeline that it is there for."""
    members = (call, *call.pipe)
    if len(members) == 1:
        return call
    first = posixpath.basename(call.argv[0])
    if first not in QUIET:
        return call
    rest = [m for m in call.pipe if posixpath.basename(m.argv[0]) not in QUIET | PIPE_ENDS]
    return rest[0] if rest else call


def _kind(call: Call, main: Call, argv: tuple[str, ...], peeled: Peeled | None, image: Image, echo: bool) -> Kind:
    name = posixpath.basename(argv[0])
    if not main.words[0].known and ("$" in name or "`" in name or not name):
        return "unknown"
    if peeled is None:
        return "skip"
    inner = posixpath.basename(peeled.program)
    if inner in CONTROLS or (inner == "pm2" and peeled.args and (peeled.args[0] in PM2 or steers(peeled.args))):
        return "control"
    if stops(argv):
        return "stop"
    if inner.startswith(CHECKED) and "-s" in peeled.args:
        return "control"  # nginx -s reload
    if daemon := init_script(argv):
        return "service" if daemon[1] in STARTS else "skip"
    if inner in TOOLS:
        return "service" if started((peeled.program, *peeled.args), call.cwd or "/", image) else "skip"
    if inner in OWNERS or (inner == "chmod" and any(a.startswith("-") and "R" in a for a in peeled.args)):
        return "own"
    if _keeps_up(inner, peeled.args):
        return "service"
    if inner in FILES and not _is_code(inner, peeled.args):
        return "file"
    if inner in ("curl", "wget") and any(a in ("-o", "-O", "--output", "--output-document") for a in peeled.args):
        return "file"
    if name in SHELLS and call.pipe and main is not call:
        return "job"
    if inner in QUIET:
        return _quiet(call, argv, peeled, image, echo)
    job, stays = one_off(argv), service(argv)
    if job is not None and job.phase == "wait":
        return "wait"
    if effects(call, image, posix_echo=echo) is not None:
        return "file"
    if job is not None and job.name == "rights":
        return "file"
    if stays is not None and not checks(inner, peeled.args):
        return "service"
    if job is None and stays is None and daemon_option(argv):
        return "service"
    return "file" if job is None and _renders(call) else "job"


def _renders(call: Call) -> bool:
    """Whether what a program prints becomes a file that others read (`erb x.erb > x.conf`), and is no log."""
    if call.background or call.last or call.loop or call.pipe:
        return False
    outs = [r for r in call.redirects if r.op in (">", ">|") and r.fd in (None, 1) and writes(r)]
    both = any(r.op == ">&" and r.fd == 2 for r in call.redirects)
    return bool(outs) and not both and not any(_is_log(r.target.text) for r in outs if r.target)


def _is_log(path: str) -> bool:
    return path.endswith((".log", ".out", ".err")) or "/log/" in path or "/logs/" in path


def _quiet(call: Call, argv: tuple[str, ...], peeled: Peeled, image: Image, echo: bool) -> Kind:
    """A program that prints, or writes what it prints to a file; some do more with certain options."""
    name, args = peeled.name, peeled.args
    if name in ("echo", "printf") and any(w.text == "$!" for w in call.words):
        return "skip"  # the number of what was started, which runs in a container of its own
    if any(writes(r) for one in (call, *call.pipe) for r in one.redirects):
        return "file"
    if name == "sed" and any(a.startswith("-i") or a.startswith("--in-place") or a in ("-ri", "-Ei") for a in args):
        return "file"
    if any(posixpath.basename(m.argv[0]) == "tee" and len(m.argv) > 1 for m in (call, *call.pipe)):
        return "file"
    if name == "yq" and "-i" in args:
        return "file"
    if name == "openssl" and "-out" in args:
        return "file"
    if name in ("find", "xargs"):
        parts = set(args) | {w for m in call.pipe if m.argv[0] == "xargs" for w in m.argv}
        if parts & {"chown", "chgrp"}:
            return "own"
        if "-delete" in parts or parts & FILES:
            return "file"
        if parts & {"-exec", "-execdir"} and not parts & {"grep", "echo", "cat", "ls"}:
            return "job"
    if name == "timeout" and len(args) > 1:
        return "job"
    return "skip"


def _is_code(name: str, args: Sequence[str]) -> bool:
    """perl stands among the file programs for `perl -pi -e`; with a script it is a program like any other."""
    return name == "perl" and not any(a.startswith("-") and "i" in a for a in args[:3])


def _keeps_up(name: str, args: Sequence[str]) -> bool:
    """`tail -f`, `sleep infinity`: only there to keep the container up."""
    if name == "tail":
        return any(a in ("-f", "-F", "--follow", "--retry") or (a[:1] == "-" and a[1:2] != "-" and "f" in a.lower())
                   for a in args)  # fmt: skip
    return name == "sleep" and any(a in ("infinity", "inf") or (a.rstrip("smhd").isdecimal() and
                                   (a.endswith("d") or len(a.rstrip("smhd")) > 5)) for a in args)  # fmt: skip


def writes(redirect: Redirect) -> bool:
    """Whether a redirection writes a file."""
    target = redirect.target
    if redirect.op not in (">", ">>", ">|", "&>", "&>>") or target is None:
        return False
    return not target.text.startswith(("/dev/", "/proc/", "&"))


def init_script(argv: Sequence[str]) -> tuple[str, str] | None:
    """(name, action) of `service NAME ACTION` and its kin; None where it is none."""
    words = [w for w in argv if not w.startswith("-")]
    first = posixpath.basename(words[0]) if words else ""
    if first in ("sudo", "command") and len(words) > 1:
        words, first = words[1:], posixpath.basename(words[1])
    if first in ("service", "invoke-rc.d", "rc-service") and len(words) > 2:
        return words[1], words[2]
    if first == "systemctl" and len(words) > 2:
        return words[2].removesuffix(".service"), words[1]
    if words and "/init.d/" in words[0] and len(words) > 1:
        return first, words[1]
    return None


def stops(argv: Sequence[str]) -> str:
    """The family of a server that a command ends; "" where it ends none."""
    name, rest = posixpath.basename(argv[0]), list(argv[1:])
    plain = [w for w in rest if not w.startswith("-")]
    if found := init_script(argv):
        return family(found[0]) if found[1] == "stop" else ""
    if name == "pg_ctl" and "stop" in plain:
        return "postgres"
    if name == "pg_ctlcluster" and plain[-1:] == ["stop"]:
        return "postgres"
    if name in ("mysqladmin", "mariadb-admin") and "shutdown" in plain:
        return "mysql"
    if name in ("redis-cli", "valkey-cli") and any(w.lower() == "shutdown" for w in plain):
        return "redis"
    if name == "mongod" and "--shutdown" in rest:
        return "mongodb"
    if name == "rabbitmqctl" and plain[:1] in (["stop"], ["shutdown"], ["stop_app"]):
        return "rabbitmq"
    if name in ("nginx", "apachectl", "apache2ctl") and ("stop" in rest or "quit" in rest):
        return name
    if name in ("halt", "poweroff", "shutdown"):
        return "kill"
    if name in ("kill", "pkill", "killall") and not {"-0", "-l", "-HUP", "-1"} & set(rest):
        return "kill"
    return ""


def family(name: str) -> str:
    """Servers that are one for what starts and stops them."""
    if name.startswith(("postgres", "pg_")) or name == "postmaster":
        return "postgres"
    if name.startswith(("mysql", "maria")):
        return "mysql"
    if name.startswith(("redis", "valkey", "keydb")):
        return "redis"
    if name.startswith("mongo"):
        return "mongodb"
    return "rabbitmq" if name.startswith("rabbit") else name


def templates(call: Call) -> bool:
    """Whether a call, or the end of its pipe, fills a template with the variables of its environment."""
    return any(c.argv and posixpath.basename(c.argv[0]) in TEMPLATING for c in (call, *call.pipe))


def makes_secret(text: str) -> bool:
    """Whether a piece of shell makes something random that all containers must share."""
    if "/dev/urandom" in text or "/dev/random" in text or any(word in text for word in RANDOM):
        return True
    programs, _ = used(parse(text))
    found = {posixpath.basename(p) for p in programs} & SECRETS
    if found == {"openssl"}:
        return any(f"openssl {how}" in text for how in MAKES_SECRET)
    return bool(found) or "rake secret" in text or "rails secret" in text
