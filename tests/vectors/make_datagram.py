"""Vectors of datagrams: what can be seen of them without a key."""
from build import SESSION, Piece, counting, data, le, message, number, replaced

KINDS = {"symbol": 1, "heartbeat": 2, "announce": 3}


def prefix(kind, lane, payload_bytes):
    return [Piece(b"SLC", "magic"), Piece(b"\1", "version"), Piece(le(KINDS[kind], 1), f"kind: {kind}"), Piece(le(lane, 1), "lane"),
            Piece(le(payload_bytes, 2), f"payload_bytes {payload_bytes}")]


def sealed_header(kind, lane, payload_bytes, counter, session=SESSION):
    return [*prefix(kind, lane, payload_bytes), Piece(le(session, 8), "session"), Piece(le(counter, 8), f"counter {counter}")]


def symbol_header(lane=0, payload_bytes=4, counter=1, block=0, block_bytes=10, ordinal=0, max_data=2, parity=1, session=SESSION):
    return [*sealed_header("symbol", lane, payload_bytes, counter, session), Piece(le(block, 8), f"block {block}"),
            Piece(le(block_bytes, 4), f"block_bytes {block_bytes}"), Piece(le(ordinal, 4), f"ordinal {ordinal}"),
            Piece(le(max_data, 1), f"max_data {max_data}"), Piece(le(parity, 1), f"parity {parity}"), Piece(bytes(2), "zero")]


def symbol(**fields):
    size = fields.get("payload_bytes", 4)
    return [*symbol_header(**fields), Piece(b"\xaa", "payload, sealed", size), Piece(b"\xbb", "tag", 16)]


def heartbeat(lane=0, payload_bytes=3, counter=1):
    return [*sealed_header("heartbeat", lane, payload_bytes, counter), Piece(b"\xaa", "payload, sealed", payload_bytes),
            Piece(b"\xbb", "tag", 16)]


def announce(payload_bytes=5, lane=0):
    return [*prefix("announce", lane, payload_bytes), Piece(b"\xaa", "payload", payload_bytes)]


def good_symbol(name, **given):
    fields = dict(lane=0, payload_bytes=4, counter=1, block=0, block_bytes=10, ordinal=0, max_data=2, parity=1, session=SESSION) | given
    return {"name": name, "bytes": symbol(**given), "fields": {"kind": "symbol", **fields}}


def good():
    top = 2**64 - 1
    yield good_symbol("symbol")
    yield good_symbol("symbol-all-fields-differ", lane=15, session=top - 1, counter=top - 2, block=top - 3, block_bytes=0x10203,
                      payload_bytes=0x203, max_data=7, parity=3, ordinal=181)
    yield good_symbol("symbol-of-1-byte", payload_bytes=1, block_bytes=1, max_data=1, parity=0)
    yield good_symbol("symbol-of-the-largest-datagram", payload_bytes=8892, block_bytes=16777216)
    yield good_symbol("symbol-last-parity", ordinal=4)
    yield good_symbol("symbol-most-data-and-parity-of-a-codeword", max_data=200, parity=55)
    yield good_symbol("symbol-most-symbols-of-a-block", payload_bytes=64, block_bytes=16777216, max_data=200, parity=0, ordinal=262143)
    for name, fields in (("heartbeat", {}), ("heartbeat-of-1-byte", {"payload_bytes": 1}),
                         ("heartbeat-of-the-largest-datagram", {"payload_bytes": 8912, "lane": 15, "counter": 2**64 - 1})):
        yield {"name": name, "bytes": heartbeat(**fields),
               "fields": {"kind": "heartbeat", "session": SESSION, "lane": 0, "payload_bytes": 3, "counter": 1} | fields}
    for name, size in (("announce", 5), ("announce-of-1-byte", 1), ("announce-of-the-largest-datagram", 8944)):
        yield {"name": name, "bytes": announce(size), "fields": {"kind": "announce", "payload_bytes": size}}


def bad_prefixes(kind, pieces):
    overhead = {"symbol": 60, "heartbeat": 40, "announce": 8}[kind]
    size = sum(len(piece.data) * piece.times for piece in pieces) - overhead
    for at in range(3):
        magic = bytearray(b"SLC")
        magic[at] ^= 0x20
        yield f"magic-{at}", replaced(pieces, "magic", bytes(magic)), "bad-magic"
    for version in (0, 2, 255):
        yield f"version-{version}", replaced(pieces, "version", le(version, 1)), "unknown-version"
    for other in (0, 4, 255):
        yield f"kind-{other}", replaced(pieces, "kind:", le(other, 1)), "unknown-kind"
    for lane in (1, 16, 255) if kind == "announce" else (16, 255):
        yield f"lane-{lane}", replaced(pieces, "lane", le(lane, 1)), "bad-lane"
    for wrong in (0, size - 1, size + 1, 65535):
        yield f"payload-bytes-{wrong}", replaced(pieces, "payload_bytes", le(wrong, 2)), "bad-length"
    yield "one-byte-more", [*pieces, Piece(b"\0", "one byte too many")], "bad-length"


