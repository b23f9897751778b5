"""npm, yarn, pnpm, bun and what runs several of their scripts; nodemon."""

import json

import pytest
from managing import expand, image_of

ROOT = {
    "name": "root",
    "workspaces": ["apps/*", "!apps/old"],
    "scripts": {
        "start": "node a.js",
        "prestart": "node check.js",
        "poststart": "echo over",
        "watch:a": "tsc -w",
        "watch:b": "vite",
        "watch:b:c": "deep",
        "db:migrate": "prisma migrate deploy",
        "postdb:migrate": "node seed.js",
    },
}
WEB = {"name": "@x/web", "scripts": {"start": "next start"}, "dependencies": {"@x/lib": "*"}}
LIB = {"name": "@x/lib", "scripts": {"start": "node lib.js", "lint": "eslint"}}
FILES = {
    "/app/package.json": json.dumps(ROOT, indent=1),
    "/app/apps/web/package.json": json.dumps(WEB),
    "/app/apps/lib/package.json": json.dumps(LIB),
    "/app/apps/old/package.json": json.dumps({"name": "old", "scripts": {"start": "old"}}),
}
IMAGE = image_of(FILES, workdir="/app", env={"PATH": "/bin"})
START = ["node check.js (job)", "node a.js"]


def shown(process):
    assert process.command.argv[:2] == ("sh", "-c")
    return process.command.argv[2] + (" (job)" if process.lifetime == "job" else "")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param("npm start", START, id="npm start, with what runs before it"),
        pytest.param("npm run start", START, id="npm run start"),
        pytest.param("npm run watch:a -- --port 3", ["tsc -w --port 3"], id="arguments after --"),
        pytest.param("npm run watch:a -s x", ["tsc -w x"], id="npm's own option among them"),
        pytest.param("npm --prefix apps/web start", ["next start"], id="npm in another folder"),
        pytest.param("npm -w @x/web run start", ["next start"], id="npm with a workspace"),
        pytest.param("npm start --workspaces --if-present", ["node lib.js", "next start"], id="npm in all workspaces"),
        pytest.param("yarn watch:b -x", ["vite -x"], id="yarn without run"),
        pytest.param("yarn run watch:b --x", ["vite --x"], id="yarn run"),
        pytest.param("yarn --cwd apps/web start", ["next start"], id="yarn in another folder"),
        pytest.param("yarn workspace @x/web start", ["next start"], id="yarn workspace"),
        pytest.param("yarn workspaces foreach -A run lint", ["eslint"], id="yarn workspaces"),
        pytest.param("pnpm watch:b", ["vite"], id="pnpm without run"),
        pytest.param("pnpm -C apps/web start", ["next start"], id="pnpm in another folder"),
        pytest.param("pnpm --filter web start", ["next start"], id="pnpm by a name without its scope"),
        pytest.param("pnpm --filter ./apps/* start", ["node lib.js", "next start"], id="pnpm by folders"),
        pytest.param("pnpm --filter @x/web... start", ["node lib.js", "next start"], id="pnpm with what it needs"),
        pytest.param("pnpm -r --filter !lib run start", ["next start"], id="pnpm without one"),
        pytest.param("pnpm run --parallel start", ["node lib.js", "next start"], id="pnpm in parallel"),
        pytest.param("bun run watch:a", ["tsc -w"], id="bun run"),
        pytest.param("node --run start", ["node a.js"], id="node --run runs nothing before it"),
        pytest.param("run-p watch:*", ["tsc -w", "vite"], id="run-p by a star"),
        pytest.param("run-p watch:**", ["tsc -w", "vite", "deep"], id="run-p by two stars"),
        pytest.param("run-s watch:a watch:b", ["tsc -w (job)", "vite"], id="run-s"),
        pytest.param(
            "npm-run-all watch:a -p watch:b start", ["tsc -w (job)", "vite", *START], id="npm-run-all in groups"
        ),
        pytest.param(["run-p", "watch:a -- --x 1"], ["tsc -w --x 1"], id="run-p with arguments"),
        pytest.param("turbo run start --filter=@x/web", ["next start"], id="turbo"),
        pytest.param("npx turbo start", ["node lib.js", "next start"], id="turbo without run"),
        pytest.param("nx run-many -t start -p web,lib", ["node lib.js", "next start"], id="nx run-many"),
        pytest.param("nx start web", ["next start"], id="nx with one project"),
        pytest.param("lerna run start --scope @x/lib", ["node lib.js"], id="lerna"),
        pytest.param("npm run db:migrate", ["prisma migrate deploy", "node seed.js (job)"], id="after a step"),
    ],
)
def test_scripts(argv, expected):
    processes, gaps = expand("node_scripts", argv, IMAGE)
    assert gaps == []
    assert [shown(p) for p in processes] == expected


