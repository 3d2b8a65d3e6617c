#!/usr/bin/env python3
"""Writes version 2 of the counter, which counts to a thousand, and the migration that leads to it.

    python3 upgrade.py counter2.camb to2.camb

A migration is a module too: it has no schema and other exports. State, inputs and outputs have kept
their types here, so each of its functions gives back what it is given.
"""

import sys

import counter as one

VERSION_2 = one.MODULE
for old, new in [
    (one.text("Counter") + one.number(1), one.text("Counter") + one.number(2)),
    (one.INT_ + one.integer(100), one.INT_ + one.integer(1000)),
    (one.text("a hundred is enough"), one.text("a thousand is enough")),
]:
    assert VERSION_2.count(old) == 1
    VERSION_2 = VERSION_2.replace(old, new)

ROLE_MIGRATE, ROLE_INPUT, ROLE_OUTPUT = b"\x04", b"\x05", b"\x06"

# A table has only the types that its module uses, so those of the counter have other numbers here.
one.TYPES = one.canonical([one.STATE, one.INPUT, one.OUTPUT])

MIGRATION = (
    b"\x7fCAM" + one.FORMAT + one.COST_MODEL
    + one.table([one.type_row(t) for t in one.TYPES[len(one.PREDECLARED):]])
    + one.table([])  # no constants
    + b"\x00"  # no schema
    + one.table([one.function(type_, type_, [one.END]) for type_ in (one.STATE, one.INPUT, one.OUTPUT)])
    + one.table([ROLE_MIGRATE + one.number(0), ROLE_INPUT + one.number(1), ROLE_OUTPUT + one.number(2)])
)

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python3 upgrade.py MACHINE MIGRATION")
    for path, module in zip(sys.argv[1:], (VERSION_2, MIGRATION)):
        with open(path, "wb") as file:
            file.write(module)
        print(f"{path}  {len(module)} bytes")
