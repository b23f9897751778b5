"""Schedules hidden inside a program."""

import pytest
from managing import image_of, process_of

from splitter.inspection.schedules import noted
from splitter.model.facts import Facts
from splitter.planning import make_plan


@pytest.mark.parametrize(
    ("name", "text", "command", "found"),
    [
        pytest.param("requirements.txt", "flask\nAPScheduler>=3\n", "gunicorn app", True, id="in requirements"),
        pytest.param("requirements.txt", "# APScheduler\n", "gunicorn app", False, id="not in a comment"),
        pytest.param("requirements.txt", "apscheduler-extras\n", "gunicorn app", False, id="not as a part of a name"),
        pytest.param("requirements.txt", "apscheduler\n", "redis-server", False, id="not in a server of another kind"),
        pytest.param("Gemfile", 'gem "sidekiq-cron"\n', "bundle exec sidekiq", True, id="sidekiq's own"),
        pytest.param("Gemfile", 'gem "sidekiq-cron"\n', "bundle exec puma", False, id="not in the web beside sidekiq"),
        pytest.param("package.json", '{"dependencies": {"node-cron": "^3"}}', "node web.js", True, id="of node"),
        pytest.param("config/puma.rb", "plugin :solid_queue\n", "puma", True, id="a plugin of puma"),
    ],
)  # fmt: skip
def test_a_library_that_schedules(name, text, command, found):
    image = image_of({f"/app/{name}": text}, workdir="/app")
    [process] = noted((process_of(command),), image)
    assert any("schedule inside" in note for note in process.notes) == found


def test_the_file_says_it():
    image = image_of({"/app/requirements.txt": "apscheduler\n"}, workdir="/app")
    plan = make_plan(Facts(noted((process_of("gunicorn app"),), image)), image, {})
    assert any("APScheduler, /app/requirements.txt:1" in note for note in plan.services[0].notes)
