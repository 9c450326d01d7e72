"""The erasure code of docs/protocol.md: a systematic Cauchy Reed-Solomon code over GF(2^8), polynomial 0x11d."""

EXP = [1] * 510
for power in range(1, 510):
    doubled = EXP[power - 1] << 1
    EXP[power] = doubled ^ 0x11D if doubled & 0x100 else doubled
LOG = {EXP[power]: power for power in range(255)}


def multiply(a, b):
    return EXP[LOG[a] + LOG[b]] if a and b else 0


def inverse(a):
    return EXP[255 - LOG[a]]


def coefficient(k, parity, column):
    return inverse((k + parity) ^ column)


class Geometry:
    MAX_BLOCK_BYTES, MAX_DATAGRAM_BYTES, MAX_DATA, MAX_PARITY, MAX_SYMBOLS = 1 << 24, 8952, 200, 55, 1 << 18

    def __init__(self, block_bytes, symbol_bytes, max_data, parity):
        self.block_bytes, self.symbol_bytes, self.max_data, self.parity = block_bytes, symbol_bytes, max_data, parity
        self.valid = (0 < block_bytes <= self.MAX_BLOCK_BYTES and 0 < symbol_bytes <= self.MAX_DATAGRAM_BYTES
                      and 0 < max_data <= self.MAX_DATA and parity <= self.MAX_PARITY)
        if self.valid:
            self.data_symbols = -(-block_bytes // symbol_bytes)
            self.codewords = -(-self.data_symbols // max_data)
            self.total = self.data_symbols + parity * self.codewords
            self.valid = self.total <= self.MAX_SYMBOLS

    def data_in(self, codeword):
        return self.data_symbols // self.codewords + (codeword < self.data_symbols % self.codewords)


def weighted_sum(weights, symbols, size):
    total = bytearray(size)
    for weight, symbol in zip(weights, symbols):
        for i in range(size):
            total[i] ^= multiply(weight, symbol[i])
    return bytes(total)


def encode(geometry, block):
    """All symbols in the order of sending."""
    g = geometry
    padded = block + bytes(g.data_symbols * g.symbol_bytes - len(block))
    symbols = [padded[at:at + g.symbol_bytes] for at in range(0, len(padded), g.symbol_bytes)]
    for parity in range(g.parity):
        for codeword in range(g.codewords):
            columns = [symbols[n] for n in range(codeword, g.data_symbols, g.codewords)]
            weights = [coefficient(len(columns), parity, j) for j in range(len(columns))]
            symbols.append(weighted_sum(weights, columns, g.symbol_bytes))
    return symbols


def solve(matrix):
    """The inverse of a square matrix, by Gauss and Jordan; a Cauchy matrix has one."""
    size = len(matrix)
    rows = [list(row) + [int(i == j) for j in range(size)] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(r for r in range(column, size) if rows[r][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = inverse(rows[column][column])
        rows[column] = [multiply(scale, value) for value in rows[column]]
        for r in range(size):
            if r != column and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [value ^ multiply(factor, base) for value, base in zip(rows[r], rows[column])]
    return [row[size:] for row in rows]


def decode(geometry, symbols):
    """The block from `symbols` (ordinal -> bytes); None if a codeword has fewer symbols than data symbols."""
    g = geometry
    block = {}
    for codeword in range(g.codewords):
        k = g.data_in(codeword)
        rows, values = [], []
        for j in range(k):
            if codeword + j * g.codewords in symbols:
                rows.append([int(i == j) for i in range(k)])
                values.append(symbols[codeword + j * g.codewords])
        for parity in range(g.parity):
            ordinal = g.data_symbols + parity * g.codewords + codeword
            if ordinal in symbols and len(rows) < k:
                rows.append([coefficient(k, parity, j) for j in range(k)])
                values.append(symbols[ordinal])
        if len(rows) < k:
            return None
        for j, weights in enumerate(solve(rows)):
            block[codeword + j * g.codewords] = weighted_sum(weights, values, g.symbol_bytes)
    return b"".join(block[n] for n in range(g.data_symbols))[:g.block_bytes]
