"""The table of instructions, copied from chapter 3: code, name, operands, cost, and the format it came with."""

from collections import namedtuple

Row = namedtuple("Row", "code mnemonic operands cost since")

TABLE = """
01 push                     1 1
02 swap                     1 1
03 pop                      1 1
04 drop count               1 1
05 acc index                1 1
06 int integer              1 1
07 quote constant           1 1
10 tuple product            2 1
11 proj part                1 1
12 with part                2 1
13 inj sum constructor      1 1
14 case                     1 1
15 else                     0 1
16 end                      0 1
18 call function            3 1
1B abort result             1 1
20 add                      1 1
21 sub                      1 1
22 mul                      1 1
23 div                      2 1
24 rem                      2 1
30 eq                       2 1
31 cmp                      2 1
32 lt                       1 1
33 le                       1 1
50 lnil list                2 1
51 lpush                    4 1
52 llen                     1 1
58 lfold body               4 1
60 mnil map                 2 1
61 mlen                     1 1
62 mget option              8 1
63 mput                    12 1
64 mdel                    12 1
68 mfold body               4 1
"""


def row(line):
    code, mnemonic, *operands, cost, since = line.split()
    return Row(int(code, 16), mnemonic, operands, int(cost), int(since))


INSTRUCTIONS = {line.split()[1]: row(line) for line in TABLE.strip().splitlines()}
TYPE_OPERANDS = {"product", "sum", "result", "list", "map", "option"}
