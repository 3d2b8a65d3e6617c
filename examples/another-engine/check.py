#!/usr/bin/env python3
"""Runs the conformance vectors on the engine beside it.

    python3 check.py ../../spec/vectors

Says how many vectors of each kind there were, and fails with the first that the engine does not agree with.
"""

import sys
from collections import Counter
from pathlib import Path

import blake3
from codec import Malformed, Reader, decode, encode, read_module, read_types, weight
from machine import STEP_FUEL, Trap, run, step
from verifier import Invalid, verify

PROGRAM = "camshaft 2026-11 program digest 1"


def bytes_of(word):
    return b"" if word == "-" else bytes.fromhex(word)


def digest(module):
    return "c1:" + blake3.derive_key(PROGRAM, module).hex()


def verdict(data):
    """What becomes of the bytes of a module, in the words of the vectors."""
    try:
        verify(read_module(data))
        return ["accepted", digest(data)]
    except Malformed as malformed:
        return ["malformed", *map(str, malformed.args)]
    except Invalid as invalid:
        reason, *place = invalid.args
        return ["invalid", reason, *map(str, place or "---")]


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Trap as trap:
        return trap.args[0]


class Vectors:
    """One method for each first word of a line."""

    def types(self, table):
        reader = Reader(bytes_of(table))
        self.table = read_types(reader)
        reader.finish()

    def type(self, id, height, width, key):
        id = int(id)
        kind = "key" if self.table.keys[id] else "data" if self.table.data[id] else "function"
        same([self.table.heights[id], self.table.widths[id], kind], [int(height), int(width), key])

    def value(self, id, data, heavy):
        value = decode(self.table, int(id), bytes_of(data))
        same([encode(value), weight(value)], [bytes_of(data), int(heavy)])

    def before(self, id, left, right):
        left, right = (decode(self.table, int(id), bytes_of(one)) for one in (left, right))
        same(left < right and left != right, True)

    def no_value(self, id, data, *expected):
        try:
            found = ["value", decode(self.table, int(id), bytes_of(data))]
        except Malformed as malformed:
            found = ["malformed", *map(str, malformed.args)]
        same(found, list(expected))

    def module(self, data):
        self.data = bytes_of(data)
        self.program = read_module(self.data)
        self.certificates, self.machine_types = verify(self.program)
        self.state = None

    def digest(self, expected):
        same(digest(self.data), expected)

    def machine(self, name, version, stamps, *types):
        schema = self.program.schema
        words = ",".join(word for word, _ in schema.stamps) or "-"
        same([schema.machine, str(schema.version), words], [name, version, stamps])
        same(list(map(str, self.machine_types)), list(types))

    def function(self, index, *proved):
        same(list(map(str, self.certificates[int(index)])), list(proved))

    def ran(self, function, data, fuel):
        function = int(function)
        argument = decode(self.program.types, self.program.functions[function].domain, bytes_of(data))
        return outcome(run, self.program, self.certificates, function, argument, fuel)

    def run(self, function, data, output, fuel):
        value, used = self.ran(function, data, 1 << 64)
        same([encode(value), used], [bytes_of(output), int(fuel)])
        if used > 0:
            same(self.ran(function, data, used - 1), "out-of-fuel")

    def trap(self, function, data, *reason):
        same(self.ran(function, data, 1 << 64), " ".join(reason))

    def start(self, state):
        init = self.program.exports["init"]
        self.state, _ = run(self.program, self.certificates, init, decode(self.program.types, 0, b""), STEP_FUEL)
        same(encode(self.state), bytes_of(state))

    def stepped(self, at, sender, seq, data):
        message = decode(self.program.types, self.machine_types.input, bytes_of(data))
        context = (int(at), bytes_of(sender).decode(), int(seq))
        return outcome(step, self.program, self.certificates, self.state, context, message)

    def step(self, at, sender, seq, data, state, output, fuel):
        self.state, answer, used = self.stepped(at, sender, seq, data)
        same([encode(self.state), encode(answer), used], [bytes_of(state), bytes_of(output), int(fuel)])

    def stop(self, at, sender, seq, data, *reason):
        same(self.stepped(at, sender, seq, data), " ".join(reason))

    def malformed(self, reason, offset, data):
        same(verdict(bytes_of(data)), ["malformed", reason, offset])

    def invalid(self, reason, function, instruction, offset, data):
        same(verdict(bytes_of(data)), ["invalid", reason, function, instruction, offset])

    def base(self, data):
        self.data = bytes_of(data)

    def flip(self, offset, bit, *expected):
        flipped = bytearray(self.data)
        flipped[int(offset)] ^= 1 << int(bit)
        same(verdict(bytes(flipped)), list(expected))


class Differs(Exception):
    """What was found, and what the vectors say."""


def same(found, expected):
    if found != expected:
        raise Differs(f"the engine says {found}, the vectors say {expected}")


def check(path):
    vectors, counted = Vectors(), Counter()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        kind, *words = line.split(" ")
        try:
            getattr(vectors, kind.replace("-", "_"))(*words)
        except Exception as error:
            raise SystemExit(f"{path.name}:{number}: {line[:100]}\n  {type(error).__name__}: {error}") from error
        counted[kind] += 1
    return counted


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 check.py FOLDER")
    for path in sorted(Path(sys.argv[1]).glob("*.txt")):
        counted = check(path)
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))
        print(f"{path.name}: {sum(counted.values())} agree ({kinds})")
