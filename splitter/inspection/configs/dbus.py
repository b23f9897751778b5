"""The system bus of D-Bus is a socket in a usual place; daemons that are only reached over it connect when they start.

Sources: dbus-daemon(1) (--system, --address), the D-Bus specification ("System message bus"), avahi-daemon.conf(5).
"""

from splitter.inspection._address import Address
from splitter.inspection.configs import Mention, Said, from_folder, lines, option, text_of
from splitter.model.facts import Process
from splitter.model.image import Image, normal

CLIENTS = ("avahi", "bluetoothd", "NetworkManager", "ModemManager", "polkitd", "colord", "udisksd", "iwd", "connmand")
PROGRAMS = ("dbus", *CLIENTS)
BUS = "/run/dbus/system_bus_socket"
AVAHI = "/etc/avahi/avahi-daemon.conf"


def read(process: Process, image: Image) -> Said:
    said = Said()
    program = process.command.program
    if program == "dbus-daemon":
        asked = option(process, "--address").partition("unix:path=")[2].partition(",")[0]
        if asked or "--system" in process.command.argv:
            address = Address(unix=normal(asked or BUS))
            said.listens.append(Mention(asked, process.evidence, address, how="argument" if asked else "unasked"))
        return said
    if program == "avahi-daemon":
        path = from_folder(process, image, option(process, "-f", "--file")) or AVAHI
        for _, line in lines(text_of(image, path, said)):
            key, _, value = line.partition("=")
            if key.strip() == "enable-dbus" and value.strip() == "no":
                return said
    said.reaches.append(Mention("", process.evidence, Address(unix=BUS), how="unasked"))
    return said
