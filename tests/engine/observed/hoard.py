"""A database in a folder that no reading of this file finds: `keep` keeps it open, `look` opens it for moments."""

import os
import pathlib
import sqlite3
import sys
import time

PLACE = pathlib.Path(__file__).with_name(bytes([104, 111, 97, 114, 100]).decode())
STORE = PLACE / "store.db"


def keep():
    os.makedirs(PLACE, exist_ok=True)
    store = sqlite3.connect(STORE)
    store.execute("create table if not exists starts (at)")
    while True:
        try:
            with store:
                store.execute("insert into starts values (?)", (time.time(),))
            break
        except sqlite3.OperationalError:
            time.sleep(0.1)  # the other one is reading
    print("start", *store.execute("select count(*) from starts").fetchone(), flush=True)
    while True:
        time.sleep(60)


def look():
    while True:
        try:
            store = sqlite3.connect(f"file:{STORE}?mode=ro", uri=True)
            print("sees", *store.execute("select count(*) from starts").fetchone(), flush=True)
            store.close()
        except sqlite3.OperationalError:
            print("sees nothing", flush=True)
        time.sleep(0.5)


{"keep": keep, "look": look}[sys.argv[1]]()
