"""The OpenTelemetry collector and Grafana's servers take one YAML file, which names where they listen.

OpenTelemetry, "Collector configuration": each receiver and extension has an `endpoint`. Loki, Tempo, Mimir, Pyroscope:
`http_listen_port` and `grpc_listen_port` (their manuals, "server"). What a file reaches is read as any setting is.
"""

from splitter.catalogue import match
from splitter.catalogue.listening import number
from splitter.inspection._address import EVERYWHERE, Address, address
from splitter.inspection.configs import Mention, Said, from_folder, option, text_of
from splitter.inspection.configs._values import line_of, values
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image

PROGRAMS = (
    "otelcol", "otelcol-contrib", "otel-collector", "loki", "tempo", "mimir", "pyroscope", "prometheus", "alertmanager",
)  # fmt: skip
OPTIONS = ("--config.file", "-config.file", "--config", "-config")
OWN = frozenset(("receivers", "extensions", "server"))
LISTENS = ("endpoint", "listen_address", "address")


def read(process: Process, image: Image) -> Said:
    said = Said()
    path = from_folder(process, image, option(process, *OPTIONS).removeprefix("file:"))
    text = text_of(image, path, said) if path and image.is_file(path) else ""
    web = False
    for keys, value in values(text, path) if text else ():
        last = keys[-1].lower()
        web = web or last == "http_listen_port"
        if last.endswith("listen_port") and (port := number(value)):
            line = line_of(text, f"{keys[-1]}: {value}") or line_of(text, value)
            said.listens.append(Mention(value, Evidence(path, line), Address("", port)))
            continue
        asked = address(value)
        own = not OWN.isdisjoint(keys) and last in LISTENS
        if asked is not None and asked.port and not asked.scheme and (own or asked.host in EVERYWHERE):
            said.listens.append(Mention(value, Evidence(path, line_of(text, value)), asked))
    known = match(process.command.argv)
    if said.listens and known is not None and known.port and not web:
        said.listens.append(Mention("", process.evidence, Address("", known.port)))
    return said
