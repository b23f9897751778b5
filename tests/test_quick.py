"""Steps that were over before anybody looked, told by the kernel's accounts of what ended."""

from dataclasses import replace

import pytest
from managing import image_of

from splitter.inspection import static
from splitter.inspection._match import match
from splitter.inspection._quick import codes
from splitter.inspection.merge import merge
from splitter.model.observation import End, Observation, Seen

SCRIPT = """#!/bin/sh
set -e
/app/migrate up
perl /app/seed.pl one
perl /app/seed.pl two
exec puma -p 3000
"""
SEED = {"/app/migrate": "#!/usr/bin/perl\n", "/app/seed.pl": "print 1;\n"}
PUMA = Seen(1, 0, ("puma", "-p", "3000"), (("/bin/sh", "/entry.sh"),), name="puma")


def ended(pid, name, *ends, parent=1, times=0, **more):
    told = tuple(End(place, code) for place, code in ends)
    return Seen(pid, parent, name=name, alive=False, times=times or len(ends), ends=told, **more)


def image(script=SCRIPT, command=("/entry.sh",), **files):
    made = image_of({"/entry.sh": script, **SEED, **files}, executable=("/entry.sh", "/app/migrate"))
    return replace(made, config=replace(made.config, entrypoint=command))


def told(*seen, script=SCRIPT, first=PUMA, command=("/entry.sh",), **files):
    what = image(script, command, **files)
    declared, run = static.read(what).processes, Observation((first, *seen))
    return codes(declared, run, match(declared, run), what)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param([ended(9, "migrate", (0, 3))], {"migrate": 3}, id="the one of its name"),
        pytest.param([ended(9, "perl", (1, 0), (2, 1))], {"seed.pl": 0, "seed.pl-2": 1}, id="the first is the first"),
        pytest.param(
            [ended(9, "perl", (2, 1)), ended(8, "perl", (1, 0), workdir="/x")],
            {"seed.pl": 0, "seed.pl-2": 1},
            id="by when they ended",
        ),
        pytest.param([ended(9, "perl5.36", (1, 0), (2, 1))], {"seed.pl": 0, "seed.pl-2": 1}, id="by another version"),
        pytest.param([ended(9, "perl", (1, 0))], {}, id="no: one of two"),
        pytest.param([ended(9, "perl", (1, 0), (2, 0), (3, 0))], {}, id="no: three of two"),
        pytest.param([ended(9, "perl", (1, 0), times=2)], {}, id="no: not all ends are known"),
        pytest.param([ended(9, "perl", (1, 0), (2, 0), parent=5)], {}, id="no: under another process"),
        pytest.param(
            [Seen(7, 1, name="sh", forked=True, alive=False), ended(9, "migrate", (0, 0), parent=7)],
            {"migrate": 0},
            id="in a subshell",
        ),
        pytest.param([ended(9, "migrate", (0, 0), forked=True)], {}, id="no: a subshell itself"),
        pytest.param([ended(9, "perl", (1, 0)), ended(8, "seed.pl", (2, 0))], {}, id="no: by two names"),
    ],
)
def test_steps_are_known_by_their_order(seen, expected):
    assert told(*seen) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("X=$(perl -e 1)", {}, id="elsewhere"),
        pytest.param(". /lib.sh", {}, id="in what it reads in"),
        pytest.param("# perl", {"seed.pl": 0, "seed.pl-2": 0}, id="in a comment"),
    ],
)
def test_a_program_that_the_script_may_start_otherwise_is_not_told(line, expected):
    script = SCRIPT.replace("set -e", line)
    seen = ended(9, "perl", (1, 0), (2, 0))
    assert told(seen, script=script, **{"/lib.sh": "Y=$(perl -e 2)\n"}) == expected


def test_what_was_looked_at_is_not_told_again():
    looked = Seen(5, 1, ("perl", "/app/seed.pl", "one"), name="perl", alive=False, exit_code=0, ends=(End(1, 0),))
    assert told(looked, ended(9, "perl", (2, 1))) == {"seed.pl-2": 1}


def test_the_first_process_was_the_command_of_the_image():
    assert told(ended(9, "migrate", (0, 0)), first=replace(PUMA, before=())) == {"migrate": 0}


def test_without_the_script_nobody_knows():
    seen = (replace(PUMA, pid=4, parent=1, before=()), ended(9, "migrate", (0, 0), parent=4))
    assert told(*seen, first=Seen(1, 0, ("tini", "--", "/entry.sh")), command=("tini", "--", "/entry.sh")) == {}
    known = (replace(seen[0], before=PUMA.before), seen[1])
    assert told(*known, first=Seen(1, 0, ("tini", "--", "/entry.sh")), command=("tini", "--", "/entry.sh")) == {
        "migrate": 0
    }


def test_long_names_are_cut_by_the_kernel():
    script = SCRIPT.replace("/app/migrate", "/app/migrate-the-database")
    seen = ended(9, "migrate-the-dat", (0, 0))
    assert told(seen, script=script, **{"/app/migrate-the-database": "#!/usr/bin/perl\n"}) == {
        "migrate-the-database": 0
    }


def test_a_step_that_was_over_at_once_says_how_it_ended():
    what = image()
    run = Observation((PUMA, ended(9, "migrate", (0, 0), exit_code=0), ended(8, "perl", (1, 0), (2, 4), exit_code=4)))
    facts = merge(static.read(what), run, what)
    notes = {p.name: p.notes[-1:] for p in facts.processes if p.lifetime == "job"}
    assert notes["migrate"] == ("ended with exit code 0 when the image was run",)
    assert notes["seed.pl"] == ("ended with exit code 0 when the image was run",)
    assert [g.what for g in facts.shown] == ["seed.pl-2 failed with exit code 4 when the image was run"]
