"""What the shell reader makes of scripts: the calls, in order, with what guards, feeds and follows them."""

import pytest
from managing import image_of

from splitter.shell.evaluate import evaluate, words


def trace(text, args=(), env=None, files=None, **more):
    return evaluate(text, path="/s.sh", env=env or {}, args=args, files=image_of(files or {}), **more)


def lines(text, *args, **more):
    return [" ".join(c.argv) for c in trace(text, args, **more).calls if not c.off]


@pytest.mark.parametrize(
    ("text", "env", "wanted"),
    [
        pytest.param("run '$X' \"$X\" \\$X", {"X": "a b"}, ("run", "$X", "a b", "$X"), id="quotes"),
        pytest.param("run $X", {"X": "a  b"}, ("run", "a", "b"), id="an unquoted variable is split"),
        pytest.param('read H; C="run -h ${H}"; $C -e', {}, ("run", "-h", "$H", "-e"), id="so is one known in part"),
        pytest.param("run ${X:-d} ${Y-e} ${Z:+z}", {"X": ""}, ("run", "d", "e"), id="defaults"),
        pytest.param("run $UNSET end", {}, ("run", "$UNSET", "end"), id="what nobody sets stays in sight"),
        pytest.param("$UNSET run", {}, ("run",), id="but not where the program stands"),
        pytest.param("run ${X%.*} ${X##*/} ${#X}", {"X": "/a/b.c"}, ("run", "/a/b", "b.c", "6"), id="edits"),
        pytest.param("run $((X + 2))", {"X": "3"}, ("run", "5"), id="arithmetic"),
        pytest.param("run a{b,c} {1..3}", {}, ("run", "ab", "ac", "1", "2", "3"), id="braces"),
        pytest.param("run $(basename /a/b.sh .sh) `echo x`", {}, ("run", "b", "x"), id="what programs print"),
        pytest.param("run $(seq 1 3)", {}, ("run", "1", "2", "3"), id="numbers in order"),
        pytest.param("A=(x 'y z'); A+=(w); run \"${A[@]}\" ${#A[@]}", {}, ("run", "x", "y z", "w", "3"), id="arrays"),
        pytest.param("set -- a b; run \"$2\" $#", {}, ("run", "b", "2"), id="arguments set"),
        pytest.param("X=1; f() { local X=2; run $X; }; f; ", {}, ("run", "2"), id="locals"),
        pytest.param("f() { local X=2; }; X=1; f; run $X", {}, ("run", "1"), id="locals end with their function"),
        pytest.param("X=5 Y=$X; run $Y", {}, ("run", "5"), id="assignments in a row"),
        pytest.param("eval 'run a'", {}, ("run", "a"), id="eval"),
        pytest.param("read A B <<< 'x y z'; run $B", {}, ("run", "y", "z"), id="read from a here-string"),
        pytest.param(": ${X:=v}; run $X", {}, ("run", "v"), id="a default assigned"),
        pytest.param("command run a", {}, ("run", "a"), id="command"),
    ],
)  # fmt: skip
def test_words(text, env, wanted):
    [call] = trace(text, env=env).calls
    assert call.argv == wanted


