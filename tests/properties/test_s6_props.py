"""No text makes the managers of s6, of execline, of init scripts and of systemd raise: they give processes or gaps."""

from hypothesis import given
from hypothesis import strategies as st
from managing import expand, image_of

from splitter.managers._execline import Unreadable, Word, block, parse, substitute
from splitter.model.facts import Gap, Process

WORDS = (
    *("foreground", "background", "if", "-n", "ifelse", "ifte", "ifthenelse", "importas", "-i", "-D", "-s", "define"),
    *(
        "backtick",
        "multisubstitute",
        "multidefine",
        "elglob",
        "export",
        "exportall",
        "unexport",
        "emptyenv",
        "cd",
        "/x",
    ),
    *(
        "redirfd",
        "-w",
        "1",
        "2",
        "fdmove",
        "-c",
        "pipeline",
        "forx",
        "forstdin",
        "loopwhilex",
        "trap",
        "tryexec",
        "wait",
    ),
    *("{", "}", "A", "$A", "${A}", "\\${A}", '"', "test", "true", "exec", "s6-setuidgid", "prog", "#", "\n", "umask"),
    *("s6-svwait", "[", "]", "=", "exit", "with-contenv", "echo", "withstdinas", "fdblock", "getpid", "\\", '""'),
)
chains = st.lists(st.sampled_from(WORDS), max_size=24).map(" ".join)
# A file with a NUL is no text, and so no script.
texts = st.one_of(
    chains,
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
    st.text('{}"\\$# \n0x12abn', max_size=60),
)


def fine(got):
    processes, gaps = got
    assert all(isinstance(p, Process) for p in processes)
    assert all(isinstance(g, Gap) and g.what for g in gaps)
    for process in processes:
        assert process.command.argv
        str(process.command)


@given(texts)
def test_any_script_of_execline_is_read(text):
    fine(expand("execline", "/x", image_of({"/x": f"#!/bin/execlineb -S1\n{text}"}, env={"A": "a b"})))


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6), st.sampled_from(["", " ", " a", "  b"]))))
def test_any_chain_is_read(words):
    got = expand("execline", ["foreground", *words], image_of({}, env={"A": "1"}))
    if got is not None:
        fine(got)


@given(st.recursive(st.text('abc"{}$ ', max_size=4).map(lambda w: [w]), lambda inner: st.lists(inner, max_size=4)))
def test_a_block_that_was_encoded_comes_back(tree):
    def written(node):
        if node and isinstance(node[0], str):
            return ['"' + "".join(f"\\{c}" if c in '"\\' else c for c in node[0]) + '"']
        return ["{", *(w for n in node for w in written(n)), "}"]

    words = parse(" ".join(written([tree])))
    inner, rest = block(words)
    assert rest == []
    assert [w.text for w in inner] == [w.text for w in parse(" ".join(written(tree)))]


@given(st.text("$\\{}AB", max_size=20), st.lists(st.text("xy$", max_size=3), max_size=3))
def test_any_substitution_ends(word, values):
    try:
        words = substitute([Word(word, 1)], {"A": values, "B": ["b"]})
    except Unreadable:
        return
    if "$" not in word:
        assert [w.text for w in words] == [word]


names = st.sampled_from(["a", "b", "user", "user2", ".x", "init"])
files = st.sampled_from([
    "type", "run", "up", "down", "dependencies", "contents", "producer-for", "consumer-for", "pipeline-name",
    "notification-fd", "timeout-kill", "down-signal", "dependencies.d/a", "dependencies.d/b", "contents.d/a",
    "contents.d/b", "contents.d/user2", "finish", "log/run", "data/check",
])  # fmt: skip
contents = st.one_of(
    st.sampled_from(["longrun", "oneshot\n", "bundle", "a\nb\n", "#!/bin/sh\nrm -r /etc/s6-overlay\n", "3", "x" * 99]),
    st.text(max_size=30),
)
definitions = st.dictionaries(st.tuples(names, files), contents, max_size=16)


def tree(entries, root):
    """As files, those left out that would stand below another file."""
    paths = {f"{root}/{name}/{file}": text for (name, file), text in entries.items()}
    return {p: t for p, t in paths.items() if not any(q.startswith(f"{p}/") for q in paths)}


@given(definitions, definitions, st.dictionaries(st.sampled_from(["10-a", "b.sh"]), contents), st.text(max_size=10))
def test_any_tree_of_s6_overlay_is_read(rc, legacy, scripts, profile):
    made = {**tree(rc, "/etc/s6-overlay/s6-rc.d"), **tree(legacy, "/etc/services.d")}
    made |= {f"/etc/cont-init.d/{n}": f"#!/usr/bin/with-contenv sh\n{t}" for n, t in scripts.items()}
    made["/etc/fix-attrs.d/x"] = profile
    env = {"S6_STAGE2_HOOK": "/etc/cont-init.d/b.sh", "S6_KILL_GRACETIME": profile}
    fine(expand("s6", ["/init", "cmd"], image_of(made, env=env)))
    fine(expand("s6", "s6-svscan /etc/services.d", image_of(made)))
