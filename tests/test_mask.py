"""Secrets are hidden wherever they turn up, and names stay."""

import pytest
from managing import image_of

from splitter.commands.mask import Mask
from splitter.model.facts import Command, Evidence, Facts, Process

SAID = {"ADMIN_PASSWORD": "nagios", "API_TOKEN": "s3cr3t-value", "LEVEL": "debugging"}
LATE = {"WEB_PASSWORD": "icinga"}


@pytest.fixture
def mask():
    process = Process("nagios", Command(("/opt/nagios/bin/nagios", "-v")), Evidence("/etc/sv/nagios/run", 1))
    return Mask.of(image_of({}, env=SAID | LATE), Facts(processes=(process,)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("curl -H s3cr3t-value http://a", "curl -H *** http://a", id="the value of a secret variable"),
        pytest.param("psql postgres://u:hunter22@db/x", "psql postgres://u:***@db/x", id="the password of a URL"),
        pytest.param("redis-server --requirepass abc", "redis-server --requirepass ***", id="what an option is told"),
        pytest.param("ADMIN_PASSWORD=nagios run", "ADMIN_PASSWORD=*** run", id="a weak one behind its variable"),
        pytest.param("/opt/nagios/bin/nagios", "/opt/nagios/bin/nagios", id="a weak one that is a program's name"),
        pytest.param("make icinga2 /etc/icingaweb", "make icinga2 /etc/icingaweb", id="a short one within other words"),
        pytest.param("login icinga:icinga", "login ***:***", id="a short one that stands alone"),
        pytest.param("mysql -picinga", "mysql -p***", id="a short one behind its option's letter"),
        pytest.param("xs3cr3t-valuex", "x***x", id="a long one within other words"),
        pytest.param("debugging", "debugging", id="a value that is no secret"),
    ],
)
def test_text(mask, text, shown):
    assert mask.text(text) == shown


def test_what_a_service_is_called_stays():
    started = Process("start", Command(("pg_ctlcluster", "13", "main", "start")), Evidence("/start", 1))
    mask = Mask.of(image_of({}, env={"DB_PASSWORD": "postgres"}), Facts(processes=(started,)))
    assert mask.data({"name": "postgres", "env": {"DB_PASSWORD": "postgres"}}) == {
        "name": "postgres",
        "env": {"DB_PASSWORD": "***"},
    }


def test_a_variable_is_hidden_by_its_name(mask):
    assert mask.variables(SAID) == {"ADMIN_PASSWORD": "***", "API_TOKEN": "***", "LEVEL": "debugging"}
