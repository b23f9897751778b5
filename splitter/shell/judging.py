"""What a statement is like before it is read: quiet, a test, or a program whose status nobody knows."""

from dataclasses import replace

from splitter.shell.names import used
from splitter.shell.syntax import (
    AndOr,
    Arithmetic,
    Assign,
    Function,
    If,
    Not,
    Redirected,
    Sequence,
    Simple,
    Statement,
    Subshell,
    Test,
    walk,
)  # fmt: skip

# What may follow the program a script lives for without being what it lives for.
QUIET = frozenset((
    "echo", "printf", "exit", "return", "trap", ":", "true", "false", "kill", "sleep", "set", "shopt", "unset",
    "local", "export", "readonly", "declare",
))  # fmt: skip
# What leaves nothing running and nothing behind, whatever it is told.
HARMLESS = QUIET | frozenset((
    "shift", "let", "test", "[", "typeset", "read", "break", "continue", "wait", "date", "tput", "command", "type",
    "which", "basename", "dirname", "id", "whoami", "hostname", "pwd", "getopts", "mapfile", "readarray", "grep",
))  # fmt: skip
# What only prints.
PRINTS = HARMLESS | frozenset((
    "cat", "sed", "awk", "tr", "cut", "head", "tail", "ls", "sort", "uniq", "wc", "find", "readlink", "realpath",
    "stat", "nproc", "uname", "getent", "jq", "seq", "egrep", "rev", "tac", "openssl", "sha256sum", "md5sum",
    "base64", "expr", "xargs", "mktemp", "pwgen", "uuidgen", "printenv", "env", "pgrep", "ps", "ip", "getconf", "free",
    "df", "cd",
))  # fmt: skip


def quiet(node: Statement) -> bool:
    """Nothing that a script would be kept up for."""
    match node:
        case Simple():
            return not node.words or (isinstance(node.words[0], str) and node.words[0] in QUIET)
        case Function() | Test() | Arithmetic():
            return True
        case Not() | Redirected():
            return quiet(node.body)
        case AndOr():
            return quiet(node.left) and quiet(node.right)
        case Sequence():
            return all(quiet(s) for s in node.body)
        case Subshell():
            return quiet(node.body)
        case If():
            bodies = [b for arm in node.arms for b in arm] + ([node.orelse] if node.orelse else [])
            return all(quiet(b) for b in bodies)
        case _:
            return False


def takes(node: Statement) -> bool:
    """Whether it assigns what a program says that does more than print."""
    if not isinstance(node, Simple):
        return False
    assigns = tuple(a for a in (*node.assigns, *node.words) if isinstance(a, Assign))
    if not any("$(" in a.value or "`" in a.value for a in assigns):
        return False
    return not used(replace(node, words=(), assigns=assigns))[0] <= PRINTS


def command(node: Statement) -> bool:
    """Its status is a program's, not a test's."""
    return not any(isinstance(s, (Test, Arithmetic)) or _tests(s) for s in walk(node))


def _tests(node: Statement) -> bool:
    return isinstance(node, Simple) and node.words[:1] in (("test",), ("[",), ("command",), ("which",), ("grep",))