@pytest.mark.parametrize(
    ("text", "args", "wanted"),
    [
        pytest.param('case "$1" in web) a;; work*) b;; *) c;; esac', ["worker"], ["b"], id="case takes one arm"),
        pytest.param('case "$1" in a) x;& b) y;; c) z;; esac', ["a"], ["x", "y"], id="case falls through"),
        pytest.param('if [ "$1" = a ]; then x; else y; fi; z', ["a"], ["x", "z"], id="if is decided"),
        pytest.param('if [[ $1 == a* && -z $2 ]]; then x; fi', ["abc"], ["x"], id="double brackets"),
        pytest.param('if [ ! \\( -z "$1" -o "$1" = b \\) ]; then x; fi', ["a"], ["x"], id="escaped brackets in a test"),
        pytest.param('[ "${1#-}" != "$1" ] && set -- srv "$@"; exec "$@"', ["-p"], ["srv -p"], id="options first"),
        pytest.param('while [ $# -gt 0 ]; do case $1 in -x) X=1;; *) r $1;; esac; shift; done', ["-x", "y"], ["r y"],
                     id="arguments taken one by one"),
        pytest.param('while getopts "ab:" o; do case $o in b) r $OPTARG;; esac; done', ["-a", "-b", "9"], ["r 9"],
                     id="getopts"),
        pytest.param("for i in 1 2; do r $i; done", [], ["r 1", "r 2"], id="for"),
        pytest.param("for a; do r $a; done", ["x", "y"], ["r x", "r y"], id="for over the arguments"),
        pytest.param("for ((i=0; i<2; i++)); do r $i; done", [], ["r 0", "r 1"], id="a counted for"),
        pytest.param("i=0; while [ $i -lt 2 ]; do r $i; i=$((i+1)); done", [], ["r 0", "r 1"], id="a counted while"),
        pytest.param("for i in 1 2 3; do [ $i = 2 ] && break; r $i; done", [], ["r 1"], id="break"),
        pytest.param("exec a; b", [], ["a"], id="nothing runs after exec"),
        pytest.param("a; exit 0; b", [], ["a"], id="nothing runs after exit"),
        pytest.param("(exit 1); b", [], ["b"], id="a sub-shell ends alone"),
        pytest.param("f() { return; x; }; f; b", [], ["b"], id="return"),
        pytest.param("command -v gosu && a; [ -f /there ] && b", [], ["b"], id="what is there and what is not"),
        pytest.param("set -e; a || exit 1; b", [], ["a", "b"], id="giving up is not the rule"),
        pytest.param("X=$(pick); case $X in a) r;; *) s;; esac", [], ["r", "s"], id="what is not known takes both"),
    ],
)  # fmt: skip
def test_flow(text, args, wanted):
    assert lines(text, *args, files={"/there": ""}) == wanted


def test_a_call_knows_its_place():
    found = trace("cd /srv\nexport A=1\nB=2 one > log 2>&1 &\ntwo | tee x\nwait\n").calls
    one, two, wait = found
    assert (one.argv, one.background, one.cwd, one.line) == (("one",), True, "/srv", 3)
    assert dict(one.env) == {"A": "1", "B": "2"}
    assert next((r.op, r.target.text) for r in one.redirects if r.target) == (">", "log")
    assert [p.argv for p in two.pipe] == [("tee", "x")]
    assert wait.argv == ("wait",)
    assert dict(two.env) == {"A": "1"}


def test_words_keep_what_may_change_at_run_time():
    [call] = trace('N=4; exec srv --port "${PORT:-8000}" -n $N --name "$HOSTNAME"', env={}).calls
    assert call.exec
    assert call.argv == ("srv", "--port", "8000", "-n", "4", "--name", "$HOSTNAME")
    assert [w.source for w in call.words] == ["srv", "--port", '"${PORT:-8000}"', "-n", "4", "--name", '"${HOSTNAME}"']


def test_values_that_only_running_tells():
    [call] = trace("export S=$(openssl rand -hex 8) U=redis://$H:1; srv --key $S").calls
    assert call.unknown == ("S",)
    assert call.needs == ("S",)
    assert dict(call.dynamic) == {"U": "redis://${H}:1"}


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        pytest.param("while true; do a; sleep 1; done", "forever", id="while true"),
        pytest.param("while :; do a; done", "forever", id="while colon"),
        pytest.param("until false; do a; done", "forever", id="until false"),
        pytest.param("for ((;;)); do a; done", "forever", id="an empty for"),
        pytest.param("while [ 1 ]; do a; done", "forever", id="a test that is always true"),
        pytest.param("until a; do sleep 1; done", "until", id="until a program says so"),
        pytest.param("while ! a; do sleep 1; done", "until", id="while it does not"),
        pytest.param("cat l | while read x; do a $x; done", "", id="the lines of a pipe"),
        pytest.param("while read x; do a $x; done < l", "each", id="the lines of a file"),
        pytest.param("for x in $(find /d); do a $x; done", "each", id="for what a program finds"),
    ],
)
def test_loops(text, loop):
    first = next(c for c in trace(text).calls if c.argv[0] in ("a", "cat"))
    assert first.loop == loop


