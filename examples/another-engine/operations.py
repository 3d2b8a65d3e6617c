"""The operations: what computes a value from values. Chapter 5 of the specification.

Each takes the engine, for its fuel; the stack, with the operands before the last one; and the register.
"""

from bisect import bisect_left

import blake3
from codec import TEXT, UNIT_VALUE, List, Map, Product, Sum, encode, weight

ITEMS = 1 << 24

NONE = Sum((0, UNIT_VALUE))
BOOLS = [Sum((0, UNIT_VALUE)), Sum((1, UNIT_VALUE))]
ORDERINGS = {-1: Sum((0, UNIT_VALUE)), 0: Sum((1, UNIT_VALUE)), 1: Sum((2, UNIT_VALUE))}


class Trap(Exception):
    """The reason to stop, as the table of traps names it."""


def option(content):
    return NONE if content is None else Sum((1, content))


# Integers -----------------------------------------------------------------------------------------------


def checked(operation):
    def instruction(engine, stack, right):
        return fitting(operation(stack.pop(), right))

    return instruction


def fitting(result):
    if not -(1 << 63) <= result < 1 << 63:
        raise Trap("overflow")
    return result


def divided(left, right):
    """Euclidean: Python's remainder has the sign of the divisor, and this one is never negative."""
    if right == 0:
        raise Trap("division-by-zero")
    remainder = left % abs(right)
    return (left - remainder) // right, remainder


def muldiv(engine, stack, c):
    b, a = stack.pop(), stack.pop()
    return fitting(divided(a * b, c)[0])


def wrapping(operation):
    def instruction(engine, stack, right):
        result = operation(stack.pop(), right) & (1 << 64) - 1
        return result - (1 << 64) if result >> 63 else result

    return instruction


def unsigned_shift(left, amount):
    return (left & (1 << 64) - 1) >> amount % 64


# Order --------------------------------------------------------------------------------------------------


