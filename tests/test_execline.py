"""execline: words as execlineb reads them, and what a chain starts on its way to its program."""

import pytest
from managing import expand, image_of

from splitter.managers import _execline
from splitter.managers._execline import Unreadable, Word, parse, substitute


def texts(words):
    return [w.text for w in words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("a b\tc\n d", ["a", "b", "c", "d"], id="blanks part words"),
        pytest.param("a # b\n#c\nd e#f", ["a", "d", "e#f"], id="a comment begins a word"),
        pytest.param('"a b" c"d e"f ""', ["a b", "cd ef", ""], id="quotes"),
        pytest.param(r'"\t\x\"\\" \"\n', ['\tx"\\', '"n'], id="a backslash between quotes, and outside"),
        pytest.param(r'"\0x41\065\065"', ["A55"], id="numbers of characters: hexadecimal and octal"),
        pytest.param(r'"\65\n"', ["A\n"], id="numbers of characters: decimal"),
        pytest.param('a \\\n b "c\\\nd"', ["a", "b", "cd"], id="a line goes on"),
        pytest.param("if { a { b } c } d", ["if", " a", "  b", " ", " c", "", "d"], id="blocks are encoded"),
        pytest.param('a {b} "{" c', ["a", "{b}", "{", "c"], id="a brace is one only alone"),
        pytest.param('{ "" }', [" ", ""], id="an empty word in a block does not end it"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_words(text, words):
    assert texts(parse(text)) == words


@pytest.mark.parametrize(
    ("text", "line"),
    [("a {\n b", 2), ("a\n}\n", 2), ('a\n"b', 2), ('a "\\0"', 1), ("a \\", 1)],
    ids=["a block stays open", "a block was not open", "a quote stays open", "a character 0", "a last backslash"],
)
def test_what_execlineb_refuses(text, line):
    with pytest.raises(Unreadable) as refused:
        parse(text)
    assert refused.value.line == line


def test_words_know_their_line():
    assert parse('a\n\n "b\nc"  d {\n}') == [Word("a", 1), Word("b\nc", 3), Word("d", 4), Word("", 5)]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("$A", ["x"], id="a word of its own"),
        pytest.param("${A}bar", ["xbar"], id="in braces"),
        pytest.param("$Abar $B", ["$Abar $B"], id="another name"),
        pytest.param("a$A}", ["ax}"], id="a brace ends a name"),
        pytest.param("\\${A}", ["${A}"], id="a backslash keeps it"),
        pytest.param("\\\\${A}", ["\\x"], id="two backslashes are one"),
        pytest.param("\\$B", ["\\$B"], id="another name keeps its backslash"),
        pytest.param("-${M}-", ["-1-", "-2-"], id="several values make several words"),
        pytest.param("a${N}", [], id="no value takes the word away"),
        pytest.param("${A}${M}", ["x1", "x2"], id="two names"),
    ],
)
def test_substitution(word, expected):
    assert texts(substitute([Word(word, 1)], {"A": ["x"], "M": ["1", "2"], "N": []})) == expected


def test_substitution_has_bounds():
    many = {"A": [str(n) for n in range(1000)]}
    with pytest.raises(Unreadable):
        substitute([Word("$A$A$A", 1)], many)


def test_options_as_getopt():
    found, rest = _execline.options([Word(w, 1) for w in ("-iu", "-Dx", "-d", ":", "--", "-a")], "Dd")
    assert (found, texts(rest)) == ({"i": "", "u": "", "D": "x", "d": ":"}, ["-a"])


def run(text, files=None, *, env=None, **more):
    image = image_of({"/run": f"#!/bin/execlineb -P\n{text}", **(files or {})}, env=env, workdir="/srv")
    return expand("execline", "/run", image, **more)


def told(process):
    return (str(process.command), process.lifetime)


