"""Scripts that only look at the others, and entrypoints that are not at hand."""

import pytest
from managing import expand, image_of


@pytest.mark.parametrize(
    ("work", "looks"),
    [
        pytest.param("if ! curl -fs http://localhost:8000/health; then echo down; fi", True, id="asks and prints"),
        pytest.param("if [[ $(curl -so /dev/null -w '%{http_code}' a) != 200 ]]; then echo; fi", True, id="its answer"),
        pytest.param("curl -s http://localhost:8000/cron", False, id="a request that starts a job"),
        pytest.param("python manage.py send_mail", False, id="a program"),
    ],
)
def test_a_script_that_only_looks(work, looks):
    text = "#!/bin/bash\nwhile true; do\n  sleep 20\n  WORK\ndone\n".replace("WORK", work)
    processes, gaps = expand("shell", "/watch.sh", image_of({"/watch.sh": text}, executable=("/watch.sh",)))
    [found] = processes
    assert not gaps
    assert any(note.startswith("it only looks at the others and prints") for note in found.notes) == looks


@pytest.mark.parametrize(
    ("program", "child"),
    [
        pytest.param("docker-entrypoint.sh", "gunicorn", id="of the base image, found by its name"),
        pytest.param("/usr/local/bin/docker-entrypoint.sh", "gunicorn", id="of the base image, by its path"),
        pytest.param("./docker/docker-entrypoint.sh", "./docker/docker-entrypoint.sh", id="of the application"),
    ],
)
def test_an_entrypoint_that_is_not_at_hand(program, child):
    """That of an application may take `gunicorn` for anything, so it stays in the command."""
    processes, gaps = expand("shell", f"{program} gunicorn", image_of({}, base="acme/base:1"))
    assert [p.command.argv[0] for p in processes] == [child]
    assert len(gaps) == 1
