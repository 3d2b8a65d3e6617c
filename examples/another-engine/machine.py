"""What a program does. Chapter 5 of the specification.

Written to be read beside the chapter: no instruction is fast, and each is there once. The calls of a
program are calls of Python here, since a verified program never calls deeper than 128.
"""

from codec import UNIT_VALUE, Budget, Closure, List, Malformed, Map, Product, Sum, decode, weight
from instructions import INSTRUCTIONS
from operations import OPERATIONS, Trap, levels

STEP_FUEL, MIGRATION_FUEL = 10_000_000, 1_000_000_000
STATE_WEIGHT, OUTPUT_WEIGHT = 1 << 28, 1 << 19

def run(module, certificates, function, argument, fuel):
    """The value a function ends with, and the fuel it took."""
    machine = Engine(module, certificates, fuel)
    machine.charge(certificates[function].cost)
    value = machine.call(function, argument)
    return value, fuel - machine.fuel


def step(module, certificates, state, context, message):
    """The next state, the output and the fuel; `context` is at, from and seq, whatever the machine asks for."""
    if module.schema.stamps:
        known = dict(zip(("at", "from", "seq"), context))
        stamps = Product(known[word] for word, _ in module.schema.stamps)
        message = Product((stamps, message))
    argument = Product((message, state))
    (state, output), fuel = run(module, certificates, module.exports["step"], argument, STEP_FUEL)
    if weight(state) > STATE_WEIGHT or weight(output) > OUTPUT_WEIGHT:
        raise Trap("size-limit")
    return state, output, fuel


def brackets(code):
    """For each `case` the starts of its arms, for each `else` the `end` it leads to."""
    arms, ends, open_ = {}, {}, []
    for at, (mnemonic, _) in enumerate(code):
        if mnemonic == "case":
            open_.append((at, []))
            arms[at] = [at + 1]
        elif mnemonic == "else":
            arms[open_[-1][0]].append(at + 1)
            open_[-1][1].append(at)
        elif mnemonic == "end" and open_:
            ends.update({start: at for start in open_.pop()[1]})
    return arms, ends


class Payment(Budget):
    """A budget of what a state may weigh, as far as the fuel goes."""

    def __init__(self, engine):
        super().__init__(STATE_WEIGHT)
        self.engine = engine

    def charge(self, reader, weight):
        super().charge(reader, weight)
        if (STATE_WEIGHT - self.left) // 16 > self.engine.fuel:
            raise Trap("out-of-fuel")


class Engine:
    def __init__(self, module, certificates, fuel):
        self.module, self.certificates, self.fuel = module, certificates, fuel
        self.brackets = [brackets(function.code) for function in module.functions]

    def charge(self, fuel):
        if fuel > self.fuel:
            raise Trap("out-of-fuel")
        self.fuel -= fuel

    def call(self, number, register):
        code, (arms, ends) = self.module.functions[number].code, self.brackets[number]
        stack, at = [], 0
        while True:
            mnemonic, operands = code[at]
            at += 1
            if mnemonic == "push":
                stack.append(register)
            elif mnemonic == "swap":
                register, stack[-1] = stack[-1], register
            elif mnemonic == "pop":
                register = stack.pop()
            elif mnemonic == "drop":
                del stack[-operands[0] :]
            elif mnemonic == "acc":
                register = stack[-1 - operands[0]]
            elif mnemonic == "int":
                register = operands[0]
            elif mnemonic == "quote":
                register = self.module.constants[operands[0]][1]
            elif mnemonic == "tuple":
                register = self.tuple(operands[0], stack, register)
            elif mnemonic == "proj":
                register = register[operands[0]]
            elif mnemonic == "with":
                product = list(stack.pop())
                product[operands[0]] = register
                register = Product(product)
            elif mnemonic == "inj":
                register = Sum((operands[1], register))
            elif mnemonic == "case":
                constructor, register = register
                at = arms[at - 1][constructor]
            elif mnemonic == "else":
                at = ends[at - 1] + 1
            elif mnemonic == "end":
                if at == len(code):
                    return register
            elif mnemonic == "call":
                register = self.call(operands[0], register)
            elif mnemonic == "abort":
                raise Trap(f"abort {register}")
            elif mnemonic == "cur":
                register = Closure((operands[0], register))
            elif mnemonic == "app":
                function, environment = stack.pop()
                self.charge(self.certificates[function].cost)
                register = self.call(function, Product((environment, register)))
            elif mnemonic == "loop":
                register = self.loop(operands[0], stack, register)
            elif mnemonic in ("lfold", "mfold"):
                register = self.fold(operands[0], stack, register)
            elif mnemonic in ("lmap", "mmap", "mfilt"):
                register = self.rounds(mnemonic, operands, stack.pop(), register)
            elif mnemonic == "dec":
                register = self.decoded(self.module.types.rows[operands[0]][1][1], register)
            else:
                register = OPERATIONS[mnemonic](self, stack, register)

    def tuple(self, product, stack, register):
        arity = len(self.module.types.rows[product][1])
        if arity == 0:
            return UNIT_VALUE
        before = [stack.pop() for _ in range(arity - 1)]
        return Product([*reversed(before), register])

    def decoded(self, content, data):
        """The value whose bytes they are, if there is one. It pays for the bytes, and for its weight or what was begun."""
        self.charge(len(data) // 16)
        budget = Payment(self)
        try:
            return Sum((1, decode(self.module.types, content, data, budget)))
        except Malformed:
            return Sum((0, UNIT_VALUE))
        finally:
            self.fuel -= (STATE_WEIGHT - budget.left) // 16

    def fold(self, body, stack, container):
        accumulator, environment = stack.pop(), stack.pop()
        self.charge(len(container) * self.certificates[body].cost)
        for entry in container:
            entry = entry if isinstance(container, Map) else (entry,)
            accumulator = self.call(body, Product((environment, accumulator, *entry)))
        return accumulator

    def loop(self, body, stack, count):
        element, environment = stack.pop(), stack.pop()
        result = Sum((0, element))
        for number in range(count):
            self.charge(self.certificates[body].cost)
            result = self.call(body, Product((environment, result[1], number)))
            if result[0] == 1:
                break
        return result

    def rounds(self, mnemonic, operands, environment, container):
        """The rounds that make a new container: each pays for its body and for keeping an entry."""
        body = operands[0]
        types = self.module.types
        if mnemonic == "lmap":
            kept, entry = "lpush", types.rows[operands[1]][1]
        elif mnemonic == "mmap":
            kept, entry = "mput", types.rows[operands[1]][1]
        else:
            argument = types.rows[self.module.functions[body].domain][1]
            kept, entry = "mput", argument[1:]
        keeping = INSTRUCTIONS[kept].cost + sum(types.widths[part] // 8 for part in entry)
        self.charge(len(container) * (self.certificates[body].cost + keeping))
        if mnemonic == "lmap":
            return List(self.call(body, Product((environment, item))) for item in container)
        made = []
        for key, value in container:
            result = self.call(body, Product((environment, key, value)))
            if mnemonic == "mmap" or result[0] == 1:
                self.charge(weight(key) // 16 * levels(made))
                made.append((key, result if mnemonic == "mmap" else value))
        return Map(made)
