"""Python launchers: what they start, in which order, and what is no launcher."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import Launcher, shown

HEAD = "import os, sys, time, subprocess\nfrom subprocess import Popen, run, check_call\n"

LAUNCHER = Launcher("python", "python start.py", "/app/start.py", HEAD)
start, started = LAUNCHER.start, LAUNCHER.started


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("Popen(['a', 'b'])", ["a b"], id="Popen"),
        pytest.param("subprocess.Popen('a b', shell=True)", ["sh -c 'a b'"], id="by a shell"),
        pytest.param("import subprocess as sp\nsp.Popen(args=['a'])", ["a"], id="by another name"),
        pytest.param("run(['m'])\nPopen(['a'])", ["m (job)", "a"], id="a step before"),
        pytest.param("check_call([sys.executable, 'm.py'])\nrun(['a'])", ["python m.py (job)", "a"],
                     id="the last call"),
        pytest.param("run(['alembic', 'upgrade', 'head'])\nPopen(['a']).wait()", ["alembic upgrade head (job)", "a"],
                     id="a step that the catalogue knows"),
        pytest.param("p = Popen(['m'])\np.wait()\nq = Popen(['a'])\nq.wait()", ["m (job)", "a"],
                     id="waited for at once"),
        pytest.param("p = Popen(['a'])\nq = Popen(['b'])\np.wait(); q.wait()", ["a", "b"], id="waited for at the end"),
        pytest.param("ps = [Popen([c]) for c in 'ab']\nfor p in ps: p.wait()", ["a", "b"], id="in a list"),
        pytest.param("Popen(['a'])\nos.execvp('b', ['b', 'c'])\nPopen(['d'])", ["a", "b c"], id="exec ends it"),
        pytest.param("os.execl('/bin/b', 'b', '-x')", ["/bin/b -x"], id="execl"),
        pytest.param("os.execvpe('b', ['b'], {**os.environ, 'A': '1'})", ["b"], id="execvpe"),
        pytest.param("os.system('a &')\nos.system('b')", ["sh -c 'a &'", "sh -c b"], id="os.system"),
        pytest.param("os.spawnlp(os.P_NOWAIT, 'a', 'a', '-x')\nrun(['b'])", ["a -x", "b"], id="spawn"),
        pytest.param("for q in ['x', 'y']:\n    Popen(['w', '-q', q])", ["w -q x", "w -q y"], id="a loop over a list"),
        pytest.param("cmd = ['a']\ncmd += ['b']\ncmd.append(f'{1}c')\nPopen(cmd)", ["a b 1c"], id="put together"),
        pytest.param("import shlex\nPopen(shlex.split('a \"b c\"'))", ["a 'b c'"], id="shlex"),
        pytest.param("Popen([os.path.join('/x', 'a'), '%s-%d' % ('b', 2)])", ["/x/a b-2"], id="paths and formats"),
        pytest.param("from pathlib import Path\nPopen([str(Path(__file__).parent / 'w.sh')])", ["/app/w.sh"],
                     id="pathlib"),
        pytest.param("Popen(['a', os.environ.get('P', '5')])", ["a 5"], id="a default"),
        pytest.param("Popen(['a', os.environ['SET']])", ["a yes"], id="a variable"),
        pytest.param("if __name__ == '__main__':\n    Popen(['a'])", ["a"], id="the main guard"),
        pytest.param("def f(x):\n    Popen(x)\ndef main():\n    f(['a'])\nmain()", ["a"], id="functions"),
        pytest.param("def f(*c, **k):\n    return Popen(c, **k)\nf('a', 'b')", ["a b"],
                     id="functions of any arguments"),
        pytest.param("class S:\n    def __init__(self, c): self.c = c\n    def go(self): Popen(self.c)\nS(['a']).go()",
                     ["a"], id="a class"),
        pytest.param("def never():\n    Popen(['x'])\nPopen(['a'])", ["a"], id="a function that nothing calls"),
        pytest.param("try:\n    Popen(['a'])\nexcept OSError:\n    Popen(['x'])", ["a"], id="try"),
        pytest.param("with Popen(['a']) as p:\n    p.wait()", ["a"], id="with"),
        pytest.param("while True:\n    p = Popen(['a'])\n    p.wait()", ["a"], id="started again and again"),
        pytest.param("Popen(['a'])\nwhile True:\n    run(['b'])\n    time.sleep(60)",
                     ["a", "sh -c 'while :; do b; sleep 60; done'"], id="a loop with a pause"),
        pytest.param("import threading\nthreading.Thread(target=lambda: run(['a'])).start()\nrun(['b'])", ["a", "b"],
                     id="threads"),
        pytest.param("import asyncio\nasync def f(*c):\n    p = await asyncio.create_subprocess_exec(*c)\n"
                     "    await p.wait()\nasync def main():\n    await asyncio.gather(f('a'), f('b', 'c'))\n"
                     "asyncio.run(main())", ["a", "b c"], id="asyncio"),
        pytest.param("v = run(['git', 'log'], capture_output=True)\nPopen(['a'])", ["a"], id="what is only read"),
        pytest.param("c = ['a']\nif os.getenv('D'):\n    c.append('-d')\nPopen(c)", ["a"],
                     id="words that are off"),
        pytest.param("if len(sys.argv) > 1:\n    Popen(['x'])\nelse:\n    Popen(['a'])", ["x OFF", "a"],
                     id="arguments"),
        pytest.param("if os.getenv('ON') == '1':\n    Popen(['x'])\nPopen(['a'])", ["x OFF", "a"],
                     id="a switch that is off"),
        pytest.param("ON = os.getenv('ON', '1') == '1'\nif ON:\n    Popen(['a'])\nif not ON:\n    Popen(['b'])",
                     ["a", "b OFF"], id="a switch with a name"),
        pytest.param("if x():\n    Popen(['a'])\nelse:\n    Popen(['b'])", ["a", "b"],
                     id="a condition that is not known"),
    ],
)  # fmt: skip
def test_what_is_started(body, expected):
    assert started(body, env={"SET": "yes"}) == expected


def test_how_it_is_started():
    [a, b], _ = start(
        "os.environ['G'] = '0'\nenv = os.environ.copy()\nenv['A'] = '1'\nPopen(['a'], env=env, cwd='sub', user='app')\n"
        "os.chdir('/srv')\nPopen(['b'], env=dict(os.environ, B='2'))"
    )
    assert (a.env, a.workdir, a.user, str(a.evidence)) == ({"G": "0", "A": "1"}, "/app/sub", "app", "/app/start.py:6")
    assert (b.env, b.workdir) == ({"G": "0", "B": "2"}, "/srv")


def test_what_is_off_says_how_it_is_turned_on():
    [off, _], _ = start("if os.environ.get('BEAT') == '1':\n    Popen(['celery', 'beat'])\nPopen(['a'])")
    assert (off.name, off.off) == ("beat", "BEAT=1")


def test_a_variable_that_must_be_given_stays_one():
    [a], [gap] = start("Popen(['a', '-k', os.environ['KEY']])")
    assert a.command.argv == ("a", "-k", "$KEY")
    assert a.command.run[:2] == ("/bin/sh", "-c")
    assert "KEY" in gap.what


def test_functions_of_multiprocessing_are_commands_of_their_own():
    body = "import multiprocessing as mp\nfrom jobs import loop\ndef tick(n): pass\nif __name__ == '__main__':\n"
    body += "    mp.Process(target=tick, args=(3,), name='t').start()\n    mp.Process(target=loop).start()\n"
    [tick, loop], gaps = start(body)
    assert gaps == []
    assert (tick.name, tick.command.argv) == ("t", ("python", "-c", "from start import tick; tick(3)"))
    assert (loop.name, loop.command.argv) == ("loop", ("python", "-c", "from jobs import loop; loop()"))


def test_a_helper_file_is_followed():
    files = {"/app/util.py": "import subprocess\ndef go(c):\n    subprocess.Popen(c)\n"}
    [a], _ = start("from util import go\ngo(['a'])", files=files)
    assert (a.command.argv, str(a.evidence)) == (("a",), "/app/start.py:4")


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        pytest.param("python3.11 -u start.py", "python3.11", id="with options"),
        pytest.param("/usr/bin/python3 -W ignore /app/start.py x", "/usr/bin/python3", id="by paths"),
        pytest.param("python -m start", "python", id="as a module"),
        pytest.param("./start.py", "python3", id="by its first line"),
        pytest.param("poetry run python start.py", "python", id="behind poetry"),
    ],
)
def test_spellings(argv, program):
    [a], _ = start("Popen([sys.executable, 'x.py'])", argv, head="#!/usr/bin/env python3\n" + HEAD)
    assert a.command.argv == (program, "x.py")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("print(1)", id="starts nothing"),
        pytest.param("from flask import Flask\ndef f():\n    Popen(['ls'])\nFlask('x').run()", id="in a handler only"),
        pytest.param("while True:\n    job = q.get()\n    run(['ffmpeg', job])", id="a worker that calls programs"),
        pytest.param("run(['a', 'b'], capture_output=True)", id="only reads"),
        pytest.param("run(['alembic', 'upgrade', 'head'])", id="only a step"),
        pytest.param("def f(: pass", id="is not Python"),
    ],
)
def test_no_launcher(body):
    assert start(body) is None


@pytest.mark.parametrize(
    "argv", ["python manage.py x", "python -m honcho start", "python -c 1", "python", "node start.py"]
)
def test_not_claimed(argv):
    assert start("Popen(['a'])", argv, files={"/app/manage.py": HEAD + "Popen(['a'])"}) is None


def test_a_server_that_starts_others_stays_and_says_so():
    [left], [gap] = start("import uvicorn\nPopen(['worker'])\nuvicorn.run('x:y')")
    assert str(left.command) == "python start.py"
    assert "uvicorn.run" in gap.what
    assert start("import uvicorn\nPopen(['worker'])\nuvicorn.run('x:y')", notes=left.notes) is None


def test_what_cannot_be_read_is_a_gap_and_the_rest_is_read():
    [a], [gap] = start("Popen(build(x))\nPopen(['a'])")
    assert (a.command.argv, gap.evidence.line) == (("a",), 3)
    [left], [gap] = start("Popen(build(x))")
    assert (str(left.command), "build(x)" in gap.what) == ("python start.py", True)


HELPED = {"/app/utils.py": "import subprocess\ndef call(*a, **kw):\n    quiet = kw.pop('quiet', False)\n"
          "    kw.setdefault('shell', True)\n    return subprocess.check_call(*a, **kw)\n"}  # fmt: skip


def test_a_helper_beside_the_script_starts_what_puts_itself_into_the_background():
    body = "from utils import call\nimport time\ncall('/opt/a.sh start')\ncall('/opt/b.sh start')\n"
    body += "while True:\n    time.sleep(5)\n"
    processes, gaps = start(body, head="", files=HELPED)
    assert [shown(p) for p in processes] == ["sh -c '/opt/a.sh start'", "sh -c '/opt/b.sh start'"]
    assert [g.what for g in gaps] == [
        "/opt/a.sh start puts what it starts into the background: name its program",
        "/opt/b.sh start puts what it starts into the background: name its program",
    ]
    assert start("from utils import other\nserve()\n", head="", files=HELPED) is None


OBJECTS = """
class Base:
    queue = 'default'
    def __init__(self, **given):
        self.name = given['name']
    @property
    def words(self):
        return []
    @classmethod
    def made(cls, name):
        return cls(name=name)
    def go(self):
        if self.alive:
            return
        Popen(self.words, cwd='/srv')
    @property
    def alive(self):
        try:
            os.kill(self.pid, 0)
        except OSError:
            return False
        else:
            return True
