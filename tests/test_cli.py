"""The command line as CI uses it: what is written, what is printed where, and the exit codes."""

import json

import pytest
import yaml

from splitter.cli import main

SUPERVISED = """\
[supervisord]
[program:web]
command=puma -p 3000
[program:redis]
command=redis-server --bind 127.0.0.1
[program:sidekiq]
command=sidekiq
environment=API_TOKEN="s3cr3t"
user=app
"""
DOCKERFILE = """\
FROM debian:bookworm-slim
COPY supervisord.conf /etc/supervisord.conf
ENV REDIS_URL=redis://localhost:6379/0
EXPOSE 3000
CMD ["supervisord", "-n", "-c", "/etc/supervisord.conf"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "supervisord.conf").write_text(SUPERVISED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compose(folder):
    return (folder / "docker-compose.yml").read_text()


def test_without_a_terminal_the_file_goes_to_stdout_and_nothing_is_written(folder, capsys):
    assert main(["split", "."]) == 0
    printed = capsys.readouterr()
    assert set(yaml.safe_load(printed.out)["services"]) == {"web", "sidekiq", "redis"}
    assert "backing:supervisord/redis" in printed.err
    assert sorted(p.name for p in folder.iterdir()) == ["Dockerfile", "supervisord.conf"]


def test_apply_writes_what_check_then_agrees_with(folder, capsys):
    assert main(["split", ".", "--check"]) == 1
    assert main(["split", ".", "--apply"]) == 0
    assert main(["split", ".", "--check"]) == 0
    first = compose(folder)
    assert main(["split", ".", "--apply"]) == 0
    assert compose(folder) == first
    assert "up to date" in capsys.readouterr().out


def test_check_shows_what_has_changed(folder, capsys):
    main(["split", ".", "--apply"])
    (folder / "supervisord.conf").write_text(SUPERVISED.replace("puma -p 3000", "puma -p 3000 -t 5"))
    capsys.readouterr()
    assert main(["split", ".", "--check"]) == 1
    printed = capsys.readouterr()
    assert '+    command: ["puma", "-p", "3000", "-t", "5"]' in printed.out
    assert '"-t"' not in compose(folder)


def test_a_saved_answer_decides_and_one_that_fits_nothing_stops(folder, capsys):
    main(["split", ".", "--apply"])
    text = compose(folder)
    answered = text.replace("  wrote: |-", "  answers:\n    backing:supervisord/redis: same\n  wrote: |-")
    (folder / "docker-compose.yml").write_text(answered)
    assert main(["split", ".", "--apply"]) == 0
    assert "redis-server" in compose(folder)
    (folder / "docker-compose.yml").write_text(compose(folder).replace("supervisord/redis", "supervisord/gone"))
    before = compose(folder)
    capsys.readouterr()
    assert main(["split", ".", "--apply"]) == 1
    assert "backing:supervisord/gone" in capsys.readouterr().err
    assert compose(folder) == before


def test_strict_stops_at_any_open_question_and_accepted_defaults_are_answers(folder):
    assert main(["split", ".", "--apply", "--strict"]) == 1
    assert not (folder / "docker-compose.yml").exists()


def test_what_a_person_adds_stays(folder):
    main(["split", ".", "--apply"])
    edited = compose(folder).replace("\nservices:\n", "\nservices:\n  mail:\n    image: axllent/mailpit\n\n")
    (folder / "docker-compose.yml").write_text(edited)
    (folder / "supervisord.conf").write_text(SUPERVISED.replace("puma -p 3000", "puma -p 3001"))
    assert main(["split", ".", "--apply"]) == 0
    made = yaml.safe_load(compose(folder))
    assert made["services"]["mail"] == {"image": "axllent/mailpit"}
    assert made["services"]["web"]["command"] == ["puma", "-p", "3001"]


def test_a_file_that_is_not_ours_is_never_overwritten(folder, capsys):
    (folder / "docker-compose.yml").write_text("services: {}\n")
    for mode in ("--apply", "--check"):
        assert main(["split", ".", mode]) == 2
        printed = capsys.readouterr().err.splitlines()
        assert [line.split(":")[0] for line in printed] == ["splitter", "hint"]
    assert compose(folder) == "services: {}\n"


def test_secrets_go_to_env_example_and_to_nothing_else(folder, capsys):
    main(["split", ".", "--apply"])
    main(["split", ".", "--json"])
    main(["inspect", "."])
    main(["inspect", ".", "--json"])
    printed = capsys.readouterr()
    assert "s3cr3t" not in compose(folder) + printed.out + printed.err
    assert yaml.safe_load(compose(folder))["services"]["sidekiq"]["environment"]["API_TOKEN"] == "${API_TOKEN:?}"
    assert "API_TOKEN=\n" in (folder / ".env.example").read_text()


def test_the_json_document_keeps_its_form(folder, capsys):
    assert main(["split", ".", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == 1
    assert document["source"]["reference"] == "."
    assert document["plan"].keys() >= {"services", "drops", "couplings", "gaps", "questions"}
    keys = {"name", "role", "command", "entrypoint", "user", "working_dir", "environment", "replicas", "ports",
            "volumes", "depends_on", "processes", "because"}  # fmt: skip
    for service in document["plan"]["services"]:
        assert service.keys() >= keys
        assert "image" in service or "build" in service
        for process in service["processes"]:
            assert process.keys() >= {"name", "command", "schedule", "user", "workdir", "env", "evidence"}
            assert process["evidence"].keys() >= {"path", "line"}
            assert isinstance(process["command"], str)
    [coupling] = document["plan"]["couplings"]
    assert coupling.keys() >= {"kind", "between", "target", "resolution", "evidence"}
    assert yaml.safe_load(document["compose"])["services"].keys() == {s["name"] for s in document["plan"]["services"]}


def test_an_image_of_one_process_says_so_and_nothing_is_written(folder, capsys):
    (folder / "Dockerfile").write_text('FROM debian\nCMD ["puma", "-p", "3000"]\n')
    for mode in ([], ["--apply"], ["--check"]):
        assert main(["split", ".", *mode]) == 0
        assert "runs one process" in capsys.readouterr().out
    assert not (folder / "docker-compose.yml").exists()


SETS_UP = "mkdir -p /run/app\nchown -R app /data\nfind . ! -user app -exec chown app '{}' +\n"


@pytest.mark.parametrize(
    ("before", "alone"),
    [
        pytest.param(SETS_UP, True, id="folders and owners are the set-up of the one program"),
        pytest.param("find /app -exec python3 manage.py migrate ';'\n", False, id="what find runs is judged, not find"),
        pytest.param(SETS_UP + "rake db:migrate\n", False, id="a migration is worth a job of its own"),
        pytest.param(SETS_UP + "sidekiq &\n", False, id="a second program is to be parted"),
    ],
)
def test_one_program_behind_an_entrypoint_that_sets_up_is_one_process(folder, capsys, before, alone):
    (folder / "start.sh").write_text(f"#!/bin/sh\n{before}exec puma -p 3000\n")
    (folder / "Dockerfile").write_text('FROM debian\nCOPY start.sh /\nCMD ["/bin/sh", "/start.sh"]\n')
    assert main(["split", ".", "--apply"]) == 0
    assert ("runs one process, puma" in capsys.readouterr().out) is alone
    assert (folder / "docker-compose.yml").exists() is not alone


def test_one_process_beside_what_could_not_be_read_is_not_said_without_that(folder, capsys):
    (folder / "Dockerfile").write_text('FROM debian\nCMD ["/bin/sh", "/nowhere.sh"]\n')
    assert main(["split", ".", "--apply"]) == 0
    printed = capsys.readouterr()
    assert "as far as it could be read" in printed.out
    assert "/nowhere.sh" in printed.err


def test_a_file_made_while_there_was_more_is_out_of_date_with_one_process(folder, capsys):
    main(["split", ".", "--apply"])
    (folder / "Dockerfile").write_text('FROM debian\nCMD ["puma", "-p", "3000"]\n')
    assert main(["split", ".", "--check"]) == 1
    assert "-  redis:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["split"], "SOURCE", id="no source"),
        pytest.param(["unknown"], "invalid choice", id="no such verb"),
        pytest.param(["split", ".", "--apply", "--check"], "not allowed with", id="two modes at once"),
        pytest.param(["split", ".", "--build-arg", "=x"], "no name", id="a build argument without a name"),
        pytest.param(["split", "nowhere/at/all/"], "no such folder", id="no such folder"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_a_hint(words, said, folder, capsys):
    assert main(words) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("splitter: ")
    assert said in first
    assert second.startswith("hint: ")
