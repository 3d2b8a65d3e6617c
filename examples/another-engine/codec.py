"""Bytes: numbers, types, values, modules. Chapters 1 and 3 of the specification.

Values are integers, texts (`str`), byte strings (`bytes`) and kinds of tuple. Python compares tuples
part by part, which is the order of the specification; a map is the tuple of its entries in key order.
"""

from instructions import INSTRUCTIONS

FORMAT, COST_MODEL = 3, 1
ARITY, TYPES, POOL, FUNCTIONS, SHAPES, NAME = 255, 4096, 4096, 4096, 4096, 64
INSTRUCTIONS_MAX, MODULE, TEXT = 1 << 16, 1 << 20, 1 << 24
POOL_WEIGHT, INPUT_WEIGHT = 1 << 22, 1 << 22
HEIGHT, WIDTH = 32, 1024


class Malformed(Exception):
    """A reason and the byte where it was found."""


class Product(tuple):
    """Its parts."""


class Sum(tuple):
    """A constructor's number and its payload."""


class List(tuple):
    """Its items."""


class Map(tuple):
    """Its entries, pairs in key order."""


class Closure(tuple):
    """A function's number and an environment. It has no bytes, weight or order."""


UNIT_VALUE = Product()


def weight(value):
    if isinstance(value, int):
        return 8
    if isinstance(value, str):
        return 16 + len(value.encode())
    if isinstance(value, bytes):
        return 16 + len(value)
    if isinstance(value, Product):
        return 8 + sum(map(weight, value))
    if isinstance(value, Sum):
        return 8 + weight(value[1])
    if isinstance(value, List):
        return 32 + sum(16 + weight(item) for item in value)
    return 32 + sum(16 + weight(key) + weight(content) for key, content in value)


# Reading ------------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        return self.take(1)[0]

    def take(self, count):
        if self.at + count > len(self.data):
            raise Malformed("Truncated", len(self.data))
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, bits=64):
        start, number, shift = self.at, 0, 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            is_longer = shift == 63 and byte >= 0x80  # ten bytes hold 64 bits
            if number >> 64 or is_longer or (byte == 0 and shift > 0):
                raise Malformed("LongNumber", start)
            shift += 7
            if byte < 0x80:
                break
        if number >> bits:
            raise Malformed("LongNumber", start)
        return number

    def integer(self):
        zigzag = self.number()
        return -(zigzag + 1) // 2 if zigzag % 2 else zigzag // 2

    def count(self, limit, least):
        """A count of things that take at least so many bytes each."""
        start, count = self.at, self.number()
        if count > limit:
            raise Malformed("TooMany", start)
        if count * least > len(self.data) - self.at:
            raise Malformed("Truncated", start)
        return count

    def text(self, limit):
        length = self.count(limit, 1)
        start = self.at
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("BadText", start) from None

    def name(self):
        start, text = self.at, self.text(NAME)
        letters = text.isascii() and text.replace("_", "a").isalnum()
        if not letters or text[0].isdigit():
            raise Malformed("BadText", start)
        return text

    def finish(self):
        if self.at != len(self.data):
            raise Malformed("Trailing", self.at)


# Types --------------------------------------------------------------------------------------------------

PROD, SUM, INT, TEXT_, BYTES, LIST, MAP, FN = range(1, 9)
UNIT, BOOL, ORDERING, INT_TYPE, TEXT_TYPE, BYTES_TYPE = range(6)