def compared(result):
    def instruction(engine, stack, right):
        left = stack.pop()
        engine.charge(min(weight(left), weight(right)) // 16)
        return result(left, right)

    return instruction


def relation(holds):
    return lambda engine, stack, right: BOOLS[holds(stack.pop(), right)]


# Texts and byte strings ---------------------------------------------------------------------------------


def fitting_text(size):
    if size > TEXT:
        raise Trap("size-limit")


def concatenation(engine, stack, right):
    left = stack.pop()
    engine.charge((weight(left) + weight(right)) // 16)
    fitting_text(weight(left) + weight(right) - 32)
    return left + right


def tlen(engine, stack, text):
    engine.charge(weight(text) // 16)
    return len(text)


def part(sequence, offset, length):
    """So many from there, if there are so many."""
    if offset < 0 or length < 0 or offset + length > len(sequence):
        return None
    return sequence[offset : offset + length]


def tsub(engine, stack, length):
    offset, text = stack.pop(), stack.pop()
    engine.charge(weight(text) // 16)
    return option(part(text, offset, length))


def tfind(engine, stack, start):
    needle, text = stack.pop(), stack.pop()
    engine.charge((weight(text) + weight(needle)) // 16)
    place = text.find(needle, max(start, 0))
    return NONE if place < 0 else option(place)


def ttoi(engine, stack, text):
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        return NONE
    integer = int(text)
    return option(integer) if str(integer) == text and -(1 << 63) <= integer < 1 << 63 else NONE


def btot(engine, stack, data):
    engine.charge(len(data) // 16)
    try:
        return option(data.decode("utf-8"))
    except UnicodeDecodeError:
        return NONE


def bget(engine, stack, index):
    data = stack.pop()
    return option(data[index]) if 0 <= index < len(data) else NONE


def bsub(engine, stack, length):
    offset, data = stack.pop(), stack.pop()
    taken = part(data, offset, length)
    engine.charge(len(taken or b"") // 16)
    return option(taken)


def enc(engine, stack, value):
    engine.charge(weight(value) // 16)
    data = encode(value)
    fitting_text(len(data))
    return data


def hash_(engine, stack, data):
    engine.charge(len(data) // 16)
    return blake3.digest(data)


# Lists and maps -----------------------------------------------------------------------------------------


def levels(container):
    """Of the tree that an engine may keep it in: one more than the binary logarithm of one more."""
    return (len(container) + 1).bit_length()


def search(engine, map_, key, copied=0):
    """Where the key is or would be, once that is paid for, and the nodes that a change copies."""
    engine.charge((weight(key) // 16 + copied) * levels(map_))
    place = bisect_left(map_, key, key=lambda entry: entry[0])
    return place, place < len(map_) and map_[place][0] == key


def lpush(engine, stack, item):
    list_ = stack.pop()
    engine.charge(levels(list_))
    return List((*list_, item))


def lget(engine, stack, index):
    list_ = stack.pop()
    return option(list_[index]) if 0 <= index < len(list_) else NONE


def lset(engine, stack, item):
    index, list_ = stack.pop(), stack.pop()
    engine.charge(levels(list_))
    if not 0 <= index < len(list_):
        return NONE
    return option(List((*list_[:index], item, *list_[index + 1 :])))


def lcat(engine, stack, right):
    left = stack.pop()
    engine.charge(2 * (levels(left) + levels(right)))
    if len(left) + len(right) > ITEMS:
        raise Trap("size-limit")
    return List((*left, *right))


def lsub(engine, stack, length):
    offset, list_ = max(stack.pop(), 0), stack.pop()
    engine.charge(5 * levels(list_))
    return List(list_[offset : offset + max(length, 0)])


def tsplit(engine, stack, separator):
    text = stack.pop()
    engine.charge((weight(text) + weight(separator)) // 16)
    pieces = text.split(separator) if separator else [text]
    engine.charge(len(pieces))
    return List(pieces)


def tjoin(engine, stack, separator):
    pieces = stack.pop()
    engine.charge((weight(pieces) + weight(separator) * len(pieces)) // 16)
    fitting_text(weight(separator.join(pieces)) - 16)
    return separator.join(pieces)


def ttol(engine, stack, text):
    engine.charge(weight(text) // 16)
    engine.charge((weight(text) - 16) // 2)
    return List(map(ord, text))


def ltot(engine, stack, numbers):
    engine.charge(weight(numbers) // 16)
    if not all(0 <= number < 0xD800 or 0xE000 <= number < 0x110000 for number in numbers):
        return NONE
    text = "".join(map(chr, numbers))
    fitting_text(weight(text) - 16)
    return option(text)


def btol(engine, stack, data):
    engine.charge(len(data) // 2)
    return List(data)


def ltob(engine, stack, numbers):
    engine.charge(weight(numbers) // 16)
    if not all(0 <= number < 256 for number in numbers):
        return NONE
    fitting_text(len(numbers))
    return option(bytes(numbers))


def mget(engine, stack, key):
    map_ = stack.pop()
    place, found = search(engine, map_, key)
    return Sum((1, map_[place][1])) if found else NONE


def mput(engine, stack, value):
    key, map_ = stack.pop(), stack.pop()
    place, found = search(engine, map_, key, 2)
    return Map((*map_[:place], (key, value), *map_[place + found :]))


def mdel(engine, stack, key):
    map_ = stack.pop()
    place, found = search(engine, map_, key, 2)
    return Map((*map_[:place], *map_[place + found :]))


def mnext(engine, stack, start):
    map_, place = stack.pop(), 0
    if start[0] == 1:
        place, found = search(engine, map_, start[1])
        place += found
    return option(Product(map_[place])) if place < len(map_) else NONE


OPERATIONS = {
    "muldiv": muldiv,
    "addw": wrapping(lambda left, right: left + right),
    "subw": wrapping(lambda left, right: left - right),
    "mulw": wrapping(lambda left, right: left * right),
    "and": wrapping(lambda left, right: left & right),
    "or": wrapping(lambda left, right: left | right),
    "xor": wrapping(lambda left, right: left ^ right),
    "shl": wrapping(lambda left, right: left << right % 64),
    "shr": wrapping(lambda left, right: left >> right % 64),
    "shru": wrapping(unsigned_shift),
    "tcat": concatenation,
    "tlen": tlen,
    "tsub": tsub,
    "tfind": tfind,
    "itot": lambda engine, stack, integer: str(integer),
    "ttoi": ttoi,
    "ttob": lambda engine, stack, text: text.encode(),
    "btot": btot,
    "bcat": concatenation,
    "blen": lambda engine, stack, data: len(data),
    "bget": bget,
    "bsub": bsub,
    "tsplit": tsplit,
    "tjoin": tjoin,
    "ttol": ttol,
    "ltot": ltot,
    "btol": btol,
    "ltob": ltob,
    "enc": enc,
    "hash": hash_,
    "add": checked(lambda left, right: left + right),
    "sub": checked(lambda left, right: left - right),
    "mul": checked(lambda left, right: left * right),
    "div": checked(lambda left, right: divided(left, right)[0]),
    "rem": checked(lambda left, right: divided(left, right)[1]),
    "lt": relation(lambda left, right: left < right),
    "le": relation(lambda left, right: left <= right),
    "eq": compared(lambda left, right: BOOLS[left == right]),
    "cmp": compared(lambda left, right: ORDERINGS[(left > right) - (left < right)]),
    "lnil": lambda engine, stack, register: List(),
    "lpush": lpush,
    "lget": lget,
    "lset": lset,
    "lcat": lcat,
    "lsub": lsub,
    "llen": lambda engine, stack, register: len(register),
    "mnil": lambda engine, stack, register: Map(),
    "mlen": lambda engine, stack, register: len(register),
    "mget": mget,
    "mput": mput,
    "mdel": mdel,
    "mnext": mnext,
}
