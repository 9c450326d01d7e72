"""Resend codes, to the letter of docs/protocol.md. Nothing here is the product's."""
import hashlib

from link import Refused

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MARK, CHECK, MOST = 3, 5, 67
HIGHEST = 1 << 62


def mark(stream):
    number = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:4], "big")
    return ALPHABET[10 + number // 1024 % 22] + ALPHABET[number // 32 % 32] + ALPHABET[number % 32]


def crc(characters):
    value = 0xB704CE
    for character in characters:
        value ^= ALPHABET.index(character) << 19
        for _ in range(5):
            value = value << 1 ^ (0x1864CFB if value & 0x800000 else 0)
    return "".join(ALPHABET[value >> shift & 31] for shift in (20, 15, 10, 5, 0))


def places(low, high):
    """The points between two, by number, in the order in which they are coded."""
    if high - low > 1:
        middle = (low + high) // 2
        yield low, middle, high
        yield from places(low, middle)
        yield from places(middle, high)


def payload(ranges):
    points = [point for first, last in ranges for point in (first, last + 1)]
    last, span = points[-1] - 1, points[-1] - 1 - points[0]
    steps = [(len(ranges) - 1, 16), (last.bit_length() - 1, 64), (last - (1 << last.bit_length() - 1), 1 << last.bit_length() - 1),
             (span.bit_length(), last.bit_length() + 1)]
    if span:
        steps.append((span - (1 << span.bit_length() - 1), 1 << span.bit_length() - 1))
    for low, middle, high in places(0, len(points) - 1):
        least, most = points[low] + middle - low, points[high] - (high - middle)
        steps.append((points[middle] - least, most - least + 1))
    number = 0
    for value, radix in reversed(steps):
        number = number * radix + value
    text = ""
    while number or not text:
        text = ALPHABET[number % 32] + text
        number //= 32
    return text


def grouped(text):
    return "-".join(text[at:at + 5] for at in range(0, len(text), 5))


def write(stream, ranges):
    text = mark(stream) + payload(ranges)
    return grouped(text + crc(text))


def ranges_of(text):
    number = 0
    for character in text:
        number = number * 32 + ALPHABET.index(character)

    def pop(radix):
        nonlocal number
        number, value = divmod(number, radix)
        return value

    count = pop(16) + 1
    if count > 10:
        raise Refused("newer", "refused", "resend code")
    bits = pop(64) + 1
    last = (1 << bits - 1) + pop(1 << bits - 1)
    span_bits = pop(bits + 1)
    span = (1 << span_bits - 1) + pop(1 << span_bits - 1) if span_bits else 0
    points = [None] * (2 * count)
    points[0], points[-1] = last - span, last + 1
    if points[0] < 1 or last > HIGHEST:
        raise Refused("payload", "invalid", "resend code")
    for low, middle, high in places(0, len(points) - 1):
        room = points[high] - points[low] - (high - low) + 1
        if room < 1:
            raise Refused("payload", "invalid", "resend code")
        points[middle] = points[low] + middle - low + pop(room)
    ranges = [[points[at], points[at + 1] - 1] for at in range(0, len(points), 2)]
    if number or payload(ranges) != text:
        raise Refused("payload", "invalid", "resend code")
    return ranges


def read(stream, typed):
    text = "".join(c for c in typed.upper() if c not in "- \t\r\n").replace("O", "0").replace("I", "1").replace("L", "1")
    if any(c not in ALPHABET for c in text):
        raise Refused("character", "invalid", "resend code")
    if not MARK + 1 + CHECK <= len(text) <= MOST:
        raise Refused("length", "invalid", "resend code")
    if crc(text[:-CHECK]) != text[-CHECK:]:
        raise Refused("checksum", "invalid", "resend code")
    if text[:MARK] != mark(stream):
        raise Refused("stream", "refused", "resend code")
    return {"ranges": ranges_of(text[MARK:-CHECK])}
