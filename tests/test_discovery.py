"""Discovery asks every manager of every process, and loses nothing on the way."""

from managing import image_of

from splitter.inspection.discovery import discover
from splitter.model.facts import UNREAD, Command, Evidence, Gap, Process
from splitter.model.image import Config, Image, MemoryTree, text_node

HERE = Evidence("/here", 1)


def image(*argv, **config):
    return Image("x", Config(cmd=argv, **config), MemoryTree())


def child(*argv, name="", **more):
    return Process(name or argv[0], Command(argv), HERE, **more)


def test_an_unclaimed_command_is_a_leaf():
    [only] = discover(image("puma", "-p", "3000"), {}).processes
    assert only.command.argv == ("puma", "-p", "3000")
    assert only.via == ()


def test_children_inherit_what_they_do_not_say():
    def outer(process, _image):
        if process.command.program != "outer":
            return None
        return [
            child("inner", env={"A": "1", "B": "1"}, user="app", workdir="/srv", instances=2),
            child("other", lifetime="job"),
        ]

    def inner(process, _image):
        return [child("leaf", env={"B": "2"}, instances=3)] if process.command.program == "inner" else None

    leaf, other = discover(image("outer", workdir="/"), {"outer": outer, "inner": inner}).processes
    assert (leaf.env, leaf.user, leaf.workdir, leaf.instances) == ({"A": "1", "B": "2"}, "app", "/srv", 6)
    assert leaf.via == ("outer", "inner")
    assert leaf.id == "outer/inner/leaf"
    assert leaf.scope == ("outer", "outer/inner")
    assert other.workdir == "/"


def test_what_a_job_starts_is_a_job():
    def script(process, _image):
        return [child("rake", "db:migrate")] if process.command.program == "script" else None

    def boot(process, _image):
        return [child("script", lifetime="job", phase="once")] if process.command.program == "boot" else None

    [rake] = discover(image("boot"), {"script": script, "boot": boot}).processes
    assert (rake.lifetime, rake.phase) == ("job", "once")


def test_what_a_schedule_starts_is_found_where_the_schedule_stands():
    crontab = Evidence("/etc/cron.d/app", 3)

    def cron(process, _image):
        if process.command.program != "cron":
            return None
        return [Process("job.sh", Command(("job.sh",)), crontab, lifetime="scheduled", schedule="@daily")]

    def script(process, _image):
        return [child("python3", "job.py")] if process.command.program == "job.sh" else None

    [job] = discover(image("cron"), {"cron": cron, "script": script}).processes
    assert (job.command.argv, job.lifetime, job.schedule) == (("python3", "job.py"), "scheduled", "@daily")
    assert job.evidence == crontab


def test_files_written_before_are_seen_by_what_follows():
    def writer(process, _image):
        if process.command.program != "writer":
            return None
        return [child("reader", files={"/etc/made": text_node("hello")})]

    def reader(process, seen):
        return [child(str(seen.read("/etc/made")))] if process.command.program == "reader" else None

    [leaf] = discover(image("writer"), {"writer": writer, "reader": reader}).processes
    assert leaf.name == "hello"


def test_a_command_that_starts_itself_ends_in_a_gap():
    facts = discover(image("a"), {"again": lambda process, _image: [child("a")]})
    assert facts.processes == ()
    assert [g.what for g in facts.gaps] == ["starts itself, or is nested too deep to be read"]


def test_names_are_used_once_and_repeats_count_once():
    def boot(process, _image):
        if process.command.program != "boot":
            return None
        return [
            child("x", name="worker"),
            child("y", name="worker"),
            child("x", name="worker", off="ENABLE_X=1"),
            Gap("seen", HERE),
            Gap("seen", HERE),
        ]

    facts = discover(image("boot"), {"boot": boot})
    assert [(p.name, p.command.argv, p.off) for p in facts.processes] == [
        ("worker", ("x",), ""),
        ("worker-2", ("y",), ""),
    ]
    assert len(facts.gaps) == 1


def test_what_stays_up_keeps_its_name_and_a_step_before_it_takes_another():
    def boot(process, _image):
        if process.command.program != "boot":
            return None
        return [child("touch", name="cron", lifetime="job"), child("cron", "-f", name="cron")]

    step, daemon = discover(image("boot"), {"boot": boot}).processes
    assert (step.name, daemon.name) == ("cron-2", "cron")


def test_an_image_without_a_command_says_so():
    assert [g.what for g in discover(image()).gaps] == ["the image names no command"]


def test_what_nothing_is_seen_to_start_is_told():
    files = {"/etc/service/cron/run": "#!/bin/sh\nexec cron -f", "/etc/service/web/run": "x",
             "/etc/supervisor/conf.d/app.conf": "[program:app]"}  # fmt: skip
    facts = discover(image_of(files, base="acme/base:1"))
    assert facts.processes == ()
    assert [g.what for g in facts.gaps] == [
        "the image names no command, and its base acme/base:1 is not at hand",
        "runit would run cron, web, and nothing that is read starts runit",
        "supervisord would run app, and nothing that is read starts supervisord",
    ]


def test_scripts_that_start_themselves_end_soon():
    """Two starts of itself double with each level; a further word each time makes every command a new one."""

    def twice(process, _image):
        more = process.command.argv if process.command.program == "same" else (*process.command.argv, "x")
        return [child(*more), child(*more, "y" if process.command.program == "other" else more[-1])]

    facts = discover(image("same"), {"twice": twice})
    assert [g.what.split(",")[0] for g in facts.gaps] == ["starts itself"]
    facts = discover(image("other"), {"twice": twice})
    assert any("starts; the rest was not read" in g.what for g in facts.gaps)


def test_an_init_that_the_base_must_start_is_taken_to_be_started():
    def s6(process, _image):
        return [child("web")] if process.command.argv == ("/init",) else None

    tree = MemoryTree({"/etc/s6-overlay/s6-rc.d/web/type": text_node("longrun")})
    facts = discover(Image("x", Config(), tree, base="example/base"), {"s6": s6})
    assert [p.command.argv for p in facts.processes] == [("web",)]
    assert "taken to start /init" in facts.gaps[0].what
    assert discover(Image("x", Config(), tree), {"s6": s6}).processes == ()
    assert discover(Image("x", Config(), MemoryTree(), base="example/base"), {"s6": s6}).processes == ()


def test_what_a_runner_reads_from_its_own_files_is_no_step():
    files = {"/app/Procfile": "web: puma\njobs: bundle exec rails runner bin/jobs.rb\n", "/s.conf": (
        "[program:a]\ncommand=foreman start\ndirectory=/app\nautorestart=false\nstartsecs=0\n"
    )}  # fmt: skip
    seen = image_of(files)
    seen = Image("x", Config(cmd=("supervisord", "-n", "-c", "/s.conf"), workdir="/app"), seen.tree)
    assert [(p.name, p.lifetime) for p in discover(seen).processes] == [("web", "service"), ("jobs", "service")]


def test_a_supervisor_that_cannot_be_read_is_kept_whole():
    def supervisord(process, _image):
        return [Gap("no configuration", HERE)] if process.command.program == "supervisord" else None

    facts = discover(image("supervisord", "-n"), {"supervisord": supervisord})
    assert [(p.command.argv, p.notes) for p in facts.processes] == [(("supervisord", "-n"), (UNREAD,))]
    assert [g.what for g in facts.gaps] == ["no configuration"]
