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
19 cur body closure         2 2
1A app                      3 2
1B abort result             1 1
20 add                      1 1
21 sub                      1 1
22 mul                      1 1
23 div                      2 1
24 rem                      2 1
25 muldiv                   3 2
26 addw                     1 2
27 subw                     1 2
28 mulw                     1 2
29 and                      1 2
2A or                       1 2
2B xor                      1 2
2C shl                      1 2
2D shr                      1 2
2E shru                     1 2
30 eq                       2 1
31 cmp                      2 1
32 lt                       1 1
33 le                       1 1
40 tcat                     2 2
41 tlen                     1 2
42 tsub option              4 2
43 itot                     4 2
44 ttoi option              4 2
45 ttob                     1 2
46 btot option              4 2
47 bcat                     2 2
48 blen                     1 2
49 bget option              2 2
4A bsub option              4 2
4B enc                      4 2
4C hash                    16 2
4D dec  option              4 3
50 lnil list                2 1
51 lpush                    4 1
52 llen                     1 1
53 lget option              3 2
54 lset option              8 2
55 lcat                     8 2
56 lsub                     8 2
57 lmap body list           4 2
58 lfold body               4 1
60 mnil map                 2 1
61 mlen                     1 1
62 mget option              8 1
63 mput                    16 1
64 mdel                    12 1
65 mnext option            10 2
66 mmap body map            4 2
67 mfilt body               4 2
68 mfold body               4 1
70 loop body sum            4 2
71 tfind option             4 2
72 tsplit list              8 2
73 tjoin                    4 2
74 ttol list                6 2
75 ltot option              4 2
76 btol list                6 2
77 ltob option              4 2
"""


def row(line):
    code, mnemonic, *operands, cost, since = line.split()
    return Row(int(code, 16), mnemonic, operands, int(cost), int(since))


INSTRUCTIONS = {line.split()[1]: row(line) for line in TABLE.strip().splitlines()}
TYPE_OPERANDS = {"product", "sum", "result", "list", "map", "option", "closure"}
