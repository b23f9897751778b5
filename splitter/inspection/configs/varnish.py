"""Varnish is told where to listen (`-a`) and its backend (`-b`), or reads backends from VCL (`-f`)."""

from splitter.catalogue.listening import number
from splitter.catalogue.peel import peel
from splitter.inspection._address import Address, address
from splitter.inspection._tokens import tokens
from splitter.inspection.configs import Mention, Said, first_file, from_folder, option, text_of
from splitter.model.facts import Evidence, Process
from splitter.model.image import Image

PROGRAMS = ("varnish",)


def read(process: Process, image: Image) -> Said:
    said = Said()
    meant = peel(process.command.argv)
    args = meant.args if meant is not None else ()
    for at, word in enumerate(args[:-1]):
        text = args[at + 1].split(",")[0].rpartition("=")[2]
        asked = address(text, 80) if word in ("-a", "-b") else None
        if asked is not None:
            (said.listens if word == "-a" else said.reaches).append(
                Mention(args[at + 1], process.evidence, asked, how="argument")
            )
    vcl = "" if "-b" in args else option(process, "-f")
    path = from_folder(process, image, vcl) or ("" if "-b" in args else first_file(image, "/etc/varnish/default.vcl"))
    _backends(text_of(image, path, said), path, said)
    return said


def _backends(text: str, path: str, said: Said) -> None:
    found = tokens(text, "c")
    for at, token in enumerate(found):
        if token.text != "backend" or token.kind != "name":
            continue
        host, port, line, depth = "", 80, token.line, 0
        for here, name, equals, value in zip(
            found[at:], found[at + 1 :], found[at + 2 :], found[at + 3 :], strict=False
        ):
            depth += (here.text == "{") - (here.text == "}")
            if here.text == "}" and not depth:
                break
            if here.text == "." and equals.text == "=" and value.kind == "string" and depth == 1:
                if name.text == "host":
                    host, line = value.text, value.line
                elif name.text == "port":
                    port = number(value.text) or port
        if host:
            said.reaches.append(Mention(host, Evidence(path, line), Address(host, port)))
