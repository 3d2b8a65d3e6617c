"""When a module is a program. Chapter 4 of the specification.

One pass over each function with the register's type, a stack of types and the open cases. What comes out
for each function is a certificate: the stack it needs, the length of the longest call path, its cost.
"""

from collections import namedtuple

from codec import (
    BOOL, BYTES_TYPE, FN, INT_TYPE, LIST, MAP, ORDERING, PROD, SUM, TEXT_TYPE, UNIT, erased,
)
from instructions import INSTRUCTIONS, TYPE_OPERANDS

STACK, CASES, CALLS = 1024, 128, 128
COST = (1 << 64) - 1

# Instructions of which the types of the operands, from the register down, and of the result are the rule.
INT, TEXT, BYTES = INT_TYPE, TEXT_TYPE, BYTES_TYPE
SIMPLE = {
    **dict.fromkeys("add sub mul div rem addw subw mulw and or xor shl shr shru".split(), ([INT, INT], INT)),
    **dict.fromkeys("lt le".split(), ([INT, INT], BOOL)),
    "muldiv": ([INT, INT, INT], INT),
    "tcat": ([TEXT, TEXT], TEXT),
    "tlen": ([TEXT], INT),
    "itot": ([INT], TEXT),
    "ttob": ([TEXT], BYTES),
    "bcat": ([BYTES, BYTES], BYTES),
    "blen": ([BYTES], INT),
    "hash": ([BYTES], BYTES),
}
# What a certificate says besides numbers: it may trap by what it does, has rounds, is charged by sizes.
BITS = {
    "fails": set("abort add sub mul div rem muldiv tcat bcat enc lcat tjoin ltot ltob".split()),
    "loops": set("app lmap lfold mmap mfilt mfold loop".split()),
    "sized": set(
        "eq cmp tcat tlen tsub tfind btot bcat bsub enc dec hash lpush lset lcat lsub tsplit tjoin ttol ltot"
        " btol ltob mget mput mdel mnext mmap mfilt".split()
    ),
}

# As SIMPLE, where the result is an option of the second.
OPTIONAL = {
    "tsub": ([INT, INT, TEXT], TEXT),
    "tfind": ([INT, TEXT, TEXT], INT),
    "ttoi": ([TEXT], INT),
    "btot": ([BYTES], TEXT),
    "bget": ([INT, BYTES], INT),
    "bsub": ([INT, INT, BYTES], BYTES),
}

Certificate = namedtuple("Certificate", "stack height cost bits")
Machine = namedtuple("Machine", "state input stamped output")


class Invalid(Exception):
    """A reason; the function, instruction and byte are added on the way out."""


class Case:
    """An open case."""


def verify(module):
    """The certificates of a machine or migration, and a machine's types."""
    module.used_types = {id for id, _ in module.constants}
    module.used_constants, module.used_functions = set(), set(module.exports.values())
    certificates = []
    for index, function in enumerate(module.functions):
        checker = Checker(module, function, certificates)
        try:
            certificates.append(checker.body())
        except Invalid as invalid:
            at = checker.at
            raise Invalid(invalid.args[0], index, at, function.offsets[at]) from None
    unused(module)
    for number in module.exports.values():
        function = module.functions[number]
        if not (module.types.data[function.domain] and module.types.data[function.codomain]):
            raise Invalid("FunctionNotAllowed")
    if module.schema is None:
        check_migration(module)
        return certificates, None
    return certificates, check_machine(module)


def unused(module):
    used, predeclared = module.used_types, 6
    for id in reversed(range(predeclared, len(module.types.rows))):
        if id in used:
            used.update(module.types.rows[id][1])
    everything = [
        (range(predeclared, len(module.types.rows)), used),
        (range(len(module.constants)), module.used_constants),
        (range(len(module.functions)), module.used_functions),
    ]
    if any(one not in marks for all_, marks in everything for one in all_):
        raise Invalid("Unused")


def check_machine(module):
    exports, schema, types = module.exports, module.schema, module.types
    if not {"init", "step"} <= set(exports) <= {"init", "step", "query", "check"}:
        raise Invalid("Export")
    known = len(types.rows)
    state, input_, output = (erased(schema.shapes, s, types) for s in (schema.state, schema.input, schema.output))
    stamped = input_
    if schema.stamps:
        stamps = interned(types, [type_ for _, type_ in schema.stamps])
        stamped = interned(types, [stamps, input_])
    expected = {
        "init": (UNIT, state),
        "step": (interned(types, [stamped, state]), interned(types, [state, output])),
    }
    for role, type_ in expected.items():
        function = module.functions[exports[role]]
        if (function.domain, function.codomain) != type_:
            raise Invalid("Export")
    if "check" in exports:
        check = module.functions[exports["check"]]
        if (check.domain, check.codomain) != (state, BOOL):
            raise Invalid("Export")
    if "query" in exports:
        constructor, parts = types.rows[module.functions[exports["query"]].domain]
        if constructor != PROD or len(parts) != 2 or parts[1] != state:
            raise Invalid("Export")
    if len(types.rows) != known:
        raise Invalid("Schema")
    return Machine(state, input_, stamped, output)


