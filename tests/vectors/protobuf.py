"""Reads messages by the tables of the documents, to the letter of docs/protocol.md, Messages."""
from document import MESSAGES, VALUES, Field

NUMBERS = {"uint64": 64, "int64": 64, "uint32": 32, "bool": 64}


class Unreadable(Exception):
    pass


def varint(data, at, longest=10):
    value = 0
    for i in range(longest):
        if at + i >= len(data):
            break
        value |= (data[at + i] & 0x7F) << (7 * i)
        if data[at + i] < 0x80:
            return value & (1 << 64) - 1, at + i + 1
    raise Unreadable("varint")


def skip(data, at, count):
    if count > len(data) - at:
        raise Unreadable("cut off")
    return at + count


def field_at(data, at, depth=0):
    """Number, wire type, value and where it ends. A group's value is None."""
    key, at = varint(data, at, 5)
    number, wire = (key & 0xFFFFFFFF) >> 3, key & 7
    if number == 0:
        raise Unreadable("field 0")
    if wire == 0:
        value, at = varint(data, at)
        return number, wire, value, at
    if wire == 2:
        length, start = varint(data, at)
        at = skip(data, start, length)
        return number, wire, data[start:at], at
    if wire in (1, 5):
        return number, wire, None, skip(data, at, 8 if wire == 1 else 4)
    if wire == 3 and depth < 100:
        while True:
            inner, inner_wire, _, at = field_at(data, at, depth + 1)
            if inner_wire == 4:
                if inner != number:
                    raise Unreadable("group")
                return number, wire, None, at
    if wire == 4 and depth:
        return number, wire, None, at
    raise Unreadable("wire type")


def run_at(data, start):
    """A field, how often it stands there one after another, and where that ends: millions of equal ones are read at once."""
    number, wire, value, at = field_at(data, start)
    run, times = data[start:at], 1
    while data.startswith(run, at):
        at += len(run)
        times *= 2
        run += run
    return number, wire, value, times, at


def fields(data):
    """Number, wire type, value, and how often the same field stands there one after another."""
    at = 0
    while at < len(data):
        number, wire, value, times, at = run_at(data, at)
        yield number, wire, value, times


def count_within(data, depth):
    """How many fields a reader may have to build, in so many levels, as far as the bytes read as fields. A group counts with both of its ends."""
    count = at = groups = 0
    try:
        while at < len(data):
            key, behind = varint(data, at)
            if key & 7 in (3, 4):
                groups += 1 if key & 7 == 3 else -1
                if groups < 0 or not 0 < key >> 3 < 1 << 29:
                    break
                count, at = count + 1, behind
                continue
            _, wire, value, times, at = run_at(data, at)
            count += times * (1 + (count_within(value, depth - 1) if wire == 2 and depth > 1 else 0))
    except Unreadable:
        pass
    return count


def number_of(kind, value):
    if kind == "int64":
        return value - (1 << 64) if value >> 63 else value
    if kind == "bool":
        return value != 0
    if kind == "uint32":
        return value & 0xFFFFFFFF
    if kind in VALUES:
        value &= 0xFFFFFFFF
        value = value - (1 << 32) if value >> 31 else value
        return VALUES[kind].get(value, value) if value else 0
    return value


def packed(kind, data):
    at, values = 0, []
    while at < len(data):
        value, at = varint(data, at)
        values.append(number_of(kind, value))
    return values


def utf8(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("text") from None


def map_entry(kind, data):
    entry, of_value = {}, kind.removesuffix(">").split(",")[1]
    read_into(entry, [Field(1, "key", "string", False), Field(2, "value", of_value, False)], data)
    return entry.get("key", ""), entry.get("value", b"" if of_value == "bytes" else "")


def take(message, field, wire, value):
    kind = field.type
    is_number = kind in NUMBERS or kind in VALUES
    if is_number and wire == 2 and field.repeated:
        message.setdefault(field.name, []).extend(packed(kind, value))
    elif wire != (0 if is_number else 2):
        return  # as an unknown field
    elif kind.startswith("map<"):
        key, of_key = map_entry(kind, value)
        message.setdefault(field.name, {})[key] = of_key
    elif kind in MESSAGES:
        into = {} if field.repeated else message.setdefault(field.name, {})
        read_into(into, MESSAGES[kind], value)
        if field.repeated:
            message.setdefault(field.name, []).append(into)
    else:
        read = number_of(kind, value) if is_number else utf8(value) if kind == "string" else value
        if field.repeated:
            message.setdefault(field.name, []).append(read)
        else:
            message[field.name] = read


def read_into(message, table, data):
    known = {field.number: field for field in table}
    for number, wire, value, times in fields(data):
        for _ in range(times if number in known else 0):
            take(message, known[number], wire, value)


def parse(name, data):
    """The fields that are there, by name; bytes as bytes. Raises Unreadable."""
    message = {}
    read_into(message, MESSAGES[name], data)
    return message


def shown(value):
    """As the vectors write fields: without those that are 0 or empty, bytes in hexadecimal."""
    if isinstance(value, dict):
        return {name: shown(inner) for name, inner in value.items()
                if isinstance(inner, (dict, list)) and inner or isinstance(inner, dict) or inner not in (0, "", b"", False)}
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    return value.hex() if isinstance(value, bytes) else value