@pytest.mark.parametrize(
    ("text", "started"),
    [
        pytest.param('nginx -g "daemon off;"', [("nginx -g 'daemon off;'", "service")], id="one program"),
        pytest.param("with-contenv exec crond -f", [("crond -f", "service")], id="commands that change nothing"),
        pytest.param(
            "foreground { ./manage.py migrate }\nif { initdb }\ngunicorn app",
            [("./manage.py migrate", "job"), ("initdb", "job"), ("gunicorn app", "service")],
            id="blocks that run first",
        ),
        pytest.param("foreground { echo hello } if { true } a", [("a", "service")], id="what leaves nothing behind"),
        pytest.param("background { ticker } web", [("ticker", "service"), ("web", "service")], id="a block beside"),
        pytest.param(
            "foreground { if { a } b } c",
            [("if ' a' '' b", "job"), ("c", "service")],
            id="a block is a chain of its own",
        ),
        pytest.param(
            "s6-setuidgid app cd /x prog", [("s6-setuidgid app cd /x prog", "service")], id="a wrapper"
        ),
        pytest.param("pipeline { make } s6-log t /log", [("make", "service"), ("s6-log t /log", "service")], id="pipe"),
        pytest.param(
            "pipeline -w { logger } make", [("logger", "service"), ("make", "service")], id="a pipe the other way"
        ),
        pytest.param("ifthenelse { a } { b } { c } d", [("b", "job"), ("c", "job"), ("d", "service")], id="both arms"),
        pytest.param("ifthenelse { true } { b } { c } d", [("b", "job"), ("d", "service")], id="a known arm"),
        pytest.param("tryexec { nowhere x } d", [("d", "service")], id="a program that is not there"),
        pytest.param("foreground { s6-svscanctl -t /run/service } exit 0", [("s6-svscanctl -t /run/service", "job")],
                     id="only an end"),
        pytest.param("loopwhilex -x 1 worker", [("worker", "service")], id="a loop"),
        pytest.param("emptyenv -p umask 022 fdmove -c 2 1 fdclose 0 a", [("a", "service")], id="the process's state"),
        pytest.param("", [], id="nothing"),
    ],
)  # fmt: skip
def test_what_a_chain_starts(text, started):
    found, gaps = run(text)
    assert gaps == []
    assert [told(p) for p in found] == started


def test_what_the_program_is_given():
    [program], gaps = run(
        "export A b\ncd /app\ncd sub\nredirfd -a 1 /var/log/app.log\nfdmove -c 2 1\nprog --x",
    )
    assert gaps == []
    assert (program.name, program.env, program.workdir) == ("main", {"A": "b"}, "/app/sub")
    assert program.logs == ("/var/log/app.log",)
    assert str(program.evidence) == "/run:7"


def test_a_step_that_writes_a_file_keeps_its_redirection():
    [step, _], _ = run("foreground { redirfd -w 1 /etc/app.conf printf x } prog")
    assert step.name == "redirfd"
    image = image_of({})
    [inner], _ = expand("execline", step.command.argv, image, lifetime="job")
    assert inner.command.argv == ("printf", "x")
    assert inner.command.run == ("/bin/sh", "-c", "exec printf x > /etc/app.conf")


@pytest.mark.parametrize(
    ("text", "argv", "line"),
    [
        pytest.param("importas -i PORT PORT prog $PORT", "prog 80", "", id="a variable of the image"),
        pytest.param("importas P PORT prog -p${P}", "prog -p80", "", id="by another name"),
        pytest.param("importas -D 1 N NONE prog $N", "prog 1", "", id="a default"),
        pytest.param("importas -S PORT prog $PORT", "prog 80", "", id="its own name"),
        pytest.param("importas N NONE prog x$N", "prog 'x$NONE'", 'exec prog "x${NONE}"', id="known only at run time"),
        pytest.param("importas -s L LIST prog $L", "prog a b", "", id="split"),
        pytest.param(
            'multisubstitute { importas P PORT define D "d e" } prog $P $D', "prog 80 'd e'", "", id="several"
        ),
        pytest.param("define D $PORT prog $D", "prog $PORT", "", id="a dollar sign is a letter until it is imported"),
        pytest.param("multidefine -d : 1:2 { A B } prog $A $B", "prog 1 2", "", id="the parts of a value"),
        pytest.param("backtick -n V { cat /etc/v } importas V V prog $V", "prog 7", "", id="what a known file holds"),
        pytest.param(
            "backtick V { hostname -f } importas V V prog $V",
            "prog $V",
            'V="$(hostname -f)"; export V; exec prog $V',
            id="what a program prints",
        ),
        pytest.param("elglob F /etc/* prog $F", "prog /etc/v", "", id="files"),
    ],
)
def test_values(text, argv, line):
    found, gaps = run(text, {"/etc/v": "7\n"}, env={"PORT": "80", "LIST": "a b"})
    assert gaps == []
    assert (str(found[-1].command), found[-1].command.run) == (argv, ("/bin/sh", "-c", line) if line else ())


