"""JavaScript launchers: what they start, in which order, and what is no launcher."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from managing import Launcher, expand, image_of

HEAD = "import { spawn, exec, fork, execSync, spawnSync } from 'node:child_process'; import fs from 'fs';"

LAUNCHER = Launcher("node", "node run.mjs", "/app/run.mjs", f"{HEAD}\n")
start, started = LAUNCHER.start, LAUNCHER.started


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("spawn('a', ['b', 'c'])", ["a b c"], id="spawn"),
        pytest.param("spawn('a b', { shell: true })", ["sh -c 'a b'"], id="by a shell"),
        pytest.param("spawn('a', ['b'], { shell: true })", ["sh -c 'a b'"], id="by a shell, with words"),
        pytest.param("exec('a b')", ["sh -c 'a b'"], id="exec"),
        pytest.param("fork('w.js', ['x'])", ["node w.js x"], id="fork"),
        pytest.param("fork('w.js', [], { execArgv: ['-r', 'y'] })", ["node -r y w.js"], id="fork with options"),
        pytest.param("spawn(process.execPath, ['w.js'])", ["node w.js"], id="node itself"),
        pytest.param("execSync('m')\nspawn('a')", ["sh -c m (job)", "a"], id="a step before"),
        pytest.param("execSync('m', { stdio: 'inherit' })\nexecSync('a')", ["sh -c m (job)", "sh -c a"],
                     id="the last call"),
        pytest.param("const v = execSync('git log').toString()\nspawn('a')", ["a"], id="what is only read"),
        pytest.param("const r = spawnSync('m', [], { stdio: 'inherit' })\nif (r.status !== 0) process.exit(1)\n"
                     "spawn('a')", ["m (job)", "a"], id="a step whose status is looked at"),
        pytest.param("spawn('npx', ['prisma', 'migrate', 'deploy'])\nspawn('a')",
                     ["npx prisma migrate deploy (job)", "a"], id="a step that the catalogue knows"),
        pytest.param("const m = spawn('m')\nm.on('close', (code) => { if (code === 0) spawn('a') })",
                     ["m (job)", "a"], id="at the end of another"),
        pytest.param("const run = (c) => new Promise((ok, no) => {\n  const p = spawn(c)\n"
                     "  p.on('exit', (x) => x === 0 ? ok() : no(x))\n})\nawait run('m')\nawait run('a')",
                     ["m (job)", "a"], id="promises that are waited for"),
        pytest.param("function run(c) { return new Promise((ok) => spawn(c).on('exit', ok)) }\n"
                     "run('m').then(() => run('a'))", ["m (job)", "a"], id="then"),
        pytest.param("const up = (c) => new Promise((ok) => { const p = spawn(c); p.stdout.on('data', ok) })\n"
                     "await up('a')\nawait up('b')", ["a", "b"], id="promises that wait for a line"),
        pytest.param("async function go(c) { await new Promise((ok) => spawn(c).on('exit', ok)) }\n"
                     "await Promise.all([go('a'), go('b')])", ["a", "b"], id="side by side"),
        pytest.param("async function go(c) { await new Promise((ok) => spawn(c).on('exit', ok)) }\ngo('a'); go('b')",
                     ["a", "b"], id="functions that nobody waits for"),
        pytest.param("main().catch((e) => process.exit(1))\nasync function main() {\n  try { execSync('m') } "
                     "catch (e) { throw e }\n  spawn('a')\n}", ["sh -c m (job)", "a"], id="a main function"),
        pytest.param("(async () => { spawn('a') })()", ["a"], id="a function called where it is made"),
        pytest.param("for (const q of ['x', 'y']) spawn('w', ['-q', q])", ["w -q x", "w -q y"], id="a loop"),
        pytest.param("for (let i = 0; i < 2; i++) spawn('w', [`${i}`])", ["w 0", "w 1"], id="a counting loop"),
        pytest.param("const s = { x: ['a'], y: ['b', '-c'] }\n"
                     "Object.entries(s).forEach(([n, w]) => spawn(w[0], w.slice(1)))", ["a", "b -c"], id="a table"),
        pytest.param("const ps = [['a'], ['b', 'c']].map(([c, d]) => spawn(c, d ? [d] : []))", ["a", "b c"],
                     id="a list"),
        pytest.param("const run = (c, ...w) => spawn(c, w)\nrun('a', 'b', 'c')", ["a b c"], id="any arguments"),
        pytest.param("class S {\n  n = 1\n  constructor(c) { this.c = c }\n  go() { spawn(this.c) }\n}\n"
                     "new S('a').go()", ["a"], id="a class"),
        pytest.param("import path from 'path'\nimport { fileURLToPath } from 'url'\n"
                     "const d = path.dirname(fileURLToPath(import.meta.url))\nspawn(path.join(d, 'w.sh'))",
                     ["/app/w.sh"], id="beside the script"),
        pytest.param("spawn('a', ['-p', process.env.P || '5', process.env.SET])", ["a -p 5 yes"], id="variables"),
        pytest.param("function never() { spawn('x') }\nspawn('a')", ["a"], id="a function that nothing calls"),
        pytest.param("process.on('SIGTERM', () => { spawn('x') })\nspawn('a')", ["a"], id="a signal's handler"),
        pytest.param("if (process.env.ON === '1') spawn('x')\nspawn('a')", ["x OFF", "a"], id="a switch that is off"),
        pytest.param("const on = process.env.ON !== '0'\nif (on) { spawn('a') } else { spawn('b') }",
                     ["b OFF", "a"], id="a switch with a name"),
        pytest.param("const w = ['b']\nif (process.env.D) w.push('-d')\nspawn('a', w)", ["a b"],
                     id="words that are off"),
        pytest.param("switch (process.argv[2]) {\n  case 'w': spawn('x'); break\n  default: spawn('a')\n}",
                     ["x OFF", "a"], id="arguments"),
        pytest.param("if (!process.env.KEY) { console.error('no'); process.exit(1) }\nspawn('a')", ["a"],
                     id="it gives up where something is not given"),
        pytest.param("spawn('a')\nprocess.exit(0)\nspawn('b')", ["a"], id="the end"),
        pytest.param("setTimeout(() => spawn('a'), 500)", ["a"], id="later"),
        pytest.param("setInterval(() => execSync('a'), 60000)\nspawn('b')",
                     ["sh -c 'while :; do a; sleep 60; done'", "b"],
                     id="every minute"),
        pytest.param("spawn('b')\nwhile (true) { execSync('a'); await new Promise((r) => setTimeout(r, 5000)) }",
                     ["b", "sh -c 'while :; do a; sleep 5; done'"], id="a loop with a pause"),
        pytest.param("import { execa, $ } from 'execa'\nawait execa('m', ['x'])\nexeca('a')\nawait $`b c`",
                     ["m x (job)", "a", "sh -c 'b c'"], id="execa"),
        pytest.param("import sp from 'cross-spawn'\nsp.sync('m')\nsp('a')", ["m (job)", "a"], id="cross-spawn"),
        pytest.param("import concurrently from 'concurrently'\nconcurrently(['a', { command: 'b -c', name: 'x' }])",
                     ["sh -c a", "sh -c 'b -c'"], id="concurrently"),
        pytest.param("import { promisify } from 'util'\nconst run = promisify(exec)\nawait run('m')\n"
                     "const { stdout } = await run('git log')\nspawn('a')", ["sh -c m (job)", "a"], id="promisify"),
    ],
)  # fmt: skip
def test_what_is_started(body, expected):
    assert started(body, env={"SET": "yes"}) == expected


def test_how_it_is_started():
    [a, b], gaps = start(
        "process.env.G = '0'\nspawn('a', [], { cwd: 'sub', uid: 33, env: { ...process.env, A: 1 } })\n"
        "process.chdir('/srv')\nspawn('b', { env: { PORT: process.env.WEB_PORT } })"
    )
    assert gaps == []
    assert (a.env, a.workdir, a.user, str(a.evidence)) == ({"G": "0", "A": "1"}, "/app/sub", "33", "/app/run.mjs:3")
    assert (b.env, b.workdir) == ({"G": "0"}, "/srv")
    assert b.command.run == ("/bin/sh", "-c", 'export PORT="${WEB_PORT}"; exec b')


def test_what_is_started_again_when_it_ends():
    [a], _ = start("function up() { const p = spawn('a'); p.on('exit', () => setTimeout(up, 1000)) }\nup()")
    assert (str(a.command), a.restart, a.lifetime) == ("a", "always", "service")


def test_a_variable_that_must_be_given_stays_one():
    [a], [gap] = start("spawn('a', ['-k', process.env.KEY, `x-${process.env.KEY}`])")
    assert a.command.argv == ("a", "-k", "$KEY", "x-$KEY")
    assert "KEY" in gap.what


def test_words_that_only_running_tells_are_said():
    [a], _ = start("const w = ['-v']\nif (os.cpus() > 2) w.push('-x')\nspawn('a', [...w, ...more()])")
    assert [n for n in a.notes if "more words" in n]
    got, [gap] = start("spawn('a')\nspawn(pick(), ['b'])")
    assert [str(p.command) for p in got] == ["a"]
    assert "known only when it runs" in gap.what


def test_a_helper_file_is_followed():
    files = {"/app/lib/run.js": "const { spawn } = require('child_process')\n"
             "module.exports = { run(c) { return spawn(c) }, go: (c) => spawn(c) }",
             "/app/esm.mjs": "import { spawn } from 'child_process'\nexport function up(c) { spawn(c) }"}  # fmt: skip
    body = "import { go } from './lib/run.js'\nimport { up as u } from './esm.mjs'\ngo('a')\nu('b')"
    [a, b], _ = start(body, files=files)
    assert (str(a.command), str(a.evidence)) == ("a", "/app/run.mjs:4")
    assert str(b.command) == "b"


def test_what_the_script_writes_itself_is_told():
    _, [gap] = start("fs.writeFileSync('build.env', 'x')\nspawn('a')")
    assert gap.what == "the script itself writes build.env, which it does no more in a split"


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        pytest.param("node --enable-source-maps run.mjs", "node", id="with options"),
        pytest.param("/usr/local/bin/node -r dotenv/config /app/run.mjs x", "/usr/local/bin/node", id="by paths"),
        pytest.param("node run", "node", id="without its suffix"),
        pytest.param("./run.mjs", "node", id="by its first line"),
        pytest.param("bun run run.mjs", "bun", id="bun"),
    ],
)
def test_spellings(argv, program):
    [a], _ = start("fork('x.js')", argv, head="#!/usr/bin/env node\n" + HEAD)
    assert a.command.argv == (program, "x.js")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("console.log(1)", id="starts nothing"),
        pytest.param("app.get('/', () => { exec('ls') })\napp.listen(80)", id="in a handler only"),
        pytest.param("const v = execSync('a')", id="only reads"),
        pytest.param("execSync('npx prisma migrate deploy')", id="only a step"),
        pytest.param("}{ function (", id="is not JavaScript"),
    ],
)
def test_no_launcher(body):
    assert start(body) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param("http.createServer(f)", "createServer()", id="a server"),
        pytest.param("import express from 'express'", "express", id="a framework"),
        pytest.param("import './server.js'", "./server.js", id="a file that is not at hand"),
        pytest.param("await import('./server.js')", "./server.js", id="one that is imported late"),
        pytest.param("function never() { const s = new S(); s.listen(80) }", "listen()", id="a server somewhere in it"),
    ],
)
def test_a_program_with_helpers_stays_as_it_is(body, why):
    [process], [gap] = start(f"spawn('helper')\n{body}")
    assert str(process.command) == "node run.mjs"
    assert gap.what == f"the script starts a process of its own (helper), and it also runs {why} itself"
    assert expand("node", "node run.mjs", image_of(), notes=process.notes) is None


def test_a_file_of_a_package_is_no_launcher():
    text = "require('child_process').spawn('x')"
    assert expand("node", "node node_modules/.bin/x.js", image_of({"/node_modules/.bin/x.js": text})) is None
    assert expand("node", "node --run start", image_of({"/start.js": text})) is None
    assert expand("node", "node -e start.js", image_of({"/start.js": text})) is None


def test_a_script_too_large_to_be_followed_says_so():
    [process], gaps = start("spawn('a')\nfor (let i = 0; i < 199; i++) { for (let j = 0; j < 199; j++) { f(i + j) } }")
    assert str(process.command) == "node run.mjs"
    assert "more than can be followed" in gaps[0].what


PIECES = st.sampled_from(
    [
        "spawn(", "'a'", ")", "{", "}", "(", "[", "]", "=>", "async ", "await ", "f", "function f(a, ...b)", ";", "\n",
        "if (x)", "else", "for (const a of b)", "while (1)", "switch (a) { case 1:", "default:", "try", "catch (e)",
        "finally", "new Promise((r) => ", "r()", ".on('exit', ", ".then(", "process.env.A", "process.exit(1)",
        "return ", "break", "throw 1",
        "`a${b}`", "class A { b() {", "this.x = ", "import './x.js'", "setInterval(", "f()", ",",
        "execSync", "+= 1", "i++", "??", "&&", "?", ":", "\\", "$`x`", "require('./run.mjs')", "label:", "\0", "é",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_text_makes_it_raise(body):
    start(body)
