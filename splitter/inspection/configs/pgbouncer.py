"""PgBouncer reads INI: [databases] says what it reaches (`name = host=... port=...`), [pgbouncer] where it listens."""

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, addresses
from splitter.inspection.configs import Mention, Said, first_file, from_folder, text_of
from splitter.inspection.configs._ini import entries
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("pgbouncer",)


def read(process: Process, image: Image) -> Said:
    said = Said()
    meant = peel(process.command.argv)
    given = next((a for a in (meant.args if meant is not None else ()) if a.endswith(".ini")), "")
    path = from_folder(process, image, given) or first_file(image, "/etc/pgbouncer/pgbouncer.ini")
    settings: dict[str, Mention] = {}
    for entry in entries(text_of(image, path, said)):
        here = Mention(entry.value, Evidence(path, entry.line))
        if entry.section == "pgbouncer":
            settings[entry.key] = here
        elif entry.section == "databases":
            for asked in addresses(entry.value):
                full = asked if asked.port or asked.unix else Address(asked.host, 5432)
                said.reaches.append(Mention(entry.value, here.evidence, full, name="postgres"))
    host, port = settings.get("listen_addr"), settings.get("listen_port")
    if host is not None:
        for text in host.written.split(","):
            where = Address(text.strip(), number(port.written) if port is not None else 6432)
            said.listens.append(Mention(host.written, host.evidence, where))
    if "logfile" in settings and settings["logfile"].written.startswith("/"):
        log = settings["logfile"]
        said.writes.append(Mention(log.written, log.evidence, path=normal(log.written)))
    return said
