"""RabbitMQ reads `key = value` lines in sysctl form, rabbitmq-env.conf, and variables that begin with RABBITMQ_.

RabbitMQ: "Configuration" and "File and Directory Locations". Listeners stand as `listeners.tcp.NAME = [host:]port`.
"""

from splitter.catalogue.listening import number
from splitter.inspection._address import Address
from splitter.inspection.configs import Mention, Said, text_of
from splitter.inspection.configs._ini import entries
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image, normal

PROGRAMS = ("rabbitmq",)
FOLDER = "/etc/rabbitmq"


def read(process: Process, image: Image) -> Said:
    said = Said()
    env = {**image.config.env, **process.env}
    settings = {
        n[9:]: Mention(v, process.evidence, how=f"env {n}") for n, v in env.items() if n.startswith("RABBITMQ_")
    }
    for entry in entries(text_of(image, f"{FOLDER}/rabbitmq-env.conf", said), "#"):
        key = entry.key.removeprefix("RABBITMQ_")
        settings.setdefault(key, Mention(entry.value, Evidence(f"{FOLDER}/rabbitmq-env.conf", entry.line)))
    main = settings["CONFIG_FILE"].written if "CONFIG_FILE" in settings else f"{FOLDER}/rabbitmq.conf"
    if not image.is_file(main) and image.is_file(f"{main}.conf"):
        main += ".conf"
    told = False
    for path in (main, *image.glob(f"{FOLDER}/conf.d/*.conf")):
        for entry in entries(text_of(image, path, said), "#"):
            evidence = Evidence(path, entry.line)
            if entry.key.startswith(("listeners.tcp", "listeners.ssl")) and entry.value != "none":
                told = told or entry.key.startswith("listeners.tcp")
                said.listens.append(Mention(entry.value, evidence, _address(entry.value)))
            elif entry.key in ("management.tcp.port", "management.listener.port"):
                said.listens.append(Mention(entry.value, evidence, Address("", number(entry.value))))
    if not told and ("NODE_PORT" in settings or "NODE_IP_ADDRESS" in settings):
        place = settings.get("NODE_PORT") or settings["NODE_IP_ADDRESS"]
        host = settings["NODE_IP_ADDRESS"].written if "NODE_IP_ADDRESS" in settings else ""
        port = number(settings["NODE_PORT"].written) if "NODE_PORT" in settings else 5672
        said.listens.append(Mention(place.written, place.evidence, Address(host, port or 5672), how=place.how))
    for name in ("MNESIA_BASE", "MNESIA_DIR"):
        if name in settings and settings[name].written.startswith("/"):
            found = settings[name]
            said.private.append(Mention(found.written, found.evidence, path=normal(found.written), how=found.how))
    return said


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host, number(port))
