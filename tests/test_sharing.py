"""What code shares through the kernel: the calls of each language, who runs them, and how the split keeps it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import image_of
from test_together import homes

from splitter.inspection import couplings, sharing
from splitter.inspection.sharing import Source
from splitter.model.facts import Command, Coupling, Evidence, Facts, Process
from splitter.planning import make_plan

AT = Evidence("image config")


def said(path, text, env=None, files=None):
    """(place, line, makes) of all that a file shares."""
    image = image_of({path: text, **(files or {})})
    source = Source(path, text, image, env or {}, "/srv", ("/srv",))
    found = sharing.read(source, sharing.language_of(path, text))
    return [(s.place or f"{s.kind}?", s.evidence.line, s.makes) for s in found]


PYTHON = [
    ("sysv_ipc", "import sysv_ipc\nm = sysv_ipc.SharedMemory(0x162E, sysv_ipc.IPC_CREX, size=5)\n",
     [("System V memory 0x0000162e", 2, True)]),
    ("from it", "from sysv_ipc import Semaphore as S\nS(5678)\n", [("System V semaphores 0x0000162e", 2, False)]),
    ("an alias", "import sysv_ipc as s\ns.MessageQueue(-1)\n", [("System V queue 0xffffffff", 2, False)]),
    ("a constant", "from sysv_ipc import *\nimport sysv_ipc\nKEY = 5678\nsysv_ipc.SharedMemory(key=KEY)\n",
     [("System V memory 0x0000162e", 4, False)]),
    ("a name of two values", "import sysv_ipc\nk = 1\nk = 2\nsysv_ipc.SharedMemory(k)\n", [("memory?", 4, False)]),
    ("a parameter", "import sysv_ipc\nk = 1\ndef f(k):\n    sysv_ipc.SharedMemory(k)\n", [("memory?", 4, False)]),
    ("no key", "import sysv_ipc\nsysv_ipc.SharedMemory(None, size=3)\n", []),
    ("a private one", "import sysv_ipc\nsysv_ipc.SharedMemory(sysv_ipc.IPC_PRIVATE)\nlibc.shmget(0, 5)\n", []),
    ("options", "import sysv_ipc\nsysv_ipc.SharedMemory(**given)\n", [("memory?", 2, False)]),
    ("ftok", "import sysv_ipc\nK = sysv_ipc.ftok(__file__, 7)\nsysv_ipc.SharedMemory(K)\n",
     [("System V memory of ftok(/srv/a.py, 7)", 3, False)]),
    ("the C library", "shelf = libc.shmget(5678, 5, 0o1600)\nlibc.msgget(9, 0)\nlibc.shm_open(b'/ring', 2)\n",
     [("System V memory 0x0000162e", 1, True), ("System V queue 0x00000009", 2, False), ("/dev/shm/ring", 3, False)]),
    ("posix_ipc", "import posix_ipc\nposix_ipc.MessageQueue('/q', posix_ipc.O_CREAT)\nposix_ipc.Semaphore('/s')\n",
     [("POSIX queue /q", 2, True), ("/dev/shm/sem.s", 3, False)]),
    ("multiprocessing", "from multiprocessing import shared_memory as sm\nsm.SharedMemory('ring', create=True)\n"
     "sm.ShareableList(name='l')\nsm.ShareableList([1, 2])\nsm.SharedMemory(create=True, size=9)\n",
     [("/dev/shm/ring", 2, True), ("/dev/shm/l", 3, False)]),
    ("a file", "import os\nopen('/dev/shm/a')\nopen('/dev/shm/' + os.sep)\nX = f'/dev/shm/{y}'\n",
     [("/dev/shm/a", 2, False)]),
    ("of the environment", "import os, sysv_ipc\nsysv_ipc.SharedMemory(int(os.environ.get('KEY', '5')))\n",
     [("System V memory 0x00000005", 2, False)]),
    ("of another module", "from keys import KEY\nimport sysv_ipc, keys\nsysv_ipc.SharedMemory(KEY)\n"
     "sysv_ipc.SharedMemory(keys.OTHER)\n",
     [("System V memory 0x00000010", 3, False), ("System V memory 0x00000011", 4, False)]),
    ("another library", "import other\nother.SharedMemory(5678)\nSharedMemory(5)\n# shmget\n", []),
    ("no Python", "def (shmget\n", []),
]  # fmt: skip
PHP = [
    ("memory", "<?php\n$s = shm_attach(0x162E, 100);\n", [("System V memory 0x0000162e", 2, True)]),
    ("a block", '<?php $s = shmop_open(5678, "a", 0, 0); $t = shmop_open(5678, "c", 0644, 9);',
     [("System V memory 0x0000162e", 1, False), ("System V memory 0x0000162e", 1, True)]),
    ("a constant", "<?php\nconst KEY = 010;\ndefine('OTHER', -1);\nsem_get(KEY); msg_get_queue(\\OTHER);\n",
     [("System V queue 0xffffffff", 4, True), ("System V semaphores 0x00000008", 4, True)]),
    ("of a class", "<?php class A { const KEY = 7; private int $k = 8; function f() {\n"
     "sem_get(self::KEY);\nshm_attach($this->k); } }",
     [("System V semaphores 0x00000007", 2, True), ("System V memory 0x00000008", 3, True)]),
    ("ftok", "<?php $k = ftok(__FILE__, 'a');\nshm_attach($k);\nshm_attach(ftok(__DIR__ . '/x', 'b'));",
     [("System V memory of ftok(/srv/a.php, a)", 2, True), ("System V memory of ftok(/srv/x, b)", 3, True)]),
    ("of the environment", "<?php shm_attach((int) (getenv('KEY') ?: 5));\nshm_attach($_ENV['SET'] ?? 6);",
     [("System V memory 0x00000005", 1, True), ("System V memory 0x00000009", 2, True)]),
    ("a sum", "<?php shm_attach(5 + $x);", [("memory?", 1, True)]),
    ("a parameter", "<?php $k = 5; function f($k) { shm_attach($k); }", [("memory?", 1, True)]),
    ("a method", "<?php $x->shm_attach(5); function sem_get($y) {}", []),
    ("what is read in", "<?php require __DIR__ . '/keys.php';\nshm_attach(KEY);",
     [("System V memory 0x00000010", 2, True)]),
    ("a file", "<?php file_put_contents('/dev/shm/a', 1); touch('/dev/shm/b' . $x);", [("/dev/shm/a", 1, False)]),
    ("a comment", "<?php // shm_attach(5)\n", []),
]  # fmt: skip
PERL = [
    ("shmget", "my $s = shmget(5678, 5, 0);\nmy $t = shmget 0x162e, 5, 0666 | IPC_CREAT;\n",
     [("System V memory 0x0000162e", 1, False), ("System V memory 0x0000162e", 2, True)]),
    ("constants", "use constant KEY => 5678;\nuse constant { A => 1, B => 2 };\nmsgget(KEY, 0);\nsemget(B, 1, 0);\n",
     [("System V queue 0x0000162e", 3, False), ("System V semaphores 0x00000002", 4, False)]),
    ("a variable", "our $key = $ENV{SHM_KEY} || 5;\nshmget($key, 1, 0);\n", [("System V memory 0x00000005", 2, False)]),
    ("a loop", "my $key = 5;\nfor my $key (1, 2) { shmget($key, 1, 0) }\n", [("memory?", 2, False)]),
    ("ftok", "use IPC::SysV 'ftok';\nshmget(ftok($0, 7), 1, 0);\n",
     [("System V memory of ftok(/srv/a.pl, 7)", 2, False)]),
    ("private", "use IPC::SysV;\nshmget(IPC_PRIVATE, 1, 0);\n", []),
    ("classes", "my $q = IPC::Msg->new(5678, IPC_CREAT);\nIPC::SharedMem->new(9, 8, 0);\n"
     "IPC::ShareLite->new(-key => 1971, -create => 'yes');\n",
     [("System V queue 0x0000162e", 1, True), ("System V memory 0x00000009", 2, False),
      ("System V memory 0x000007b3", 3, True)]),
    ("IPC::Shareable", "tie my %h, 'IPC::Shareable', { key => 'glue', create => 1 };\n"
     "tie $x, 'IPC::Shareable', 'glue';\n",
     [("System V memory of IPC::Shareable 'glue'", 1, True), ("System V memory of IPC::Shareable 'glue'", 2, False)]),
    ("a file", "open my $f, '<', '/dev/shm/a';\nopen my $g, '/dev/shm/$x';\n", [("/dev/shm/a", 1, False),
     ("/dev/shm/$x", 2, False)]),
    ("what only looks like it", "$x =~ s/'/\"/;\nprint <<'E';\nshmget(1, 2, 3)\nE\n=pod\n\nshmget(4,5,6)\n\n=cut\n"
     "my %h = (s => 1, y => q);\nmsgget(7, 0);\n__END__\nshmget(8, 1, 0)\n",
     [("System V queue 0x00000007", 11, False)]),
]  # fmt: skip
RUBY = [
    ("SysVIPC", "require 'SysVIPC'\nKEY = 0x162e\nSysVIPC::SharedMemory.new(KEY, 5, SysVIPC::IPC_CREAT)\n",
     [("System V memory 0x0000162e", 3, True)]),
    ("ftok", "k = SysVIPC.ftok(__FILE__, 7)\nmq = SysVIPC::MessageQueue.new(k)\n",
     [("System V queue of ftok(/srv/a.rb, 7)", 2, False)]),
    ("a queue of POSIX", "m = POSIX::Mqueue.new('/q')\nn = SysvMQ.new(0xDEADC0DE, 1024)\n",
     [("POSIX queue /q", 1, False), ("System V queue 0xdeadc0de", 2, False)]),
    ("a class of that name", "Semaphore.new(4)\n", []),
    ("a file", "File.read('/dev/shm/a') + '/dev/shm/b#{x}'\nFile.read('/dev/shm/c' + d)\n", [("/dev/shm/a", 1, False)]),
]  # fmt: skip
KEYS = {"/srv/keys.py": "KEY = 16\nOTHER = 17\n", "/srv/keys.php": "<?php const KEY = 16;"}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        pytest.param(f"/srv/a.{end}", text, expected, id=f"{end}: {name}")
        for end, table in (("py", PYTHON), ("php", PHP), ("pl", PERL), ("rb", RUBY))
        for name, text, expected in table
    ],
)
def test_calls_that_share_something_are_read(path, text, expected):
    assert said(path, text, {"SET": "9"}, {k: v for k, v in KEYS.items() if k != path}) == expected


WORDS = """shmget shm_attach sysv_ipc.SharedMemory KEY ( ) { } [ ] , ; = => :: -> . ' " # \\ $ $key @ % q s/ y{ <<E <<<X
    ftok __FILE__ require const define function 5678 0x 09 - || ?: ||= ?? tie 'IPC::Shareable' key =pod <?php
    '/dev/shm/x' new IPC::Msg SysVIPC::Semaphore for def f("""
LINES = ["\n", "\0", "import sysv_ipc\n", "from . import a\n", "use lib", "use constant"]
TOKENS = st.lists(st.sampled_from([*WORDS.split(), *LINES]) | st.text(max_size=5), max_size=40).map(" ".join)


@given(TOKENS | TOKENS.map(lambda t: t.replace(" ", "")), st.sampled_from(["py", "php", "pl", "rb"]))
def test_no_text_makes_a_reader_raise(text, ending):
    path = f"/srv/a.{ending}"
    image = image_of({path: text, f"/srv/b.{ending}": text, "/srv/.pl": text})
    source = Source(path, text, image, {}, "/srv", ("/srv",))
    language = sharing.language_of(path, text)
    for one in sharing.read(source, language):
        assert one.evidence.path == path
        assert one.place.isprintable()
    assert all(image.is_file(p) for p in sharing.reads_in(source, language).files)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5678", 5678), ("0x162E", 0x162E), ("017", 15), ("0b11", 3), ("-1", -1), ("1_000", 1000), ("0", 0),
        ("", None), ("09", None), ("5.0", None), ("x", None), ("٣", None), ("--1", None),
    ],
)  # fmt: skip
def test_numbers_are_those_of_the_languages(text, number):
    assert sharing.integer(text) == number


# --- who runs it


def process(name, command, **more):
    return Process(name, Command(tuple(command.split())), AT, **{"workdir": "/srv/app", **more})


GETS = "import sysv_ipc\nsysv_ipc.SharedMemory(5678)\n"
MAKES = "import sysv_ipc\nsysv_ipc.SharedMemory(5678, sysv_ipc.IPC_CREAT, size=9)\n"
ONE, TWO = process("one", "python one.py"), process("two", "python two.py")
PLACE = "System V memory 0x0000162e"


def shared(files, *processes, env=None):
    image = image_of({p if p.startswith("/") else f"/srv/app/{p}": t for p, t in files.items()}, env=env)
    found = couplings.read(image, processes)
    told = [(c.target, c.between) for c in found.couplings if c.kind == "shm"]
    return told + [g.what for g in found.gaps]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"one.py": GETS, "two.py": MAKES}, [(PLACE, ("one", "two"))], id="who makes it offers it"),
        pytest.param({"one.py": GETS, "two.py": GETS}, [(PLACE, ("two", "one"))], id="the first where nobody does"),
        pytest.param({"one.py": GETS, "two.py": GETS.replace("5678", "5679")}, [], id="no: two keys"),
        pytest.param({"one.py": GETS, "two.py": "pass\n"}, [], id="no: one alone"),
        pytest.param(
            {"one.py": "import shelf\n", "two.py": "from shelf import x\n", "shelf.py": GETS},
            [(PLACE, ("two", "one"))],
            id="by what both read in",
        ),
        pytest.param({"one.py": "import shelf\n", "two.py": "", "shelf.py": GETS}, [], id="no: one reads it in"),
        pytest.param(
            {"one.py": "import shelf\n", "two.py": "import importlib\n", "shelf.py": GETS},
            [f"code shares {PLACE}, and which of one, two run it could not be read"],
            id="a gap: one may load it",
        ),
        pytest.param(
            {"one.py": GETS, "two.py": "import sysv_ipc, sys\nsysv_ipc.SharedMemory(sys.argv[1])\n"},
            ["two opens shared memory by a key that shows only at run time"],
            id="a gap: one key is not known",
        ),
        pytest.param(
            {"one.py": "open('/dev/shm/x')\n", "two.py": "p = '/dev/shm/x'\n"},
            [("/dev/shm/x", ("two", "one"))],
            id="a file of /dev/shm",
        ),
    ],
)
def test_those_who_run_the_calls_share(files, expected):
    assert shared(files, ONE, TWO) == expected


def test_a_key_of_the_environment_is_that_of_each_process():
    text = "import os, sysv_ipc\nsysv_ipc.SharedMemory(int(os.environ['KEY']))\n"
    files = {"one.py": text, "two.py": text}
    assert shared(files, ONE, TWO, env={"KEY": "5678"}) == [(PLACE, ("two", "one"))]
    assert shared(files, ONE, replace(TWO, env={"KEY": "1"}), env={"KEY": "5678"}) == []


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("python -m app.two", id="a module"),
        pytest.param("gunicorn app.two:application", id="an application by its name"),
        pytest.param("celery -A app.two worker", id="an application of celery"),
        pytest.param("/srv/app/two", id="a script without an ending"),
        pytest.param("sh /srv/app/two.sh", id="a shell script that runs it"),
    ],
)
def test_code_is_found_by_every_kind_of_command(command):
    files = {"one.py": MAKES, "app/__init__.py": "", "app/two.py": GETS}
    files |= {
        "/srv/app/two": f"#!/usr/bin/env python3\n{GETS}",
        "two.sh": "while sleep 1; do python app/two.py; done\n",
    }
    image = image_of(
        {p if p.startswith("/") else f"/srv/app/{p}": t for p, t in files.items()}, executable=["/srv/app/two"]
    )
    found = couplings.read(image, (ONE, process("two", command)))
    assert [(c.target, c.between) for c in found.couplings if c.kind == "shm"] == [(PLACE, ("two", "one"))]


def test_php_of_a_web_server_shares_with_a_script():
    nginx, fpm = process("nginx", "nginx"), process("fpm", "php-fpm -F")
    job = process("queue", "php queue.php", workdir="/srv/shop/bin")
    site = "server { root /srv/shop/public; fastcgi_pass 127.0.0.1:9000; }"
    files = {
        "/etc/nginx/conf.d/a.conf": site,
        "/etc/nginx/nginx.conf": "http { include /etc/nginx/conf.d/*.conf; }",
        "/srv/shop/public/index.php": "<?php require '../lib/shelf.php';",
        "/srv/shop/lib/shelf.php": "<?php const KEY = 5678; function shelf() { return shm_attach(KEY); }",
        "/srv/shop/bin/queue.php": "<?php require __DIR__ . '/../lib/shelf.php';",
    }
    assert shared(files, nginx, fpm, job) == [(PLACE, ("queue", "fpm"))]


def test_perl_reads_in_its_modules():
    files = {
        "bin/one.pl": 'use FindBin;\nuse lib "$FindBin::Bin/../lib";\nuse My::Shelf;\n',
        "bin/two.pl": "use lib '/srv/app/lib'; use My::Shelf qw(x);\n",
        "lib/My/Shelf.pm": "package My::Shelf;\nuse constant KEY => 5678;\nshmget(KEY, 1, IPC_CREAT);\n1;\n",
    }
    assert shared(files, process("one", "perl bin/one.pl"), process("two", "perl bin/two.pl")) == [
        (PLACE, ("two", "one"))
    ]


def test_memory_that_a_job_makes_and_leaves_is_a_gap():
    job = process("two", "python two.py", lifetime="job", phase="once")
    told = shared({"one.py": GETS, "two.py": MAKES}, ONE, job)
    assert told == [f"two makes {PLACE}, which one uses, and ends: it must be made where that runs"]


def test_what_is_off_and_no_service_shares_nothing():
    assert shared({"one.py": GETS, "two.py": GETS}, ONE, replace(TWO, off="DEV=1 is for dev")) == []


@given(TOKENS, st.sampled_from(["py", "php", "pl", "rb"]))
def test_no_code_of_an_image_makes_it_raise(text, ending):
    interpreter = {"py": "python", "php": "php", "pl": "perl", "rb": "ruby"}[ending]
    files = {f"/srv/app/{n}.{ending}": f"{text}\n# shmget shm_attach" for n in ("a", "b", "c")}
    pair = (process(n, f"{interpreter} {n}.{ending}") for n in ("a", "b"))
    assert couplings.read(image_of(files), tuple(pair)).processes


# --- how the split keeps it


def plan_of(files, *processes):
    image = image_of({f"/srv/app/{p}" if not p.startswith("/") else p: t for p, t in files.items()}, workdir="/srv/app")
    found = couplings.read(image, processes)
    return make_plan(Facts(processes, found.couplings, found.gaps), image, {})


WEB = process("web", "puma -p 3000")
FTOK = "import sysv_ipc\nsysv_ipc.SharedMemory(sysv_ipc.ftok({}, 7))\n"


def test_those_who_share_a_key_share_a_namespace():
    plan = plan_of({"one.py": MAKES, "two.py": GETS}, WEB, ONE, TWO)
    assert {s.name: s.ipc for s in plan.services} == {"web": "", "one": "shareable", "two": "one"}
    [coupling] = [c for c in plan.couplings if c.coupling.kind == "shm"]
    assert coupling.resolution == "two shares the memory of one (ipc: service:one)"


def test_a_key_that_is_made_of_a_file_of_the_image_keeps_them_together():
    text = FTOK.format("'/srv/app/one.py'")
    plan = plan_of({"one.py": text, "two.py": text}, WEB, ONE, TWO)
    where = homes(plan)
    assert where["one"] == where["two"] != where["web"]
    [coupling] = [c for c in plan.couplings if c.coupling.kind == "shm"]
    assert coupling.resolution.startswith("both sides stay in one service, one: they find it by a key that ftok makes")


def test_a_key_that_is_made_of_a_file_in_a_volume_is_the_same_in_both():
    text = FTOK.format("'/data/keys/shelf'")
    plan = plan_of({"one.py": text, "two.py": text, "/data/keys/shelf": ""}, WEB, ONE, TWO)
    assert homes(plan)["one"] != homes(plan)["two"]
    assert {s.name: s.ipc for s in plan.services} == {"web": "", "one": "shareable", "two": "one"}
    assert all("/data/keys" in [m.path for m in s.volumes] for s in plan.services if s.name in ("one", "two"))


def test_a_key_of_a_file_that_only_a_run_shows_keeps_them_together():
    seen = Coupling("shm", "System V memory by a key of a file", ("two", "one"), Evidence("run time"), "ftok")
    image = image_of({"/srv/app/one.py": ""}, workdir="/srv/app")
    plan = make_plan(Facts((WEB, ONE, TWO), (seen,)), image, {})
    assert homes(plan)["one"] == homes(plan)["two"] != homes(plan)["web"]
    apart = make_plan(Facts((WEB, ONE, TWO), (seen,)), image, {"cut:memory/two/one": "part"})
    assert homes(apart)["one"] != homes(apart)["two"]
    assert any("has another key in each of one, two" in g.what for g in apart.gaps)
