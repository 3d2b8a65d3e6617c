"""BLAKE3, as its paper describes it: the plain hash and the mode that derives keys. For short inputs.

O'Connor, Aumasson, Neves, Wilcox-O'Hearn: "BLAKE3: one function, fast everywhere" (2020).
"""

import struct

IV = (
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
    0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 32, 64
CHUNK, BLOCK, WORD = 1024, 64, 0xFFFFFFFF
COLUMNS_AND_DIAGONALS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def rotated(word, bits):
    return (word >> bits | word << 32 - bits) & WORD


def compress(chaining, block, counter, length, flags):
    v = [*chaining, *IV[:4], counter & WORD, counter >> 32, length, flags]
    words = list(struct.unpack("<16I", block.ljust(BLOCK, b"\0")))
    for _ in range(7):
        for pair, (a, b, c, d) in enumerate(COLUMNS_AND_DIAGONALS):
            for word, (first, second) in zip(words[2 * pair : 2 * pair + 2], ((16, 12), (8, 7))):
                v[a] = v[a] + v[b] + word & WORD
                v[d] = rotated(v[d] ^ v[a], first)
                v[c] = v[c] + v[d] & WORD
                v[b] = rotated(v[b] ^ v[c], second)
        words = [words[place] for place in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)]


def chunk_node(data, key, counter, flags):
    """The last compression of a chunk, not yet done: whether it is the root is known above."""
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)] or [b""]
    chaining = key
    for at, block in enumerate(blocks[:-1]):
        start = CHUNK_START if at == 0 else 0
        chaining = compress(chaining, block, counter, BLOCK, flags | start)
    start = CHUNK_START if len(blocks) == 1 else 0
    return chaining, blocks[-1], counter, len(blocks[-1]), flags | start | CHUNK_END


def node(data, key, counter, flags):
    if len(data) <= CHUNK:
        return chunk_node(data, key, counter, flags)
    chunks = (len(data) - 1) // CHUNK
    left = CHUNK << (chunks.bit_length() - 1)  # the left child is the largest full tree that leaves something
    halves = node(data[:left], key, counter, flags), node(data[left:], key, counter + left // CHUNK, flags)
    block = b"".join(struct.pack("<8I", *compress(*half)) for half in halves)
    return key, block, 0, BLOCK, flags | PARENT


def digest(data, key=IV, flags=0):
    chaining, block, counter, length, flags = node(data, key, 0, flags)
    return struct.pack("<8I", *compress(chaining, block, counter, length, flags | ROOT))


def derive_key(context, data):
    key = struct.unpack("<8I", digest(context.encode(), flags=DERIVE_KEY_CONTEXT))
    return digest(data, key, DERIVE_KEY_MATERIAL)
