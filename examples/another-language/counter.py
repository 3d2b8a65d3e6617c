#!/usr/bin/env python3
"""Writes a Camshaft machine, byte by byte, with nothing but Python's standard library.

    python3 counter.py counter.camb

The file is a whole module: `cam verify counter.camb` judges it, `cam bundle --module counter.camb` makes
a bundle of it, and a node runs it. No compiler of Camshaft takes part. A front end for any language does
what is done here; chapter 10 of the specification walks through it with the bytes of each part.

The machine counts to a hundred:

    input   Incr | Read
    output  Full(Text) | Ok | Sum(Int)
    state   { count: Int }
"""

import sys

# 1. Numbers ---------------------------------------------------------------------------------------------
#
# Everything is written with four functions. Each thing has one spelling only, so none of them has options.


def number(n):
    """LEB128: seven bits a byte, lowest first, the top bit on all but the last."""
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def integer(n):
    """Zigzag, so that small negative integers are short too: 0, -1, 1, -2 are written 0, 1, 2, 3."""
    return number(2 * n if n >= 0 else -2 * n - 1)


def text(s):
    data = s.encode("utf-8")
    return number(len(data)) + data


def table(entries):
    return number(len(entries)) + b"".join(entries)


# 2. Types -----------------------------------------------------------------------------------------------
#
# A type is a tuple here. In the module it is a row of a table whose order is fixed, so a front end
# collects the types it needs and sorts them once. Six types are in every table and are not written.


def product(*parts):
    return ("prod", *parts)


def sum_of(*payloads):
    return ("sum", *payloads)


UNIT = product()
BOOL = sum_of(UNIT, UNIT)
ORDERING = sum_of(UNIT, UNIT, UNIT)
INT, TEXT, BYTES = ("int",), ("text",), ("bytes",)
PREDECLARED = [UNIT, BOOL, ORDERING, INT, TEXT, BYTES]
CONSTRUCTOR = {"prod": 1, "sum": 2, "int": 3, "text": 4, "bytes": 5, "list": 6, "map": 7}


def height(type_):
    return 1 + max(map(height, type_[1:])) if type_[1:] else 0


def canonical(roots):
    """All types that the roots reach, in the order of the table: height, constructor, operands."""
    reached, waiting = set(), list(roots)
    while waiting:
        type_ = waiting.pop()
        if type_ not in reached and type_ not in PREDECLARED:
            reached.add(type_)
            waiting.extend(type_[1:])
    order = list(PREDECLARED)
    for level in range(1, 33):  # operands are lower, so their places are known when a level is sorted
        here = [t for t in reached if height(t) == level]
        order += sorted(here, key=lambda t: (CONSTRUCTOR[t[0]], [order.index(p) for p in t[1:]]))
    return order


STATE = product(INT)  # { count: Int }
INPUT = BOOL  # Incr | Read: two constructors that carry nothing are the type `Bool`
OUTPUT = sum_of(TEXT, UNIT, INT)  # Full(Text) | Ok | Sum(Int): constructors stand in name order
STEP = product(INPUT, STATE)
RESULT = product(STATE, OUTPUT)

TYPES = canonical([STEP, RESULT])


def type_number(type_):
    return number(TYPES.index(type_))


def type_row(type_):
    count = number(len(type_) - 1) if type_[0] in ("prod", "sum") else b""
    return bytes([CONSTRUCTOR[type_[0]]]) + count + b"".join(map(type_number, type_[1:]))


# 3. Constants -------------------------------------------------------------------------------------------
#
# A constant is its type and its value. A value carries no tags: it is written by its type. Integers are
# never here, because an instruction has them.

CONSTANTS = [type_number(TEXT) + text("a hundred is enough")]

# 4. Schema ----------------------------------------------------------------------------------------------
#
# Types have no names; clients and people do. A shape is a type with names. Shapes are sorted too, by
# height and then as they are written in the specification; four of these need no thought and one sort.