def interned(types, parts):
    row = (PROD, tuple(parts))
    found = types.find(row)
    return types.add(row) if found is None else found


def check_migration(module):
    roles = [role.removesuffix("_at") for role in module.exports]
    adapters = {"input", "output"} & set(roles)
    if "migrate" not in roles or {"init", "step", "query", "check"} & set(roles) or len(adapters) == 1:
        raise Invalid("Export")
    if len(set(roles)) < len(roles):
        raise Invalid("Export")
    rows = module.types.rows
    for role, number in module.exports.items():
        if role.endswith("_at"):
            constructor, parts = rows[module.functions[number].domain]
            if constructor != PROD or len(parts) != 2 or rows[parts[0]] != (PROD, (INT, TEXT, INT)):
                raise Invalid("Export")


class Checker:
    def __init__(self, module, function, earlier):
        self.module, self.types, self.function, self.earlier = module, module.types, function, earlier
        self.register, self.stack, self.cases = function.domain, [], []
        self.at, self.cost, self.highest, self.height, self.bits = 0, 0, 0, 1, set()

    def body(self):
        function = self.function
        self.module.used_types |= {function.domain, function.codomain}
        while self.at < len(function.code):
            mnemonic, operands = function.code[self.at]
            self.cost += INSTRUCTIONS[mnemonic].cost
            self.bits |= {bit for bit, mnemonics in BITS.items() if mnemonic in mnemonics}
            if mnemonic == "end" and not self.cases:
                return self.end_of_body()
            for kind, operand in zip(INSTRUCTIONS[mnemonic].operands, operands):
                if kind in TYPE_OPERANDS:
                    self.needs(operand < len(self.types.rows), "NoSuchType")
                    self.module.used_types.add(operand)
            self.instruction(mnemonic, operands)
            self.highest = max(self.highest, len(self.stack))
            self.at += 1
        raise Invalid("NoEnd")

    def instruction(self, mnemonic, operands):
        if mnemonic in SIMPLE:
            types, result = SIMPLE[mnemonic]
            self.take(types)
            self.register = result
        elif mnemonic in OPTIONAL:
            types, content = OPTIONAL[mnemonic]
            self.take(types)
            self.answer(operands[0], content)
        else:
            getattr(self, mnemonic + "_")(*operands)

    def end_of_body(self):
        self.expect(self.function.codomain, self.register)
        self.needs(not self.stack, "StackNotEmpty")
        self.at += 1
        self.needs(self.at == len(self.function.code), "CodeAfterEnd")
        bits = ",".join(bit for bit in BITS if bit in self.bits) or "-"
        return Certificate(self.highest, self.height, min(self.cost, COST), bits)

    # What the rules are made of

    def needs(self, condition, reason):
        if not condition:
            raise Invalid(reason)

    def expect(self, expected, found):
        self.needs(expected == found, "Mismatch")

    def operands_of(self, id, constructor):
        self.needs(self.types.rows[id][0] == constructor, "WrongForm")
        return self.types.rows[id][1]

    def part(self, id, constructor, number):
        parts = self.operands_of(id, constructor)
        self.needs(number < len(parts), "NoSuchPart")
        return parts[number]

    def floor(self):
        return self.cases[-1].floor if self.cases else 0

    def pop(self):
        self.needs(len(self.stack) > self.floor(), "StackUnderflow")
        return self.stack.pop()

    def weigh(self, id, values=1):
        self.cost += self.types.widths[id] * values // 8

    def take(self, types):
        """Operands of these types: the last one in the register, the others on the stack."""
        self.expect(types[0], self.register)
        for type_ in types[1:]:
            self.expect(type_, self.pop())

    def is_data(self, id):
        self.needs(self.types.data[id], "FunctionNotAllowed")

    def answer(self, option, content):
        self.needs(self.types.rows[option] == (SUM, (UNIT, content)), "WrongForm")
        self.register = option

    # The rules, in the order of the table

    def push_(self):
        self.needs(len(self.stack) < STACK, "StackOverflow")
        self.stack.append(self.register)

    def swap_(self):
        top = self.pop()
        self.push_()
        self.register = top

    def pop_(self):
        self.register = self.pop()

    def drop_(self, count):
        self.needs(count > 0, "DropNothing")
        self.needs(len(self.stack) - count >= self.floor(), "StackUnderflow")
        del self.stack[len(self.stack) - count :]

    def acc_(self, index):
        self.needs(index < len(self.stack), "StackUnderflow")
        self.register = self.stack[-1 - index]

    def int_(self, _):
        self.register = INT_TYPE

    def quote_(self, index):
        self.needs(index < len(self.module.constants), "NoSuchConstant")
        id, _ = self.module.constants[index]
        self.needs(id != INT_TYPE, "NeedlessConstant")
        self.module.used_constants.add(index)
        self.register = id

    def tuple_(self, product):
        parts = self.operands_of(product, PROD)
        if parts:
            self.expect(parts[-1], self.register)
            for part in reversed(parts[:-1]):
                self.expect(part, self.pop())
        self.register = product

    def proj_(self, part):
        self.register = self.part(self.register, PROD, part)

    def with_(self, part):
        product = self.pop()
        self.expect(self.part(product, PROD, part), self.register)
        self.cost += len(self.types.rows[product][1]) // 2
        self.register = product

    def inj_(self, sum_, constructor):
        self.expect(self.part(sum_, SUM, constructor), self.register)
        self.register = sum_

    def case_(self):
        case = Case()
        case.payloads = self.operands_of(self.register, SUM)
        self.needs(len(self.cases) < CASES, "CaseTooDeep")
        case.floor, case.arm, case.result = len(self.stack), 0, None
        case.before, case.dearest = self.cost, 0
        self.cases.append(case)
        self.register = case.payloads[0]

    def close_arm(self):
        self.needs(self.cases, "StrayElse")
        case = self.cases[-1]
        self.needs(len(self.stack) == case.floor, "StackNotEmpty")
        if case.result is None:
            self.is_data(self.register)
            case.result = self.register
        self.needs(self.register == case.result, "ArmsDiffer")
        case.dearest = max(case.dearest, self.cost)
        return case

    def else_(self):
        case = self.close_arm()
        case.arm += 1
        self.needs(case.arm < len(case.payloads), "StrayElse")
        self.cost = case.before
        self.register = case.payloads[case.arm]

    def end_(self):
        case = self.close_arm()
        self.needs(case.arm + 1 == len(case.payloads), "MissingArms")
        self.cases.pop()
        self.cost = case.dearest

    def callee(self, number):
        self.needs(number < len(self.earlier), "ForwardCall")
        height = 1 + self.earlier[number].height
        self.needs(height <= CALLS, "CallTooHigh")
        self.height = max(self.height, height)
        self.cost += self.earlier[number].cost
        self.bits |= set(self.earlier[number].bits.split(",")) & set(BITS)
        self.module.used_functions.add(number)
        return self.module.functions[number]

    def call_(self, number):
        callee = self.callee(number)
        self.expect(callee.domain, self.register)
        self.register = callee.codomain

    def abort_(self, result):
        self.expect(INT_TYPE, self.register)
        self.is_data(result)
        self.register = result

    def eq_(self):
        self.needs(self.types.data[self.register], "WrongForm")
        self.weigh(self.register)
        self.take([self.register, self.register])
        self.register = BOOL

    def cmp_(self):
        self.needs(self.types.keys[self.register], "WrongForm")
        self.weigh(self.register)
        self.take([self.register, self.register])
        self.register = ORDERING

    def enc_(self):
        self.needs(self.types.data[self.register], "WrongForm")
        self.weigh(self.register)
        self.register = BYTES

    def lnil_(self, list_):
        self.operands_of(list_, LIST)
        self.register = list_

    def lpush_(self):
        list_ = self.pop()
        (item,) = self.operands_of(list_, LIST)
        self.expect(item, self.register)
        self.weigh(item)
        self.register = list_

    def llen_(self):
        self.operands_of(self.register, LIST)
        self.register = INT_TYPE

    def lget_(self, option):
        self.expect(INT, self.register)
        (item,) = self.operands_of(self.pop(), LIST)
        self.answer(option, item)

    def lset_(self, option):
        index, list_ = self.pop(), self.pop()
        (item,) = self.operands_of(list_, LIST)
        self.expect(item, self.register)
        self.expect(INT, index)
        self.weigh(item, 2)
        self.answer(option, list_)

    def lcat_(self):
        (item,) = self.operands_of(self.register, LIST)
        self.weigh(item, 16)
        self.take([self.register, self.register])

    def lsub_(self):
        self.expect(INT, self.register)
        offset, list_ = self.pop(), self.pop()
        self.expect(INT, offset)
        (item,) = self.operands_of(list_, LIST)
        self.weigh(item, 72)
        self.register = list_

    def listed(self, list_, item):
        self.expect((item,), self.operands_of(list_, LIST))
        self.register = list_

    def tsplit_(self, list_):
        self.take([TEXT, TEXT])
        self.listed(list_, TEXT)

    def tjoin_(self):
        self.expect((TEXT,), self.operands_of(self.pop(), LIST))
        self.take([TEXT])

    def ttol_(self, list_):
        self.take([TEXT])
        self.listed(list_, INT)

    def btol_(self, list_):
        self.take([BYTES])
        self.listed(list_, INT)

    def dec_(self, option):
        constructor, operands = self.types.rows[option]
        self.needs(constructor == SUM and len(operands) > 1, "WrongForm")
        self.take([BYTES])
        self.answer(option, operands[1])

    def ltot_(self, option):
        self.expect((INT,), self.operands_of(self.register, LIST))
        self.answer(option, TEXT)

    def ltob_(self, option):
        self.expect((INT,), self.operands_of(self.register, LIST))
        self.answer(option, BYTES)

    def lfold_(self, body):
        self.fold(body, self.operands_of(self.register, LIST))

    def fold(self, number, entry):
        accumulator, environment = self.pop(), self.pop()
        self.is_data(accumulator)
        self.round(number, [environment, accumulator, *entry], accumulator)
        self.register = accumulator

    def round(self, number, argument, result):
        """A body that is run in rounds: what it takes, and what it gives if that is known."""
        body = self.callee(number)
        self.needs(self.types.rows[body.domain] == (PROD, tuple(argument)), "WrongForm")
        if result is not None:
            self.expect(result, body.codomain)
        return body

    def lmap_(self, number, list_):
        (item,) = self.operands_of(self.register, LIST)
        body = self.round(number, [self.pop(), item], None)
        (result,) = self.operands_of(list_, LIST)
        self.expect(result, body.codomain)
        self.register = list_

    def mmap_(self, number, map_):
        key, value = self.operands_of(self.register, MAP)
        body = self.round(number, [self.pop(), key, value], None)
        same, result = self.operands_of(map_, MAP)
        self.expect(same, key)
        self.expect(result, body.codomain)
        self.register = map_

    def mfilt_(self, number):
        key, value = self.operands_of(self.register, MAP)
        self.round(number, [self.pop(), key, value], BOOL)

    def loop_(self, number, sum_):
        self.expect(INT_TYPE, self.register)
        element, environment = self.pop(), self.pop()
        body = self.round(number, [environment, element, INT_TYPE], None)
        constructor, payloads = self.types.rows[sum_]
        self.needs(constructor == SUM and len(payloads) == 2 and payloads[0] == element, "WrongForm")
        self.expect(sum_, body.codomain)
        self.register = sum_

    def cur_(self, number, closure):
        cost, body = self.cost, self.callee(number)
        self.cost = cost  # it is paid for by `app`
        argument, result = self.operands_of(closure, FN)
        self.needs(self.types.rows[body.domain] == (PROD, (self.register, argument)), "WrongForm")
        self.expect(result, body.codomain)
        self.register = closure

    def app_(self):
        argument, result = self.operands_of(self.pop(), FN)
        self.expect(argument, self.register)
        self.register = result

    def mnil_(self, map_):
        self.operands_of(map_, MAP)
        self.register = map_

    def mlen_(self):
        self.operands_of(self.register, MAP)
        self.register = INT_TYPE

    def mget_(self, option):
        key, value = self.operands_of(self.pop(), MAP)
        self.expect(key, self.register)
        self.answer(option, value)

    def mnext_(self, option):
        key, value = self.operands_of(self.pop(), MAP)
        self.needs(self.types.rows[self.register] == (SUM, (UNIT, key)), "WrongForm")
        entry = self.types.find((PROD, (key, value)))
        self.answer(option, entry)

    def mput_(self):
        found, map_ = self.pop(), self.pop()
        key, value = self.operands_of(map_, MAP)
        self.expect(key, found)
        self.expect(value, self.register)
        self.weigh(key)
        self.weigh(value)
        self.register = map_

    def mdel_(self):
        map_ = self.pop()
        key, _ = self.operands_of(map_, MAP)
        self.expect(key, self.register)
        self.register = map_

    def mfold_(self, body):
        self.fold(body, self.operands_of(self.register, MAP))
