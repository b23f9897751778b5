"""Whether a command is s6-overlay's /init: by the file itself, or by what its users put beside it."""

import posixpath

from splitter.catalogue import base as known_base
from splitter.model.facts import Process
from splitter.model.image import Image

INITS = ("/init", "/usr/bin/init", "/bin/init")
# What an image that uses s6-overlay holds, even where the overlay itself is not at hand.
SIGNS = (
    "/etc/s6-overlay",
    "/etc/services.d",
    "/etc/cont-init.d",
    "/etc/s6",
    "/etc/fix-attrs.d",
    "/package/admin/s6-overlay",
)


def overlay(process: Process, image: Image) -> bool:
    """Whether this process is s6-overlay's init. An /init of the image's own is not, whatever stands beside it."""
    argv = process.command.argv
    if not argv:
        return False
    path = argv[0] if "/" in argv[0] else (image.which(argv[0]) or "/init" if argv[0] == "init" else "")
    if posixpath.normpath(path or "x") not in INITS:
        return False
    text = image.read(path)
    if isinstance(text, str):
        return "s6-overlay" in text or ("execlineb" in text.split("\n", 1)[0] and "s6" in text)
    if any(image.is_dir(sign) for sign in SIGNS) or image.glob("/package/admin/s6-overlay*"):
        return True
    known = known_base(image.base) if image.base else None
    if known is not None:
        return known.runs == "s6-overlay"
    return not image.complete and any(name.startswith("S6_") for name in image.config.env)