SHAPE_INT, SHAPE_TEXT, SHAPE_UNIT, SHAPE_STATE, SHAPE_INPUT, SHAPE_OUTPUT = range(6)


def record(*fields):
    return b"\x06" + table([text(name) + number(shape) for name, shape in fields])


def variant(title, *constructors):
    return b"\x07" + text(title) + table([text(name) + number(shape) for name, shape in constructors])


SHAPES = [
    b"\x01",  # 0  Int
    b"\x02",  # 1  Text
    b"\x05" + number(0),  # 2  the tuple of nothing
    record(("count", SHAPE_INT)),  # 3
    variant("Input", ("Incr", SHAPE_UNIT), ("Read", SHAPE_UNIT)),  # 4
    variant("Output", ("Full", SHAPE_TEXT), ("Ok", SHAPE_UNIT), ("Sum", SHAPE_INT)),  # 5
]
NO_STAMPS = b"\x00"
INTERFACE = number(SHAPE_STATE) + number(SHAPE_INPUT) + number(SHAPE_OUTPUT)
SCHEMA = text("Counter") + number(1) + NO_STAMPS + table(SHAPES) + INTERFACE

# 5. Functions -------------------------------------------------------------------------------------------
#
# The machine has a register and a stack. An instruction is its code and its operands. There are no jumps:
# `case` opens one arm for each constructor, `else` starts the next, `end` closes.

PUSH, DROP, ACC = b"\x01", b"\x04", b"\x05"
INT_, QUOTE = b"\x06", b"\x07"
TUPLE, PROJ, INJ = b"\x10", b"\x11", b"\x13"
CASE, ELSE, END = b"\x14", b"\x15", b"\x16"
ADD, LT = b"\x20", b"\x32"


def function(domain, codomain, code):
    return type_number(domain) + type_number(codomain) + table(code)


def answer(constructor):
    """The output is in the register and the state on the stack: makes the pair that a step ends with."""
    return [INJ + type_number(OUTPUT) + number(constructor), TUPLE + type_number(RESULT)]


OLD_STATE = [ACC + number(0), PROJ + number(1)]
OLD_COUNT = OLD_STATE + [PROJ + number(0)]

INIT = [INT_ + integer(0), TUPLE + type_number(STATE), END]

STEP_CODE = [
    PUSH,  # keep (input, state) on the stack, where `acc 0` finds it
    PROJ + number(0),
    CASE,
    # Incr: is there room?
    *OLD_COUNT, PUSH, INT_ + integer(100), LT,
    CASE,
    #   false: the state as it is, and why
    *OLD_STATE, PUSH, QUOTE + number(0), *answer(0),
    ELSE,
    #   true: the state with one more, and `Ok`
    *OLD_COUNT, PUSH, INT_ + integer(1), ADD, TUPLE + type_number(STATE),
    PUSH, TUPLE + type_number(UNIT), *answer(1),
    END,
    ELSE,
    # Read: the state as it is, and its count
    *OLD_STATE, PUSH, PROJ + number(0), *answer(2),
    END,
    DROP + number(1),
    END,
]

FUNCTIONS = [function(UNIT, STATE, INIT), function(STEP, RESULT, STEP_CODE)]

# 6. Exports, and the whole ------------------------------------------------------------------------------

ROLE_INIT, ROLE_STEP = b"\x00", b"\x01"
EXPORTS = [ROLE_INIT + number(0), ROLE_STEP + number(1)]

FORMAT, COST_MODEL = number(1), number(1)

MODULE = (
    b"\x7fCAM" + FORMAT + COST_MODEL
    + table([type_row(t) for t in TYPES[len(PREDECLARED):]])
    + table(CONSTANTS)
    + b"\x01" + SCHEMA
    + table(FUNCTIONS)
    + table(EXPORTS)
)

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 counter.py FILE")
    with open(sys.argv[1], "wb") as file:
        file.write(MODULE)
    print(f"{sys.argv[1]}  {len(MODULE)} bytes")
