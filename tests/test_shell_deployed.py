"""Scripts that ask in which mode they run: an image is run in production, where nothing says another."""

import pytest
from managing import expand, image_of

TEXT = '#!/bin/sh\nif [ "$APP_ENV" = "production" ]; then\n  php artisan migrate --force\nfi\nexec php-fpm -F\n'


@pytest.mark.parametrize(
    ("env", "off"),
    [
        pytest.param({}, False, id="not set: production"),
        pytest.param({"APP_ENV": "production"}, False, id="set to it"),
        pytest.param({"APP_ENV": "local"}, True, id="set to another mode"),
    ],
)
def test_the_mode_of_an_image(env, off):
    image = image_of({"/start.sh": TEXT}, env=env, executable=("/start.sh",))
    processes, gaps = expand("shell", "/start.sh", image)
    [migrate] = [p for p in processes if "migrate" in str(p.command)]
    assert bool(migrate.off) == off
    assert [g.what for g in gaps] == (
        ["APP_ENV is not set; taken as production, as an image is run"] if not env else []
    )
