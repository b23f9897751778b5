"""What each command of execline does to a chain: from the words after its name to those that come next."""

import posixpath
import shlex
from collections.abc import Mapping

from splitter.managers._execline import Word, block, options, substitute
from splitter.managers._execline_chain import TESTS, Chain, Rest, Step
from splitter.managers._supervisor import CLOSE, OPEN, quoted, readable


def cd(chain: Chain, words: Rest) -> Rest:
    if words and OPEN in chain.resolved(words[0].text):
        chain.notes.append(f"its working folder is {readable(words[0].text)}")
    elif words:
        chain.workdir = chain.place(words[0].text)
    return words[1:]


def export(chain: Chain, words: Rest) -> Rest:
    if len(words) > 1:
        chain.env[readable(words[0].text)] = words[1].text
    return words[2:]


def exportall(chain: Chain, words: Rest) -> Rest:
    pairs, rest = block(words)
    chain.env |= {readable(k.text): v.text for k, v in zip(pairs[::2], pairs[1::2], strict=False)}
    return rest


def unexport(chain: Chain, words: Rest) -> Rest:
    for word in words[:1]:
        chain.env.pop(word.text, None)
        if chain.value(word.text) is not None:
            chain.notes.append(f"{word.text} is taken out of its environment")
    return words[1:]


def emptyenv(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words)
    if not {"c", "o", "P"} & flags.keys():
        chain.env.clear()
        chain.notes.append("starts with an empty environment")
    return rest


def importas(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words, "Dd")
    same = "S" in flags
    if len(rest) < 2 - same:
        return []
    name, variable = rest[0].text, rest[0 if same else 1].text
    value = chain.value(variable)
    if value is None and "D" in flags:
        value = flags["D"]
    if "u" in flags:
        chain.env.pop(variable, None)
    return _put(chain, rest[2 - same :], name, variable, value, "s" in flags, flags.get("d", " \n\r\t"))


def _put(chain: Chain, words: Rest, name: str, variable: str, value: str | None, split: bool, delimiters: str) -> Rest:
    if value is not None and split:
        for delimiter in delimiters:
            value = value.replace(delimiter, "\0")
        return substitute(words, {name: [part for part in value.split("\0") if part]})
    mark = f"{OPEN}{variable}{CLOSE}"
    if value is not None and (not variable.isidentifier() or chain.known.get(variable, value) != value):
        return substitute(words, {name: [value]})
    if value is not None and mark not in value:
        chain.known[variable] = value
    return substitute(words, {name: [mark]})


def define(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words, "d")
    if len(rest) < 2:
        return []
    value = rest[1].text
    if "s" in flags:
        return _put(chain, rest[2:], rest[0].text, "", value, True, flags.get("d", " \n\r\t"))
    return substitute(rest[2:], {rest[0].text: [value]})


def backtick(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words, "D")
    name, (program, rest) = (rest[0].text if rest else ""), block(rest[1:])
    value = _output(chain, program)
    if value is None:
        chain.env.pop(name, None)
        chain.known.pop(name, None)
        # Told to the shell that starts the program; a chain with its blocks is a plain argv there too.
        asked = " ".join(quoted(chain.resolved(w.text)) for w in program)
        chain.asked.append(f'{readable(name)}="$({asked})"; export {readable(name)}; ')
    elif value or "D" not in flags:
        chain.env[name] = value
    else:
        chain.env[name] = flags["D"]
    return rest


def _output(chain: Chain, program: Rest) -> str | None:
    """What a program prints, where that is told by its arguments and the files at hand."""
    from splitter.shell.evaluate import evaluate

    argv = [chain.resolved(w.text) for w in program]
    if not argv or any(OPEN in word or not word for word in argv) or argv[0] in chain.steps:
        return None
    env: Mapping[str, str] = {**chain.image.config.env, **chain.process.env}
    script = f'v=$({shlex.join(argv)}); use "$v"'
    trace = evaluate(script, path=chain.path or "/", env=env, cwd=chain.folder, files=chain.image)
    call = trace.calls[-1] if trace.calls else None
    known = call is not None and call.argv[0] == "use" and call.known and not call.guards
    return call.argv[1] if known and call is not None and len(call.argv) == 2 else None


