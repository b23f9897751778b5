"""What `splitter` costs without an engine, as multiples of a Python that does nothing.

    python tests/benchmarks/folder.py

The bounds: `--help` at most 6 times `python -c pass`; the sample's folder in 0.8 s and 200 programs or services in
2 s, on two cores that have nothing else to do.
"""

from pathlib import Path

from measure import PASS, SPLITTER, compare, table, workplace

ROUNDS = 9
MANY = 200
HELP, SAMPLE, PROGRAMS, SERVICES = 6, 0.8, 2.0, 2.0


def supervisord(folder: Path) -> str:
    """A folder whose supervisord starts a web server, a redis and workers, 200 in all; its path."""
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        "FROM debian:12\nRUN apt-get update && apt-get install -y supervisor redis-server\nWORKDIR /srv/app\n"
        "COPY supervisord.conf /etc/supervisord.conf\nEXPOSE 8000\n"
        'CMD ["supervisord", "-n", "-c", "/etc/supervisord.conf"]\n'
    )
    programs = ["[supervisord]\nnodaemon=true\n", "[program:web]\ncommand=gunicorn -b 0.0.0.0:8000 app.wsgi\n"]
    programs += ["[program:redis]\ncommand=redis-server\npriority=1\n"]
    programs += [
        f"[program:worker{n}]\ncommand=celery -A app worker -Q queue{n} --loglevel info\ndirectory=/srv/app\n"
        f"user=www-data\nstdout_logfile=/var/log/worker{n}.log\n"
        f'environment=REDIS_URL="redis://localhost:6379/{n % 16}",QUEUE="queue{n}"\n'
        for n in range(MANY - 2)
    ]
    (folder / "supervisord.conf").write_text("\n".join(programs))
    return str(folder)


def runit(folder: Path) -> str:
    """A folder of 200 runit services, each with a logger; its path."""
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        "FROM debian:12\nRUN apt-get update && apt-get install -y runit\nENV REDIS_URL=redis://localhost:6379\n"
        "WORKDIR /srv/app\nCOPY service /etc/service\nEXPOSE 3000\n"
        'CMD ["runsvdir", "-P", "/etc/service"]\n'
    )
    commands = {"web": "bundle exec puma -p 3000", "redis": "redis-server"}
    commands |= {f"worker{n}": f"bundle exec sidekiq -q queue{n} -c 5" for n in range(MANY - 2)}
    for name, command in commands.items():
        run = f"#!/bin/sh\nset -e\ncd /srv/app\nexport QUEUE={name}\nexec 2>&1\nexec chpst -u www-data {command}\n"
        _script(folder / "service" / name / "run", run)
        _script(folder / "service" / name / "log" / "run", f"#!/bin/sh\nexec svlogd -tt /var/log/{name}\n")
    return str(folder)


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)


def main() -> None:
    with workplace() as made:
        names = ("python -c pass", "splitter --help", "split samples/rails-runit",
                 f"split {MANY} supervisord programs", f"split {MANY} runit services")  # fmt: skip
        folders = ("samples/rails-runit", supervisord(made / "programs"), runit(made / "services"))
        commands = (PASS, (*SPLITTER, "--help"), *((*SPLITTER, "split", f"dockerfile:{path}") for path in folders))
        costs = compare(dict(zip(names, commands, strict=True)), ROUNDS)
    nothing = costs[names[0]]
    bounds = (nothing.wall, HELP * nothing.wall, SAMPLE, PROGRAMS, SERVICES)
    rows = [("", "wall s", "cpu s", "times pass", "of its bound")]
    for name, bound in zip(names, bounds, strict=True):
        cost = costs[name]
        times, share = cost.wall / nothing.wall, cost.wall / bound
        rows.append((name, f"{cost.wall:.3f}", f"{cost.cpu:.3f}", f"{times:.1f}", f"{share:.2f}"))
    table(rows)


if __name__ == "__main__":
    main()