class Types:
    """The table. A type is a constructor and the numbers of its operands."""

    def __init__(self):
        self.rows, self.heights, self.widths, self.keys, self.data = [], [], [], [], []
        for row in [(PROD, ()), (SUM, (0, 0)), (SUM, (0, 0, 0)), (INT, ()), (TEXT_, ()), (BYTES, ())]:
            self.add(row)

    def add(self, row):
        constructor, operands = row
        widths = [self.widths[o] for o in operands]
        self.rows.append(row)
        self.heights.append(1 + max((self.heights[o] for o in operands), default=-1))
        if constructor == PROD:
            self.widths.append(max(1, sum(widths)))
        else:
            self.widths.append(1 + max(widths) if constructor == SUM and widths else 1)
        self.data.append(constructor != FN and all(self.data[o] for o in operands))
        self.keys.append(constructor not in (MAP, FN) and all(self.keys[o] for o in operands))
        return len(self.rows) - 1

    def find(self, row):
        return self.rows.index(row) if row in self.rows else None

    def within_limits(self, id):
        constructor, operands = self.rows[id]
        sensible = not (constructor == SUM and not operands)
        sensible = sensible and not (constructor == MAP and not self.keys[operands[0]])
        return sensible and self.heights[id] <= HEIGHT and self.widths[id] <= WIDTH


def read_types(reader):
    types, last = Types(), ()
    for _ in range(reader.count(TYPES, 2)):
        start = reader.at
        constructor = reader.byte()
        if constructor in (PROD, SUM):
            arity = reader.count(ARITY, 1)
        elif constructor in (LIST, MAP, FN):
            arity = 1 if constructor == LIST else 2
        else:
            raise Malformed("UnknownByte", start)
        row = (constructor, tuple(type_id(reader, types) for _ in range(arity)))
        if row in types.rows:
            raise Malformed("OutOfOrder", start)
        id = types.add(row)
        if constructor in (SUM, LIST, MAP) and not types.data[id]:
            raise Malformed("FunctionNotAllowed", start)
        if not types.within_limits(id):
            raise Malformed("TypeOutOfLimits", start)
        rank = (types.heights[id], *row)
        if rank <= last:
            raise Malformed("OutOfOrder", start)
        last = rank
    return types


def type_id(reader, types):
    start, id = reader.at, reader.number(32)
    if id >= len(types.rows):
        raise Malformed("DanglingIndex", start)
    return id


# Values -------------------------------------------------------------------------------------------------


class Budget:
    """What the values that are read may still weigh."""

    def __init__(self, weight):
        self.left = weight

    def charge(self, reader, weight):
        if weight > self.left:
            raise Malformed("TooMany", reader.at)
        self.left -= weight


def has_no_bytes(types, id):
    constructor, operands = types.rows[id]
    return constructor == PROD and all(has_no_bytes(types, part) for part in operands)


def read_value(reader, types, id, budget):
    constructor, operands = types.rows[id]
    if constructor == INT:
        budget.charge(reader, 8)
        return reader.integer()
    if constructor == TEXT_:
        text = reader.text(TEXT)
        budget.charge(reader, 16 + len(text.encode()))
        return text
    if constructor == BYTES:
        length = reader.count(TEXT, 1)
        budget.charge(reader, 16 + length)
        return reader.take(length)
    if constructor == PROD:
        budget.charge(reader, 8)
        return Product(read_value(reader, types, part, budget) for part in operands)
    if constructor == SUM:
        budget.charge(reader, 8)
        start, tag = reader.at, reader.byte()
        if tag >= len(operands):
            raise Malformed("UnknownConstructor", start)
        return Sum((tag, read_value(reader, types, operands[tag], budget)))
    if constructor == FN:
        raise Malformed("FunctionNotAllowed", reader.at)
    least = 0 if all(has_no_bytes(types, part) for part in operands) else 1
    count = reader.count((1 << 64) - 1, least)
    budget.charge(reader, 32 + 16 * count)
    if constructor == LIST:
        return List(read_value(reader, types, operands[0], budget) for _ in range(count))
    entries = []
    for _ in range(count):
        start, key = reader.at, read_value(reader, types, operands[0], budget)
        if entries and entries[-1][0] >= key:
            raise Malformed("OutOfOrder", start)
        entries.append((key, read_value(reader, types, operands[1], budget)))
    return Map(entries)


def decode(types, id, data, budget=None):
    reader = Reader(data)
    value = read_value(reader, types, id, budget or Budget(INPUT_WEIGHT))
    reader.finish()
    return value