def bad_geometries():
    for name, fields in (
            ("block-bytes-0", {"block_bytes": 0}), ("block-bytes-over", {"block_bytes": 16777217, "payload_bytes": 1412}),
            ("max-data-0", {"max_data": 0}), ("max-data-201", {"max_data": 201}), ("max-data-255", {"max_data": 255}),
            ("parity-56", {"parity": 56}), ("parity-255", {"parity": 255}), ("ordinal-5", {"ordinal": 5}),
            ("ordinal-over", {"ordinal": 2**32 - 1}),
            ("symbols-over", {"payload_bytes": 63, "block_bytes": 63 * 262144 + 1, "max_data": 200, "parity": 0}),
            ("symbols-over-with-parity", {"payload_bytes": 64, "block_bytes": 16777216, "max_data": 200, "parity": 1})):
        yield name, symbol(**fields), "bad-geometry"
    for at in range(2):
        yield f"zero-{at}", replaced(symbol(), "zero", bytes(at == i for i in range(2))), "bad-geometry"


def bad():
    for kind, pieces in (("symbol", symbol()), ("heartbeat", heartbeat()), ("announce", announce())):
        for name, wrong, reason in bad_prefixes(kind, pieces):
            yield {"name": f"{kind}-{name}", "bytes": wrong, "refused": reason}
    for name, wrong, reason in bad_geometries():
        yield {"name": f"symbol-{name}", "bytes": wrong, "refused": reason}
    for name, wrong in (("symbol", symbol(payload_bytes=8893)), ("heartbeat", heartbeat(payload_bytes=8913)), ("announce", announce(8945))):
        yield {"name": f"{name}-beyond-the-largest-datagram", "bytes": wrong, "refused": "bad-length"}
    yield {"name": "nothing", "bytes": [], "refused": "too-short"}


def heartbeat_message(lanes=((0, 1),), now=1_700_000_001_000_000, last=1, oldest=1):
    return [number(1, now, "now_micros"), number(2, last, "last_sequence"), number(3, oldest, "oldest_sequence"),
            *(message(4, [*number(1, lane, "lane"), *number(2, block, "next_block")], f"lanes[{i}]") for i, (lane, block) in enumerate(lanes))]


def heartbeat_payloads():
    def vector(name, parts, fields=None, **refused):
        ends = [0]
        for part in parts:
            ends.append(ends[-1] + sum(len(piece.data) for piece in part))
        outcome = {"fields": fields, "readable_prefixes": sorted(set(ends))} if fields else refused
        return {"name": name, "bytes": [piece for part in parts for piece in part], **outcome}

    def fields(lanes=((0, 1),), now=1_700_000_001_000_000, last=1, oldest=1):
        return {"now_micros": now, "last_sequence": last, "oldest_sequence": oldest,
                "lanes": [{"lane": lane, "next_block": block} for lane, block in lanes]}

    def refused(cause):
        return {"refused": "heartbeat", "code": "invalid", "thing": "heartbeat", "cause": cause}
    full = tuple((lane, 2**64 - 1 - lane) for lane in range(16))
    yield vector("heartbeat", heartbeat_message(), fields())
    yield vector("nothing-sent-yet", heartbeat_message((), last=0, oldest=0), fields((), last=0, oldest=0))
    yield vector("sixteen-lanes-and-largest-numbers", heartbeat_message(full, 2**62, 2**64 - 1, 2**63), fields(full, 2**62, 2**64 - 1, 2**63))
    yield vector("before-1970", heartbeat_message(now=-1), fields(now=-1))
    yield vector("unknown-field", [*heartbeat_message(), data(15, b"newer", "unknown")], fields())
    yield vector("lane-16", heartbeat_message(((16, 1),)), **refused("names lane 16"))
    yield vector("lane-over", heartbeat_message(((2**32 - 1, 1),)), **refused("names lane 4294967295"))
    yield vector("lane-twice", heartbeat_message(((3, 1), (3, 2))), **refused("names lane 3"))
    yield vector("seventeen-lanes", heartbeat_message((*full, (0, 1))), **refused("names 17 lanes"))
    yield vector("not-a-message", [[Piece(counting(0xF8, 5), "no fields")]], **refused("cannot be parsed"))
    yield vector("field-number-0", [[Piece(b"\0\1", "field 0")]], **refused("cannot be parsed"))


FILES = {
    "datagram": ("A datagram as it can be seen without a key: docs/protocol.md, Datagram.",
                 lambda: [*good(), *bad()]),
    "heartbeat": ("A heartbeat's payload, opened: docs/protocol.md, Heartbeat.", lambda: [*heartbeat_payloads()]),
}
