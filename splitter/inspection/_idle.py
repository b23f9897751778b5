"""What lies in an image for a manager that nothing there is seen to start: gaps, and never taken as services."""

import posixpath
from collections.abc import Iterator

from splitter.model.facts import Evidence, Gap
from splitter.model.image import Image

# Where a manager looks by its own documentation, and how many last parts of a path do not name the service.
PLACES = (
    ("/etc/service/*/run", "runit", 1),
    ("/service/*/run", "runit", 1),
    ("/etc/sv/*/run", "runit", 1),
    ("/etc/runit/runsvdir/default/*/run", "runit", 1),
    ("/etc/supervisor/conf.d/*.conf", "supervisord", 0),
    ("/etc/supervisord.d/*.ini", "supervisord", 0),
    ("/etc/supervisor/supervisord.conf", "supervisord", 0),
    ("/etc/supervisord.conf", "supervisord", 0),
    ("/etc/services.d/*/run", "s6", 1),
    ("/etc/s6-overlay/s6-rc.d/*/run", "s6", 1),
)
MOST = 8  # names in one gap


def waiting(image: Image) -> Iterator[Gap]:
    """One gap for each place where services lie, for an image whose command is not known."""
    for pattern, manager, above in PLACES:
        paths = image.glob(pattern)
        if not paths:
            continue
        names = [p.split("/")[-1 - above] if above else posixpath.splitext(posixpath.basename(p))[0] for p in paths]
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        shown = f"{', '.join(names[:MOST])}{more}"
        yield Gap(f"{manager} would run {shown}, and nothing that is read starts {manager}", Evidence(paths[0]))