def test_positional_arguments():
    image = image_of({"/x": '#!/command/execlineb -S1\nprog $1 ${2} "$@" $#'})
    [program], _ = expand("execline", "/x a b", image)
    assert program.command.argv == ("prog", "a", "b", "a", "b", "2")
    image = image_of({"/x": "#!/command/execlineb -s1\nprog $1 : $@"})
    [program], _ = expand("execline", "execlineb -s1 /x a b c", image)
    assert program.command.argv == ("prog", "a", ":", "b", "c")


@pytest.mark.parametrize(
    ("text", "env", "expected"),
    [
        pytest.param(
            "importas -D 0 ON ON ifelse { test $ON = 1 } { a } b", {},
            [("a", "ON=1", ()), ("b", "", ())], id="off by default"
        ),
        pytest.param(
            "importas -D 0 ON ON ifelse { test $ON = 1 } { a } b", {"ON": "1"},
            [("b", "ON other than 1", ()), ("a", "", ())],
            id="on by the image",
        ),
        pytest.param(
            "ifelse { pgrep x } { a } b", {},
            [("a", "", ("if pgrep x",)), ("b", "", ("unless pgrep x",))], id="not known"
        ),
        pytest.param("if { test -f /etc/v } a", {}, [("a", "", ())], id="a file that is there"),
        pytest.param("if -n { test -f /etc/v } a", {}, [("a", "/etc/v does not exist", ())], id="negated"),
        pytest.param("if { eltest -v X } a", {}, [("a", "X is set", ())], id="eltest knows more than test"),
        pytest.param("if { test x =~ y } a", {}, [("a", "", ("only if test x '=~' y",))], id="not known"),
    ],
)  # fmt: skip
def test_conditions(text, env, expected):
    found, gaps = run(text, {"/etc/v": ""}, env=env)
    assert gaps == []
    assert [(p.command.argv[0], p.off, p.notes) for p in found] == expected


def test_waiting_for_a_service_is_an_order():
    found, _ = run("if { s6-svwait -u -t 5000 /run/service/redis } foreground { s6-svc -u ../db } prog")
    assert [(told(p), p.after) for p in found] == [(("prog", "service"), ("redis", "db"))]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["execlineb", "-c", "cd /x prog -a"], ("prog", "-a")),
        (["execlineb", "-Pc", "prog"], ("prog",)),
        (["execlineb", "-P", "/up"], ("up",)),
        (["/up"], ("up",)),
        (["cd", "/app", "s6-setuidgid", "abc", "node", "x"], ("s6-setuidgid", "abc", "node", "x")),
        (["fdmove", "-c", "2", "1", "prog"], ("prog",)),
    ],
)
def test_how_it_is_called(argv, expected):
    image = image_of({"/up": "#!/usr/bin/env execlineb\nup"})
    [program], gaps = expand("execline", argv, image)
    assert (program.command.argv, gaps) == (expected, [])


@pytest.mark.parametrize("argv", ["cd /app", "export A=b", "wait", "if", "prog", "/sh", "umask 022", "execlineb"])
def test_other_commands_are_not_claimed(argv):
    assert expand("execline", argv, image_of({"/sh": "#!/bin/sh\nx"})) is None


def test_what_cannot_be_read_is_a_gap():
    [], [gap] = run("prog {\n x")
    assert (str(gap.evidence), "unmatched {" in gap.what) == ("/run:3", True)
    [], [gap] = expand("execline", "execlineb /nowhere", image_of({}))
    assert (gap.evidence.path, "not at hand" in gap.what) == ("/nowhere", True)