def multisubstitute(chain: Chain, words: Rest) -> Rest:
    inner, rest = block(words)
    # All values are put in at once in execline; one after another differs only for a value that holds `${...}`.
    while inner:
        name = posixpath.basename(inner[0].text)
        if name not in ("importas", "define", "elglob", "elgetpositionals", "multidefine"):
            break
        _, after = options(inner[1:], "Dd")
        count = {"elgetpositionals": 0, "importas": 2 - ("-S" in [w.text for w in inner[1:3]])}.get(name, 2)
        end = len(inner) - len(after) + count
        rest = chain.steps[name](chain, [*inner[1:end], *rest])
        inner = inner[end:]
    return rest


def multidefine(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words, "d")
    value, (names, rest) = (rest[0].text if rest else ""), block(rest[1:])
    parts = [value]
    for delimiter in flags.get("d", " \n\r\t"):
        parts = [piece for part in parts for piece in part.split(delimiter)]
    texts = [p for p in parts if p]
    return substitute(rest, {n.text: [texts[i]] if i < len(texts) else [] for i, n in enumerate(names) if n.text})


def elglob(chain: Chain, words: Rest) -> Rest:
    _, rest = options(words, "d")
    if len(rest) < 2:
        return []
    pattern = chain.place(rest[1].text)
    return substitute(rest[2:], {rest[0].text: list(chain.image.glob(pattern)) or [rest[1].text]})


def foreground(chain: Chain, words: Rest) -> Rest:
    inner, rest = block(words)
    chain.job(inner)
    return rest


def background(chain: Chain, words: Rest) -> Rest:
    inner, rest = block(options(words)[1])
    if inner:
        chain.found.append(chain.process_of(inner, ""))
    return rest


def condition(chain: Chain, words: Rest) -> Rest:
    """`if { test } prog`: the program only where the test holds; any other block is a step that must succeed."""
    flags, rest = options(words, "x")
    inner, rest = block(rest)
    holds, text, switch = chain.decide(inner)
    negated = "n" in flags
    if holds is None:
        if inner and posixpath.basename(inner[0].text) in TESTS:
            chain.notes.append(f"only {'unless' if negated else 'if'} {text}")
        else:
            chain.job(inner)
    elif holds is negated:
        chain.off = chain.off or switch or f"{'not ' if negated else ''}{text}"
    return rest


def ifelse(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words)
    inner, rest = block(rest)
    then, rest = block(rest)
    holds, text, switch = chain.decide(inner)
    if "n" in flags:
        holds, text = holds if holds is None else not holds, f"not {text}"
    other = chain.branch()
    if holds is None:
        other.notes.append(f"if {text}")
        chain.notes.append(f"unless {text}")
    else:
        other.off = other.off or switch or (f"unless {text}" if holds else text)
    if holds:
        then, rest = rest, then
    chain.found += other.run(then, chain.process.name if holds is None else "")
    return rest


def ifthenelse(chain: Chain, words: Rest) -> Rest:
    _, rest = options(words)
    inner, rest = block(rest)
    then, rest = block(rest)
    other, rest = block(rest)
    holds, text, _ = chain.decide(inner)
    for taken, said, branch in ((holds is not False, f"if {text}", then), (holds is not True, f"unless {text}", other)):
        if taken and branch:
            kept = list(chain.notes)
            chain.notes += [said] if holds is None else []
            chain.job(branch)
            chain.notes = kept
    return rest


def ifte(chain: Chain, words: Rest) -> Rest:
    then, rest = block(words)
    other, rest = block(rest)
    return ifthenelse(chain, [*_again(rest), *_again(then), *_again(other)])


def redirfd(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words)
    if len(rest) < 2:
        return []
    fd, path = rest[0].text, chain.place(rest[1].text)
    if "r" in flags and fd == "0":
        chain.inputs = path
        if chain.process.lifetime != "job":
            chain.notes.append(f"reads {path} as its standard input")
    elif fd in ("1", "2") and path not in ("/dev/stdout", "/dev/stderr"):
        chain.outputs[int(fd)] = (">>" if "a" in flags else ">", path)
    return rest[2:]


def fdmove(chain: Chain, words: Rest) -> Rest:
    _, rest = options(words)
    to, source = (w.text for w in rest[:2]) if len(rest) > 1 else ("", "")
    if to in ("1", "2") and source.isdecimal() and len(source) < 4:
        there = chain.outputs.get(int(source))
        chain.outputs.pop(int(to), None)
        chain.outputs |= {int(to): there} if there else {}
    return rest[2:]


