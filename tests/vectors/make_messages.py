"""Vectors of every message of the documents' tables: a field that is added to a table has its vectors by that."""
import build
from build import Piece, counting, message
from document import MESSAGES, VALUES

ONE_OF = {"Frame"}  # of whose fields only the last stands
TOP = {"uint64": 2**64 - 1, "int64": -(2**63), "uint32": 2**32 - 1}


def is_number(kind):
    return kind in ("uint64", "int64", "uint32", "bool") or kind in VALUES


def sample(field, kind, largest=False):
    """Another value for each field, and how it is shown."""
    if kind in VALUES:
        value, name = sorted(VALUES[kind].items())[-1]
        return value, name
    if kind == "bool":
        return 1, True
    if is_number(kind):
        value = TOP[kind] if largest else field.number * 1000 + 7
        return value, value
    if kind == "string":
        text = f"{field.name} é"
        return text.encode(), text
    data = counting(field.number, 32)
    return data, data.hex()


def key(field, wire):
    return build.varint(field.number << 3 | wire)


def delimited(field, data, note=""):
    return Piece(key(field, 2) + build.varint(len(data)) + data, f"{field.name} {note}".strip())


def one_field(field, largest):
    """What is written one after another, each a field of its own, and the value that is read."""
    kind = field.type
    if kind.startswith("map<"):
        entries = {"alpha": "first", "beta": "second"}
        written = [message(field.number, [*build.text(1, name, "key"), *build.text(2, value, "value")], field.name) for name, value in entries.items()]
        return written, {name: value.encode().hex() for name, value in entries.items()} if kind.endswith(",bytes>") else entries
    if kind in MESSAGES:
        inner, shown = all_fields(kind, largest)
        whole = message(field.number, [piece for part in inner for piece in part], field.name)
        return ([whole, whole], [shown, shown]) if field.repeated else ([whole], shown)
    value, shown = sample(field, kind, largest)
    if is_number(kind) and field.repeated:
        return [[delimited(field, build.varint(1) + build.varint(value), "packed")]], [1, shown]
    if is_number(kind):
        return [[Piece(key(field, 0) + build.varint(value), f"{field.name} {value}")]], shown
    if field.repeated:
        return [[delimited(field, b"\1")], [delimited(field, value)]], ["\1" if kind == "string" else "01", shown]
    return [[delimited(field, value)]], shown


def all_fields(name, largest=False, only=None):
    parts, shown = [], {}
    for field in MESSAGES[name]:
        if (only or (MESSAGES[name][-1].name if name in ONE_OF else field.name)) == field.name:
            more, value = one_field(field, largest)
            parts += more
            shown[field.name] = value
    return parts, shown


def good(name):
    def vector(title, parts, fields):
        ends = [0]
        for part in parts:
            ends.append(ends[-1] + len(build.join(part)))
        return {"name": f"{name}-{title}", "message": name, "bytes": [piece for part in parts for piece in part], "fields": fields,
                "readable_prefixes": sorted(set(ends))}
    if name in ONE_OF:
        for field in MESSAGES[name]:
            yield vector(f"with-{field.name}", *all_fields(name, only=field.name))
    else:
        yield vector("every-field", *all_fields(name))
    yield vector("largest-numbers", *all_fields(name, largest=True))
    yield vector("nothing", [], {})
    parts, fields = all_fields(name)
    unknown = [[Piece(b"\xa0\x3f\x01", "unknown varint")], [Piece(b"\xa1\x3f" + bytes(8), "unknown, 8 bytes")],
               [Piece(b"\xa2\x3f\x02hi", "unknown, delimited")], [Piece(b"\xa5\x3f" + bytes(4), "unknown, 4 bytes")],
               [Piece(b"\xa3\x3f\x08\x01\xa4\x3f", "unknown group")]]
    yield vector("unknown-fields", [*unknown, *parts, *unknown], fields)
    first = MESSAGES[name][0]
    strange = [Piece(key(first, 5) + b"\1\2\3\4", f"{first.name} in another wire type")]
    yield vector("another-wire-type", [strange, *parts], fields)
    for field in MESSAGES[name]:
        if field.type in VALUES:
            yield vector(f"newer-{field.name}", [[Piece(key(field, 0) + b"\x63", f"{field.name} 99")]], {field.name: 99})
            yield vector(f"{field.name}-0", [[Piece(key(field, 0) + b"\0", f"{field.name} 0")]], {})


def bad(name):
    def vector(title, *pieces):
        return {"name": f"{name}-{title}", "message": name, "bytes": list(pieces), "refused": "unreadable"}
    first = MESSAGES[name][0]
    yield vector("field-0", Piece(b"\0\0", "field 0"))
    yield vector("wire-type-6", Piece(b"\x0e", "wire type 6"))
    yield vector("wire-type-7", Piece(b"\x0f", "wire type 7"))
    yield vector("varint-of-11-bytes", Piece(b"\xa0\x3f" + b"\x80" * 10 + b"\1", "unknown varint"))
    yield vector("varint-cut-off", Piece(b"\xa0\x3f\x80", "unknown varint"))
    yield vector("key-of-6-bytes", Piece(b"\x80\x80\x80\x80\x80\x01\0", "key"))
    yield vector("length-beyond", Piece(key(first, 2) + b"\x05abcd", "5 bytes, of which there are 4"))
    yield vector("length-of-2-64", Piece(key(first, 2) + b"\xff" * 9 + b"\1", "2^64 - 1 bytes"))
    yield vector("group-without-end", Piece(b"\xa3\x3f\x08\x01", "unknown group"))
    yield vector("group-with-another-end", Piece(b"\xa3\x3f\xac\x3f", "unknown group"))
    yield vector("end-of-no-group", Piece(b"\xa4\x3f", "end of a group"))
    for field in MESSAGES[name]:
        if field.type == "string":
            for title, text in (("cut-off", b"\xc3"), ("overlong", b"\xc0\x80"), ("surrogate", b"\xed\xa0\x80"), ("beyond", b"\xf4\x90\x80\x80")):
                yield vector(f"{field.name}-not-utf-8-{title}", delimited(field, text))


FILES = {"messages": ("Every message of docs/protocol.md and docs/storage.md, as its table of fields says.",
                      lambda: [vector for name in MESSAGES for vector in (*good(name), *bad(name))])}