@pytest.mark.parametrize(
    ("text", "guards"),
    [
        pytest.param("[ -f /d/V ] && exit 0\na", ("! [ -f /d/V ]",), id="an end by an operator"),
        pytest.param("[ ! -f /d/V ] || return\na", ("[ ! -f /d/V ]",), id="an end unless it is missing"),
        pytest.param("if [ -f /d/V ]; then\n  echo done\n  exit 0\nfi\na", ("! [ -f /d/V ]",), id="an end in an arm"),
        pytest.param("f() { [ -f /d/V ] && return 0; a; }\nf", ("! [ -f /d/V ]",), id="the end of a function"),
        pytest.param("f() { [ -f /d/V ] && return 0; }\nf\na", (), id="behind a function that ended"),
        pytest.param("[ -f /d/V ] || a", ("! [ -f /d/V ]",), id="what makes it"),
        pytest.param("[ ! -f /d/V ] && a", ("[ ! -f /d/V ]",), id="what runs without it"),
        pytest.param("[ -d /d/V ] || exit 1\na", (), id="a failure is no end of the work"),
        pytest.param("[ -d /app ] && exit 0\na", None, id="a folder that the image has decides"),
    ],
)
def test_a_file_that_a_new_container_lacks_stays_a_condition(text, guards):
    calls = [c for c in trace(text, files={"/app/x": ""}).calls if c.argv == ("a",) and not c.off]
    assert (calls[0].guards if calls else None) == guards


def test_nothing_follows_an_endless_loop_unless_it_is_left():
    assert lines("while true; do a; done; b") == ["a"]
    assert lines("while true; do a && break; done; b") == ["a", "b"]


def test_conditions_that_cannot_be_decided_guard_both_arms():
    calls = trace("if grep -q x /f; then a; else b; fi", files={}).calls
    assert [(c.argv[0], c.guards, c.condition) for c in calls] == [
        ("grep", (), True),
        ("a", ("grep -q x /f",), False),
        ("b", ("! grep -q x /f",), False),
    ]


def test_arms_that_are_not_taken_say_what_would_take_them():
    calls = trace('if [ "$CRON" = yes ]; then cron; fi; [ -n "$Q" ] && worker; case $M in a) x;; esac').calls
    assert [(c.argv[0], c.off) for c in calls] == [("cron", "CRON=yes"), ("worker", "Q is set"), ("x", "M=a")]


def test_arms_that_are_taken_say_by_what():
    [call] = trace('if [ "$CRON" = yes ]; then cron; fi', env={"CRON": "yes"}).calls
    assert call.decided == ("CRON=yes",)


def test_sourced_files_are_read_where_they_stand():
    files = {"/lib.sh": "P=9\nhelp() { echo $1; }\nstart\n"}
    found = trace(". /lib.sh\nrun $P\n. /gone.sh\n", files=files)
    assert [(c.argv, c.path) for c in found.calls] == [(("start",), "/lib.sh"), (("run", "9"), "/s.sh")]
    assert [(u.what, u.line) for u in found.unread] == [("reads in /gone.sh: not at hand", 3)]


def test_functions_take_arguments_and_redirections():
    calls = trace('log() { "$@" >> /l; }\nlog one a\nlog two &\n').calls
    assert [(c.argv, c.function, c.background) for c in calls] == [
        (("one", "a"), "log", False),
        (("two",), "log", True),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("f() { f; }; f", "calls itself too deep", id="a function that calls itself"),
        pytest.param("if a; then", "does not parse", id="a broken script"),
        pytest.param('eval "$(pick)"', "shows only when it runs", id="eval of what is not known"),
        pytest.param("$CMD", "$CMD: which command", id="a program nobody names"),
        pytest.param("export $(cat /nowhere)", "which variables", id="exports nobody knows"),
    ],
)
def test_what_could_not_be_read_is_said(text, wanted):
    found = trace(text)
    assert any(wanted in u.what for u in found.unread), found.unread