def pipeline(chain: Chain, words: Rest) -> Rest:
    flags, rest = options(words)
    inner, rest = block(rest)
    if not inner or not rest:
        return rest
    logger = "w" in flags
    other = chain.branch()
    if logger:
        other.notes.append(f"reads what {chain.process.name} writes")
        chain.found.append(other.process_of(inner, ""))
        return rest
    chain.found.append(other.process_of(inner, chain.process.name))
    chain.notes.append(f"reads what {chain.process.name} writes")
    chain.found.append(chain.process_of(rest, ""))
    return []


def each(chain: Chain, words: Rest) -> Rest:
    """`forx VAR { values } prog`: the program once for each value."""
    _, rest = options(words, "ox")
    name, (values, rest) = (rest[0].text if rest else ""), block(rest[1:])
    chain.notes.append(f"once for each {readable(name)} of {readable(' '.join(w.text for w in values))}")
    return rest


def each_line(chain: Chain, words: Rest) -> Rest:
    _, rest = options(words, "oxd")
    chain.notes.append(f"once for each {readable(rest[0].text)} that it reads" if rest else "")
    return rest[1:]


def loop(chain: Chain, words: Rest) -> Rest:
    chain.notes.append("started again and again by its own script")
    return options(words, "ox")[1]


def trap(chain: Chain, words: Rest) -> Rest:
    _, rest = options(words, "t")
    inner, rest = block(rest)
    signals = [w.text for at, w in enumerate(inner) if at == 0 or not inner[at - 1].text]
    chain.notes.append(f"its script acts on {', '.join(readable(s) for s in signals)}")
    return rest


def tryexec(chain: Chain, words: Rest) -> Rest:
    _, rest = options(words, "a")
    inner, rest = block(rest)
    first = chain.resolved(inner[0].text) if inner else ""
    there = chain.image.which(first, chain.folder) is not None
    return inner if inner and (there or first in chain.steps or not rest) else rest


def keep(chain: Chain, words: Rest) -> Rest:
    return options(words)[1]


def skip_block(chain: Chain, words: Rest) -> Rest:
    return block(options(words, "to")[1])[1]


def skip_word(chain: Chain, words: Rest) -> Rest:
    return options(words, "da")[1][1:]


def skip_two(chain: Chain, words: Rest) -> Rest:
    return options(words)[1][2:]


def exec_(chain: Chain, words: Rest) -> Rest:
    return options(words, "a")[1]


def umask(chain: Chain, words: Rest) -> Rest:
    chain.notes += [f"umask {w.text}" for w in words[:1]]
    return words[1:]


def _again(words: Rest) -> Rest:
    """The words as a block."""
    return [*(Word(f" {w.text}", w.line) for w in words), Word("", words[-1].line if words else 0)]


STEPS: dict[str, Step] = {
    **dict.fromkeys(("cd", "execline-cd", "posix-cd"), cd),
    **dict.fromkeys(("umask", "execline-umask", "posix-umask"), umask),
    "export": export,
    "exportall": exportall,
    "unexport": unexport,
    "emptyenv": emptyenv,
    "importas": importas,
    "define": define,
    "backtick": backtick,
    "multisubstitute": multisubstitute,
    "multidefine": multidefine,
    "elglob": elglob,
    "elgetpositionals": skip_word,
    "foreground": foreground,
    "background": background,
    "if": condition,
    "ifelse": ifelse,
    "ifte": ifte,
    "ifthenelse": ifthenelse,
    "redirfd": redirfd,
    "fdmove": fdmove,
    "fdswap": skip_two,
    "piperw": skip_two,
    "heredoc": skip_two,
    **dict.fromkeys(("fdclose", "fdreserve", "getcwd", "getpid", "homeof", "envfile", "withstdinas"), skip_word),
    "fdblock": skip_word,
    "pipeline": pipeline,
    "forx": each,
    "forbacktickx": each,
    "forstdin": each_line,
    "loopwhilex": loop,
    "trap": trap,
    "tryexec": tryexec,
    "wait": skip_block,
    "with-contenv": keep,
    "exec": exec_,
}