def test_where_and_with_which_path():
    [web], _ = expand("node_scripts", "npm -w @x/web start", IMAGE)
    assert (web.name, web.workdir, str(web.evidence)) == ("web", "/app/apps/web", "/app/apps/web/package.json:1")
    assert web.env == {"PATH": "/app/apps/web/node_modules/.bin:/app/node_modules/.bin:/bin"}
    [_, start], _ = expand("node_scripts", "npm start", IMAGE)
    assert (start.workdir, start.evidence.line) == ("", 8)
    assert start.notes == ("poststart runs when it has ended: echo over",)


def test_a_name_that_was_given_stays():
    [_, start], _ = expand("node_scripts", "npm start", IMAGE, via=("pm2",))
    assert start.name == "main"
    [_, start], _ = expand("node_scripts", "npm start", IMAGE)
    assert start.name == "start"


def test_npm_start_has_a_default():
    [start], _ = expand("node_scripts", "npm start", image_of({"/app/package.json": "{}"}, workdir="/app"))
    assert start.command.argv == ("sh", "-c", "node server.js")


@pytest.mark.parametrize(
    "argv",
    ["npm ci", "npm install", "npm exec x", "yarn install", "yarn next start", "pnpm dlx x", "pnpm x.js", "bun x.ts",
     "bun install", "node x.js", "node --inspect x.js --run", "turbo prune", "npm", "yarn", "nx build", "npm run"],
)  # fmt: skip
def test_not_claimed(argv):
    assert expand("node_scripts", argv, IMAGE) is None


@pytest.mark.parametrize(
    ("argv", "files", "what"),
    [
        pytest.param("npm start", {}, "not in the image", id="no package.json"),
        pytest.param("npm start", {"/app/package.json": "{,"}, "cannot be read", id="one that is broken"),
        pytest.param("npm start", {"/app/package.json": "[]"}, "not an object", id="one of another kind"),
        pytest.param("npm run nope", FILES, "no script nope", id="no such script"),
        pytest.param("run-p nope:*", FILES, "nope:*", id="no script matches"),
        pytest.param("pnpm -r start", {"/app/package.json": "{}"}, "workspaces", id="no workspaces"),
        pytest.param("pnpm --filter [main] start", FILES, "[main]", id="a filter by changes"),
    ],
)
def test_what_cannot_be_opened_stays_with_its_reason(argv, files, what):
    [left], [gap] = expand("node_scripts", argv, image_of(files, workdir="/app"))
    assert str(left.command) == argv.replace("nope:*", "'nope:*'").replace("[main]", "'[main]'")
    assert what in gap.what
    assert expand("node_scripts", argv, image_of(files, workdir="/app"), via=("node_scripts",)) is None


@pytest.mark.parametrize(
    ("argv", "files", "expected"),
    [
        pytest.param("nodemon server.js --x", {}, "node server.js --x", id="a script"),
        pytest.param("npx nodemon -w src -e ts src/x.ts", {}, "ts-node src/x.ts", id="typescript"),
        pytest.param(
            "nodemon --inspect=0.0.0.0:9229 x.js", {}, "node --inspect=0.0.0.0:9229 x.js", id="node's options"
        ),
        pytest.param(["nodemon", "--exec", "tsx a.ts --y"], {}, "tsx a.ts --y", id="a command"),
        pytest.param("nodemon", {"/app/package.json": '{"main": "m.js"}'}, "node m.js", id="main of package.json"),
        pytest.param("nodemon", {"/app/nodemon.json": '{"exec": "go run ."}'}, "go run .", id="exec of nodemon.json"),
    ],
)
def test_nodemon(argv, files, expected):
    [program], gaps = expand("nodemon", argv, image_of(files, workdir="/app"))
    assert (shown(program), gaps) == (expected, [])


def test_nodemon_without_a_program_is_a_gap():
    _, [gap] = expand("nodemon", "nodemon", image_of(workdir="/app"))
    assert "what to run" in gap.what
    assert expand("nodemon", "nodemon --version", IMAGE) is None