def test_a_function_that_may_return_before_it_gives_up_is_left_by_its_return():
    loop = "n=0\nwhile ((n < 3)); do\n  if ping db; then return 0; fi\n  ((n += 1))\ndone\n"
    text = f"look() {{\n{loop}exit 1\n}}\nlook\nserve\n"
    assert [c.argv for c in trace(text).calls][-1] == ("serve",)
    assert "serve" not in str([c.argv for c in trace(text.replace("return 0", "true")).calls])


def test_functions_that_call_each_other_from_many_arms_are_left_soon():
    look = "look() { case $D in a) one ;; b) two ;; *) one ;; esac; }\n"
    text = f"{look}one() {{ make; look; }}\ntwo() {{ make; look; }}\nlook\n"
    found = trace(text)
    assert [u.what for u in found.unread if "steps" in u.what] == []
    assert any("calls itself" in u.what for u in found.unread)
    assert {c.argv for c in found.calls} == {("make",)}


def test_the_last_call_is_what_a_script_lives_for():
    calls = trace("a\nb &\nif true; then c; fi\necho bye\n").calls
    assert [(c.argv[0], c.last) for c in calls] == [("a", False), ("b", True), ("c", True), ("echo", True)]


def test_here_documents():
    [call] = trace("cat > /etc/x <<END\nport $P\nEND\n", env={"P": "1"}).calls
    assert call.redirects[-1].body == "port 1\n"
    [call] = trace("cat > /etc/x <<'END'\nport $P\nEND\n", env={"P": "1"}).calls
    assert call.redirects[-1].body == "port $P\n"


def test_words_of_one_line():
    assert [w.text for w in words("srv -a '$X' $X", {"X": "1"})] == ["srv", "-a", "$X", "1"]
    assert words("a; b", {}) is None
    assert words("a > b", {}) is None


def test_the_user_decides_who_asks_for_him():
    text = 'if [ "$(id -u)" = 0 ]; then exec gosu app "$0"; fi; run'
    assert lines(text, user="") == ["gosu app /s.sh"]
    assert lines(text, user="1000") == ["run"]


def test_what_an_arm_assigned_before_it_left_its_loop_counts():
    text = 'R=; for x in a b; do if [ "$(ask $x)" = t ]; then R=$x; break; fi; done\n[ -z "$R" ] && exit 1\nrun'
    assert [c.argv[0] for c in trace(text).calls][-1] == "run"
    assert not [u for u in trace(text).unread if "gives up" in u.what]
    text = "f() { if ask; then R=a; return; fi; R=b; }; f; run $R"
    assert trace(text).calls[-1].argv == ("run", "$R")


def test_what_an_assignment_takes_is_told_apart():
    got = trace('f() { local R; R=$(ctl start "$1" 2>&1); }; f a; [ "$Z" = 1 ] && f b; X=$(date); Y=$(tool ask); run')
    assert [(at, " ".join(c.argv), c.off) for at, c in got.taken] == [
        (0, "ctl start a", ""),
        (0, "ctl start b", "Z=1"),
        (0, "tool ask", ""),
    ]
    assert [c.argv for c in got.calls] == [("run",)]


def test_what_is_asked_for_by_two_names_is_taken_as_given():
    text = """file_env() {
      local var="$1" fileVar="${1}_FILE" val="${2:-}"
      if [ "${!var:-}" ]; then val="${!var}"; elif [ "${!fileVar:-}" ]; then val="$(<"${!fileVar}")"; fi
      export "$var"="$val"
    }
    file_env PASSWORD
    if [ -z "$PASSWORD" ]; then echo "PASSWORD must be set" >&2; exit 1; fi
    run -p "$PASSWORD"
    """
    got = trace(text)
    assert [c.argv for c in got.calls if not c.off] == [("echo", "PASSWORD must be set"), ("run", "-p", "$PASSWORD")][
        1:
    ]
    assert not [u for u in got.unread if "gives up" in u.what]


def test_a_file_that_is_opened_is_no_program():
    assert lines('exec {fd}> "/run/lock"\nflock -n "$fd"\nexec web') == ["flock -n $fd", "web"]