def number(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def encode(value):
    if isinstance(value, int):
        return number(2 * value if value >= 0 else -2 * value - 1)
    if isinstance(value, (str, bytes)):
        data = value.encode() if isinstance(value, str) else value
        return number(len(data)) + data
    if isinstance(value, Product):
        return b"".join(map(encode, value))
    if isinstance(value, Sum):
        return bytes([value[0]]) + encode(value[1])
    if isinstance(value, List):
        return number(len(value)) + b"".join(map(encode, value))
    return number(len(value)) + b"".join(encode(key) + encode(content) for key, content in value)


# Modules ------------------------------------------------------------------------------------------------


class Module:
    """types, constants, schema (or None), functions, exports, as they were read."""


class Function:
    """domain, codomain, code: (mnemonic, operands) each, and the offset of every instruction."""


def read_module(data):
    reader, module = Reader(data), Module()
    if len(data) > MODULE:
        raise Malformed("TooMany", 0)
    if reader.take(4) != b"\x7fCAM":
        raise Malformed("NotAModule", 0)
    says = reader.number()
    if says > FORMAT:
        raise Malformed("NeedsFormat", 4)
    start = reader.at
    if reader.number() != COST_MODEL:
        raise Malformed("NeedsCostModel", start)
    module.types = read_types(reader)
    module.constants = read_constants(reader, module.types)
    start, flag = reader.at, reader.byte()
    if flag > 1:
        raise Malformed("UnknownByte", start)
    module.schema = read_schema(reader) if flag else None
    module.functions = [read_function(reader, module.types) for _ in range(reader.count(FUNCTIONS, 4))]
    module.exports = read_exports(reader, len(module.functions))
    reader.finish()
    if says != format_of(module):
        raise Malformed("WrongFormat", 4)
    return module


def format_of(module):
    used = [INSTRUCTIONS[mnemonic].since for f in module.functions for mnemonic, _ in f.code]
    used += [2 for constructor, _ in module.types.rows if constructor == FN]
    used += [2 for role in module.exports if role in ("query", "check")]
    used += [3 for role in module.exports if role.endswith("_at")]
    return max(used, default=1)


def read_constants(reader, types):
    constants, budget = [], Budget(POOL_WEIGHT)
    for _ in range(reader.count(POOL, 1)):
        start, id = reader.at, type_id(reader, types)
        constant = (id, read_value(reader, types, id, budget))
        if constants and constants[-1] >= constant:
            raise Malformed("OutOfOrder", start)
        constants.append(constant)
    return constants


OPCODES = {row.code: row for row in INSTRUCTIONS.values()}


def read_function(reader, types):
    function = Function()
    function.domain, function.codomain = type_id(reader, types), type_id(reader, types)
    function.code, function.offsets = [], []
    for _ in range(reader.count(INSTRUCTIONS_MAX, 1)):
        function.offsets.append(reader.at)
        start, code = reader.at, reader.byte()
        if code not in OPCODES:
            raise Malformed("UnknownOpcode", start)
        row = OPCODES[code]
        operands = [reader.integer() if kind == "integer" else reader.number(32) for kind in row.operands]
        function.code.append((row.mnemonic, operands))
    function.offsets.append(reader.at)
    return function


ROLES = {0: "init", 1: "step", 2: "query", 3: "check", 4: "migrate", 5: "input", 6: "output", 7: "back"}
ROLES.update({8: "migrate_at", 9: "input_at", 10: "output_at", 11: "back_at"})


def read_exports(reader, functions):
    exports, last = {}, -1
    for _ in range(reader.count(255, 2)):
        start, role = reader.at, reader.byte()
        if role not in ROLES:
            raise Malformed("UnknownByte", start)
        if role <= last:
            raise Malformed("OutOfOrder", start)
        last, start = role, reader.at
        exports[ROLES[role]] = reader.number(32)
        if exports[ROLES[role]] >= functions:
            raise Malformed("DanglingIndex", start)
    return exports


# Schemas ------------------------------------------------------------------------------------------------

S_INT, S_TEXT, S_BYTES, S_BOOL, S_TUPLE, S_RECORD, S_VARIANT, S_OPTION, S_LIST, S_MAP = range(1, 11)
STAMPS = [("at", INT_TYPE), ("from", TEXT_TYPE), ("seq", INT_TYPE)]


class Schema:
    """machine, version, stamps, shapes, and the numbers of state, input and output."""


def read_schema(reader):
    schema = Schema()
    schema.machine, schema.version = reader.name(), reader.number(32)
    start, mask = reader.at, reader.byte()
    if mask > 7:
        raise Malformed("UnknownByte", start)
    schema.stamps = [stamp for bit, stamp in enumerate(STAMPS) if mask & 1 << bit]
    schema.shapes, heights, last = [], [], ()
    for _ in range(reader.count(SHAPES, 1)):
        start, shape = reader.at, read_shape(reader, schema.shapes)
        height = 1 + max((heights[part] for part in parts_of(shape)), default=-1)
        if (height, shape) <= last:
            raise Malformed("OutOfOrder", start)
        last = (height, shape)
        schema.shapes.append(shape)
        heights.append(height)
    start = reader.at
    roots = [shape_id(reader, schema.shapes) for _ in range(3)]
    schema.state, schema.input, schema.output = roots
    reached = set(roots)
    for id in reversed(range(len(schema.shapes))):
        if id in reached:
            reached.update(parts_of(schema.shapes[id]))
    if len(reached) != len(schema.shapes):
        raise Malformed("OutOfOrder", start)
    return schema


def read_shape(reader, shapes):
    """A shape as a tuple that sorts as shapes do: its byte, a variant's title, then its parts in order."""
    start, byte = reader.at, reader.byte()
    if S_INT <= byte <= S_BOOL:
        return (byte,)
    if byte == S_TUPLE:
        return (byte, tuple(shape_id(reader, shapes) for _ in range(reader.count(ARITY, 1))))
    if byte == S_RECORD:
        return (byte, read_named(reader, shapes))
    if byte == S_VARIANT:
        return (byte, reader.name(), read_named(reader, shapes))
    if byte in (S_OPTION, S_LIST, S_MAP):
        return (byte, tuple(shape_id(reader, shapes) for _ in range(2 if byte == S_MAP else 1)))
    raise Malformed("UnknownByte", start)


def read_named(reader, shapes):
    named = []
    for _ in range(reader.count(ARITY, 3)):
        start, name = reader.at, reader.name()
        if named and named[-1][0] >= name:
            raise Malformed("OutOfOrder", start)
        named.append((name, shape_id(reader, shapes)))
    return tuple(named)


def shape_id(reader, shapes):
    start, id = reader.at, reader.number(32)
    if id >= len(shapes):
        raise Malformed("DanglingIndex", start)
    return id


def parts_of(shape):
    parts = shape[-1] if len(shape) > 1 else ()
    return [part[1] if isinstance(part, tuple) else part for part in parts]


def erased(shapes, id, types):
    """The type of a shape. It is added to the table if it is not there, which makes the machine invalid."""
    shape = shapes[id]
    simple = {S_INT: INT_TYPE, S_TEXT: TEXT_TYPE, S_BYTES: BYTES_TYPE, S_BOOL: BOOL}
    if shape[0] in simple:
        return simple[shape[0]]
    parts = tuple(erased(shapes, part, types) for part in parts_of(shape))
    form = {S_TUPLE: PROD, S_RECORD: PROD, S_VARIANT: SUM, S_OPTION: SUM, S_LIST: LIST, S_MAP: MAP}[shape[0]]
    row = (form, (UNIT, *parts) if shape[0] == S_OPTION else parts)
    found = types.find(row)
    return types.add(row) if found is None else found