class Worker(Base):
    def __init__(self, n=1, **given):
        super().__init__(**given)
        self.n = n
    @property
    def words(self):
        return ['worker', '-q', self.queue, '-n', str(self.n), self.name]
class Beat(Base):
    @property
    def words(self):
        return ['beat', self.name]
kinds = {'w': Worker, 'b': Beat}
"""


def test_classes_that_build_on_one_another():
    body = OBJECTS + "for s in [kinds.get(k).made(k) for k in ('w', 'b', 'x') if kinds.get(k)]:\n    s.go()"
    [worker, beat], gaps = start(body)
    assert gaps == []
    assert (str(worker.command), str(beat.command)) == ("worker -q default -n 1 w", "beat b")
    assert (worker.workdir, str(worker.evidence)) == ("/srv", "/app/start.py:31")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param("python start.py web", ["web -w 2"], id="as it is"),
        pytest.param("python start.py web --count=5", ["web -w 5"], id="an option"),
        pytest.param("python start.py all -v", ["web -w 2", "beat"], id="another"),
    ],
)
def test_arguments_are_parsed_as_argparse_does(argv, expected):
    body = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('what', choices=['web', 'all'])\n"
        "p.add_argument('-n', '--count', type=int, default=2)\np.add_argument('-v', action='store_true')\n"
        "a = p.parse_args()\nPopen(['web', '-w', str(a.count)])\nif a.what == 'all':\n    Popen(['beat'])"
    )
    processes, gaps = start(body, argv)
    assert gaps == []
    assert [shown(p) for p in processes if not p.off] == expected


def test_a_word_that_the_script_works_out_stays_open():
    [a], [gap] = start("Popen(['a', '-w', str(os.cpu_count() * 2 + workers)])")
    assert a.command.argv == ("a", "-w", "$WORKERS")
    assert gap.what == "needs WORKERS, which must be given to the container"


DJANGO = {
    "/app/manage.py": "",
    "/app/ops/management/commands/up.py": (
        "from django.core.management.base import BaseCommand\nfrom .parts import run\n"
        "class Command(BaseCommand):\n    def add_arguments(self, parser):\n"
        "        parser.add_argument('names', nargs='+')\n        parser.add_argument('--port', type=int, default=80)\n"
        "    def handle(self, *args, **options):\n        for name in options['names']:\n"
        "            run([name, '-p', str(options.get('port'))])\n"
    ),
    "/app/ops/management/commands/parts/__init__.py": "from .more import *\n",
    "/app/ops/management/commands/parts/more.py": "import subprocess\ndef run(c):\n    subprocess.Popen(c)\n",
}


def test_commands_of_django_are_followed_or_are_steps():
    body = (
        "from django.core import management\nmanagement.call_command('migrate', interactive=False)\n"
        "management.call_command('up', *['web', 'worker'])"
    )
    processes, gaps = start(body, files=DJANGO, head="")
    assert gaps == []
    assert [shown(p) for p in processes] == [
        "python /app/manage.py migrate --no-input (job)",
        "web -p 80",
        "worker -p 80",
    ]


def test_a_script_that_gives_up_without_a_variable_is_followed_past_it():
    assert started("if not os.environ.get('KEY'):\n    sys.exit('no key')\nPopen(['a'])") == ["a"]


LINES = st.sampled_from(
    [
        "Popen(c)", "run(['a'])", "c = ['a', x]", "c += c", "c.append(c)", "return super().f(**k)", "x = A()",
        "x.y = x",
        "x[x] = x", "getattr(x, 'f')()", "sys.exit(1)", "from start import *", "from . import x", "from .. import *",
        "import argparse", "p = argparse.ArgumentParser()", "p.add_argument('-x', nargs=10**9, type=int, const=p)",
        "a = p.parse_args()", "set(c).update(c)", "raise x", "from django.core.management import call_command",
        "call_command('up', *c)", "x = dict(k=c)", "pass", "isinstance(x, (str, list))", "hasattr(x, 'y')",
        "os.execvp(*c)", "c = lambda: c()", "f'{x}{c!r:>9}'", "A.f()", "f(x, *x, **x)", "self.x = self", "x.f.f()",
    ]
)  # fmt: skip
HEADS = st.sampled_from(
    [
        "{}", "class A(A, dict):\n  {}", "def f(self, *a, **k):\n  {}", "class A:\n  @property\n  def f(self):\n    {}",
        "for i in A:\n  {}", "while True:\n  {}", "if os.getenv('X'):\n  {}\nelse:\n  pass", "\0{}", "(\u00e9 {}",
        "try:\n  {}\nexcept OSError:\n  return 1", "with A() as x:\n  {}",
        "class A:\n  @classmethod\n  def f(c):\n    {}",
    ]
)  # fmt: skip


@given(st.lists(st.builds(str.format, HEADS, LINES), max_size=20))
def test_no_text_makes_it_raise(lines):
    start("\n".join(lines), files=DJANGO)
