"""Wrappers that change the user: gosu, su-exec, setuser, chpst, s6-setuidgid, setpriv, runuser, sudo and doas."""

import shlex

from splitter.managers._wrapper import Call, Layer, account_ids, chroot, environment, home
from splitter.shell.arguments import identity

LIMITS = {"m": "memory", "d": "data", "o": "open files", "p": "processes", "f": "file size", "c": "core size",
          "r": "resident memory", "t": "CPU time"}  # fmt: skip
ROOT = "root"


def as_user(call: Call) -> Layer | None:
    """gosu, su-exec, setuser, s6-setuidgid, setuidgid: USER COMMAND."""
    if not call.own:
        return None
    [user] = call.own
    sets_home = call.name in ("gosu", "su-exec", "setuser")
    return Layer(user=user, switch=call.front, env=home(call, user) if sets_home else {})


def applyuidgid(call: Call) -> Layer | None:
    uid, gid = call.got.value("u") or "", call.got.value("g") or ""
    if call.got.has("U"):
        uid, gid = uid or call.env.get("UID", "$UID"), gid or call.env.get("GID", "$GID")
    return Layer(user=f"{uid}:{gid}" if gid else uid, switch=call.front)


def chpst(call: Call) -> Layer | None:
    """chpst(8): every option is one of user, environment, folder, root, lock, limits, closed descriptors."""
    got, layer = call.got, Layer()
    if got.has("V"):
        return None
    program = call.front[:1]
    if (root := got.value("/")) and call.rest:
        return chroot(call, root)
    if folder := got.value("e"):
        environment(call, folder, layer)
    if pwd := got.value("C"):
        layer.workdir = call.path(pwd)
    if user := got.value("u"):
        name, *groups = user.removeprefix(":").split(":")
        layer.user = ":".join((name, *groups[:1]))
        if groups[1:]:
            layer.notes.append(f"chpst gives it the further group{'s' * (len(groups) > 2)} {', '.join(groups[1:])}")
        layer.switch = (*program, "-u", user)
    kept: list[str] = []
    if account := got.value("U"):
        ids = account_ids(account, call)
        layer.env |= ids
        kept += [] if ids else ["-U", account]
    for letter in ("b", "n", "l", "L", "m", "d", "o", "p", "f", "c", "r", "t"):
        kept += [w for value in got.options.get(letter, ()) for w in (f"-{letter}", value)]
    kept += [f"-{letter}" for letter in "12" if got.has(letter)]
    if kept:
        layer.kept = (*layer.kept, *program, *kept)
        layer.notes += [f"{what} limited to {got.value(letter)}" for letter, what in LIMITS.items() if got.has(letter)]
        layer.notes += [f"nice level {got.value('n')}"] if got.has("n") else []
        layer.notes += [f"holds a lock on {got.value('l', 'L')}"] if got.has("l", "L") else []
    return layer


def envuidgid(call: Call) -> Layer | None:
    ids = account_ids(call.own[0], call) if call.own else {}
    return Layer(env=ids, kept=() if ids else call.front)


def setpriv(call: Call) -> Layer | None:
    got = call.got
    user = got.value("reuid", "ruid", "euid") or ""
    group = got.value("regid", "rgid", "egid") or ""
    plain = ("reuid", "ruid", "euid", "regid", "rgid", "egid", "init-groups", "clear-groups", "keep-groups",
             "reset-env", "groups")  # fmt: skip
    other = {name: value for name, value in got.options.items() if name not in plain}
    layer = Layer(switch=call.front if user else ())
    if user:
        row = identity(user, "/etc/passwd", call.image)
        own_group = identity(group, "/etc/group", call.image)
        same = not group or (group == user and (row is None or own_group is None or row[3] == own_group[2]))
        layer.user = user if same and not group.isdecimal() else f"{user}:{group}"
    if other:
        words = [f"--{n}={v}" if v else f"--{n}" for n, values in other.items() for v in values]
        layer.kept = (*call.front[:1], *words)
        layer.notes.append(f"under {shlex.join(layer.kept)}")
    if not user and not other:
        layer.kept = call.front
    if got.has("reset-env"):
        layer.env |= home(call, user)
        layer.notes.append("setpriv hides the container's environment from it")
    return layer


def runuser(call: Call) -> Layer | None:
    """Only `runuser -u USER -- COMMAND`; without -u it starts a shell, as su does."""
    user = call.got.value("u", "user")
    if not user:
        return None
    group = call.got.value("g", "group")
    return Layer(user=f"{user}:{group}" if group else user, switch=call.front)


def sudo(call: Call) -> Layer | None:
    """sudo and doas: root where no user is named; variables are set before the command, the others are hidden."""
    got = call.got
    if got.has("l", "list", "v", "validate", "K", "e", "V", "version", "help", "L"):
        return None
    user = (got.value("u", "user") or ROOT).removeprefix("#")
    group = (got.value("g", "group") or "").removeprefix("#") if call.name == "sudo" else ""
    layer = Layer(user=f"{user}:{group}" if group else user)
    rest = call.rest
    if call.name == "sudo":
        while rest and _assignment(rest[0]):
            name, _, value = rest[0].partition("=")
            layer.env[name] = value
            rest = rest[1:]
    if got.value("chdir", "D") and call.name == "sudo":
        layer.workdir = call.path(got.value("chdir", "D") or "")
    if not got.has("E", "preserve-env"):
        layer.env = {**home(call, user), **layer.env}
        layer.notes.append(f"{call.name} hides the container's environment from it")
    elif got.has("H", "set-home"):
        layer.env = {**{k: v for k, v in home(call, user).items() if k == "HOME"}, **layer.env}
    layer.switch = call.process.command.argv[: len(call.process.command.argv) - len(rest)] if rest else ()
    if rest and got.has("i", "login", "s", "shell"):
        rest = ("/bin/sh", "-c", shlex.join(rest))
    layer.rest = rest
    return layer


def _assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()
