"""No text makes a manager of applications raise: it gives processes and gaps, or leaves the command alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import expand, image_of

from splitter.model.facts import Gap, Process

INI = st.text("[]=:;#%$@()_{}\\'\" \t\n\r,.-*abuwsgi0159é")
JS = st.text("module.exports=[]{}()`'\"$,;:?|&!+-/* \n01abxé\\")
PY = st.text("import subprocess\nPopen([]'\"):=if ostl{}(),*+%")
WORDS = st.lists(st.text("-=:;&|*{}'\"$ abnpm01/.,\\\n", max_size=12), max_size=7)
COMMANDS = [
    "uwsgi", "pm2", "pm2-runtime", "npm", "yarn", "pnpm", "bun", "node", "npm-run-all", "run-p", "turbo", "nx", "lerna",
    "wsrun", "nodemon", "concurrently", "multirun", "parallel", "mprocs", "circusd", "monofy", "python", "honcho",
    "foreman",
]  # fmt: skip
MANAGERS = ["uwsgi", "pm2", "node_scripts", "nodemon", "parallel", "circus", "monofy", "python", "procfile"]


def checked(manager, argv, files):
    got = expand(manager, argv, image_of(files, workdir="/app"))
    if got is not None:
        processes, gaps = got
        assert all(isinstance(p, Process) and p.command.argv for p in processes)
        assert all(isinstance(g, Gap) and g.what for g in gaps)


@pytest.mark.parametrize("name", ["x.ini", "x.yaml", "x.xml", "x.json"])
@given(text=INI)
def test_uwsgi(name, text):
    checked("uwsgi", ["uwsgi", name], {f"/app/{name}": text})
    checked(
        "uwsgi", ["uwsgi", name], {f"/app/{name}": f"[uwsgi]\nattach-daemon2={text}\ncron={text}\nif-env=A\n{text}"}
    )
    checked("uwsgi", ["uwsgi", "--attach-daemon", text, "--cron", text, "--set", text], {})


@given(text=INI)
def test_circus(text):
    checked("circus", ["circusd", "c.ini"], {"/app/c.ini": text})
    checked("circus", ["circusd", "c.ini"], {"/app/c.ini": f"[watcher:w]\ncmd = {text}\n{text}"})


@given(text=JS)
def test_pm2(text):
    for name in ("ecosystem.config.js", "p.json", "p.yml"):
        checked("pm2", ["pm2-runtime", name], {f"/app/{name}": text})
    wrapped = f"module.exports = {{apps: [{{script: 'a.js', args: {text}}}, {text}]}}"
    checked("pm2", ["pm2-runtime", "ecosystem.config.js"], {"/app/ecosystem.config.js": wrapped})


@given(text=st.text(), name=st.text(max_size=8), words=WORDS)
def test_package_scripts(text, name, words):
    package = json.dumps({"name": name, "scripts": {"start": text, name: text}, "workspaces": [name, "*"]})
    for argv in (
        ["npm", "start"],
        ["yarn", *words],
        ["pnpm", "-r", *words],
        ["run-p", "*", *words],
        ["npm", "run", name],
    ):
        checked("node_scripts", argv, {"/app/package.json": package, "/app/a/package.json": text})
    checked("node_scripts", ["npm", "start"], {"/app/package.json": text})
    checked("parallel", ["concurrently", f"npm:{name}*", text], {"/app/package.json": package})


@given(text=PY)
def test_python(text):
    checked("python", ["python", "x.py"], {"/app/x.py": text})
    for body in (f"Popen({text})", f"Popen([{text}])", f"x = {text}\nPopen([x])", f"if {text}:\n Popen(['a'])"):
        checked("python", ["python", "x.py"], {"/app/x.py": f"from subprocess import Popen\n{body}\n"})


@given(command=st.sampled_from(COMMANDS), words=WORDS, text=st.text(max_size=60))
def test_any_command_line(command, words, text):
    files = {"/app/Procfile": text, "/app/mprocs.yaml": text, "/app/package.json": text, "/app/nodemon.json": text}
    claims = []
    for manager in MANAGERS:
        checked(manager, [command, *words], files)
        if expand(manager, [command, *words], image_of(files, workdir="/app")) is not None:
            claims.append(manager)
    assert len(claims) < 2
