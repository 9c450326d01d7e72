"""Vectors of what a receiver does with one datagram after another, and of the erasure code and the replay window alone."""
import build
import erasure
from build import SESSION, Piece, counting, join, le, replaced, seal
from make_announce import signed
from make_block import CONTENT, block, notice, part
from make_datagram import heartbeat_message, sealed_header, symbol_header

BAD_TAG, REPLAYED, TOO_OLD = ("sluice_link_rejected_total " + reason for reason in ("bad-tag", "replayed", "too-old"))
UNKNOWN, GEOMETRY, LENGTH = ("sluice_link_rejected_total " + reason for reason in ("unknown-session", "bad-geometry", "bad-length"))
ACCEPTED, OUTDATED, FOREIGN = ("sluice_link_announces_total " + result for result in ("accepted", "outdated-epoch", "wrong-sender-key"))
ALIVE, SURPLUS, WHOLE, MENDED = ("sluice_link_heartbeats_total", "sluice_link_surplus_symbols_total", "sluice_link_blocks_total recovered",
                                 "sluice_link_recovered_symbols_total")
BLOCK = join(block(notice(), part()))
CUT = dict(block_bytes=len(BLOCK), payload_bytes=80, max_data=2, parity=1)
SYMBOLS = erasure.encode(erasure.Geometry(len(BLOCK), 80, 2, 1), BLOCK)
OTHER_SESSION, THIRD_SESSION = SESSION + 1, SESSION + 2


def symbol(ordinal, counter, lane=0, session=SESSION, key=build.SESSION_KEY, payload=None, **cut):
    header = symbol_header(lane=lane, counter=counter, ordinal=ordinal, session=session, **(CUT | cut))
    return [*header, *seal(join(header), payload or SYMBOLS[ordinal], lane, counter, key)]


def heartbeat(counter, lane=0, session=SESSION, key=build.SESSION_KEY, payload=None, header_lane=None):
    payload = payload or join([piece for field in heartbeat_message(()) for piece in field])
    header = sealed_header("heartbeat", lane if header_lane is None else header_lane, len(payload), counter, session)
    return [*header, *seal(join(header), payload, lane, counter, key)]


def announce(epoch=3, session=SESSION, key=build.SESSION_KEY, **other):
    return signed(epoch=epoch, session=session, **other)


def step(pieces, *counted):
    return {"bytes": pieces, "counted": sorted(counted)}


def scene(name, *steps, blocks=()):
    return {"name": name, "steps": list(steps), "blocks": [{"session": SESSION, "lane": lane, "number": number, "bytes": BLOCK.hex()}
                                                           for lane, number in blocks]}


def whole_blocks():
    yield scene("block-without-loss", step(announce(), ACCEPTED), step(symbol(0, 1)), step(symbol(1, 2)), step(symbol(2, 3), WHOLE),
                step(symbol(3, 4), SURPLUS), step(heartbeat(5), ALIVE), blocks=[(0, 0)])
    yield scene("block-with-losses-in-both-codewords", step(announce(), ACCEPTED), step(symbol(2, 3)), step(symbol(3, 4)),
                step(symbol(4, 5), WHOLE, MENDED, MENDED), blocks=[(0, 0)])
    yield scene("blocks-of-two-lanes-mixed", step(announce(), ACCEPTED), *(step(symbol(n, n + 1, lane=lane), *([WHOLE] if n == 2 else []))
                                                                         for n in range(3) for lane in (0, 15)), blocks=[(0, 0), (15, 0)])
    yield scene("second-symbol-of-an-ordinal", step(announce(), ACCEPTED), step(symbol(0, 1)), step(symbol(0, 2), SURPLUS))
    for name, other in (("block-bytes", len(BLOCK) + 1), ("max-data", 3), ("parity", 2), ("payload-bytes", 79)):
        wrong = {name.replace("-", "_"): other}
        yield scene(f"symbol-of-another-{name}", step(announce(), ACCEPTED), step(symbol(0, 1)),
                    step(symbol(1, 2, payload=bytes(wrong.get("payload_bytes", 80)), **wrong), GEOMETRY),
                    step(symbol(1, 3)), step(symbol(2, 4), WHOLE), blocks=[(0, 0)])


def bad_tags():
    good = symbol(0, 1)
    for name, value in (("counter", le(2, 8)), ("block", le(1, 8)), ("block_bytes", le(len(BLOCK) - 1, 4)), ("ordinal", le(1, 4)),
                        ("max_data", b"\3"), ("parity", b"\2"), ("lane", b"\1")):
        yield scene(f"symbol-with-another-{name.replace('_', '-')}", step(announce(), ACCEPTED), step(replaced(good, name, value), BAD_TAG),
                    step(good))
    for name, wrong in (("payload,", bytes([good[-2].data[0] ^ 1]) + good[-2].data[1:]), ("tag", good[-1].data[:-1] + bytes([good[-1].data[-1] ^ 0x80]))):
        yield scene(f"symbol-with-a-bit-of-the-{name.strip(',')}", step(announce(), ACCEPTED), step(replaced(good, name, wrong), BAD_TAG), step(good))
    yield scene("another-key", step(announce(), ACCEPTED), step(heartbeat(1, key=build.OTHER_SESSION_KEY), BAD_TAG), step(heartbeat(1), ALIVE))
    yield scene("sealed-for-another-lane", step(announce(), ACCEPTED), step(heartbeat(1, lane=0, header_lane=1), BAD_TAG))
    kind = replaced(heartbeat(1), "kind:", b"\1")
    yield scene("heartbeat-called-a-symbol", step(announce(), ACCEPTED), step(kind, "sluice_link_rejected_total too-short"))


def replays():
    yield scene("once-each", step(announce(), ACCEPTED), step(heartbeat(1), ALIVE), step(heartbeat(1), REPLAYED), step(heartbeat(2), ALIVE),
                step(heartbeat(1), REPLAYED), step(symbol(0, 3)), step(symbol(0, 3), REPLAYED), step(heartbeat(3), REPLAYED))
    yield scene("counter-0", step(announce(), ACCEPTED), step(heartbeat(0), TOO_OLD), step(heartbeat(1), ALIVE))
    yield scene("the-windows-end", step(announce(), ACCEPTED), step(heartbeat(70000), ALIVE), step(heartbeat(70000 - 65536), TOO_OLD),
                step(heartbeat(70000 - 65535), ALIVE), step(heartbeat(70000 - 65535), REPLAYED), step(heartbeat(70001), ALIVE),
                step(heartbeat(70001 - 65536), TOO_OLD))
    yield scene("lanes-have-windows-of-their-own", step(announce(), ACCEPTED), step(heartbeat(100000), ALIVE), step(heartbeat(1, lane=1), ALIVE),
                step(heartbeat(1), TOO_OLD))
    forged = heartbeat(2**64 - 1, key=build.OTHER_SESSION_KEY)
    yield scene("a-forged-counter-does-not-move-the-window", step(announce(), ACCEPTED), step(forged, BAD_TAG), step(heartbeat(1), ALIVE))
    yield scene("largest-counter", step(announce(), ACCEPTED), step(heartbeat(2**64 - 1), ALIVE), step(heartbeat(2**64 - 1), REPLAYED))


def sessions():
    yield scene("before-any-announce", step(symbol(0, 1), UNKNOWN), step(heartbeat(1), UNKNOWN), step(announce(), ACCEPTED), step(heartbeat(1), ALIVE))
    yield scene("announced-again", step(announce(), ACCEPTED), step(heartbeat(1), ALIVE), step(announce(now=1_700_000_002_000_000), ACCEPTED),
                step(heartbeat(1), REPLAYED))
    yield scene("epochs", step(announce(epoch=3), ACCEPTED), step(announce(epoch=2, session=OTHER_SESSION), OUTDATED),
                step(announce(epoch=3, session=OTHER_SESSION), OUTDATED), step(announce(epoch=4, session=OTHER_SESSION), ACCEPTED),
                step(heartbeat(1, session=OTHER_SESSION), ALIVE), step(heartbeat(1), ALIVE), step(announce(epoch=3), ACCEPTED),
                step(announce(epoch=5, session=THIRD_SESSION), ACCEPTED), step(heartbeat(2), UNKNOWN), step(announce(epoch=3), OUTDATED),
                step(heartbeat(2, session=OTHER_SESSION), ALIVE))
    yield scene("another-streams-name", step(announce(stream="lab-other"), FOREIGN), step(heartbeat(1), UNKNOWN))
    yield scene("heartbeat-that-cannot-be-read", step(announce(), ACCEPTED), step(heartbeat(1, payload=counting(0xF8, 5)), LENGTH),
                step(heartbeat(1, payload=counting(0xF8, 5)), REPLAYED))


def geometries():
    def vector(block_bytes, symbol_bytes, max_data, parity):
        g = erasure.Geometry(block_bytes, symbol_bytes, max_data, parity)
        cut = dict(block_bytes=block_bytes, symbol_bytes=symbol_bytes, max_data=max_data, parity=parity)
        outcome = {"fields": {"data_symbols": g.data_symbols, "codewords": g.codewords, "total_symbols": g.total,
                              "first_codeword": g.data_in(0), "last_codeword": g.data_in(g.codewords - 1)}} if g.valid else {"refused": "bad-geometry"}
        return {"name": "-".join(map(str, cut.values())), "geometry": cut, **outcome}
    for cut in ((1, 1, 1, 0), (1, 8952, 200, 55), (190, 80, 2, 1), (16777216, 8892, 200, 55), (16777216, 64, 200, 0), (262144, 1, 200, 0),
                (1000, 10, 7, 3), (1001, 10, 200, 55), (16777216, 1412, 200, 22),
                (0, 80, 2, 1), (16777217, 1412, 2, 1), (190, 0, 2, 1), (190, 8953, 2, 1), (190, 80, 0, 1), (190, 80, 201, 1), (190, 80, 2, 56),
                (16777216, 63, 200, 0), (16777216, 64, 200, 1), (262145, 1, 200, 0)):
        yield vector(*cut)


def codes():
    def vector(name, cut, recovers=(), lacks=()):
        content = bytes((i * 7 + i // 251) & 0xFF for i in range(cut[0]))
        g = erasure.Geometry(*cut)
        parity = erasure.encode(g, content)[g.data_symbols:]
        return {"name": name, "geometry": dict(zip(("block_bytes", "symbol_bytes", "max_data", "parity"), cut)),
                "bytes": [Piece(content[at:at + 64], f"block from {at}") for at in range(0, len(content), 64)],
                "parity": [symbol.hex() for symbol in parity], "recovers": list(recovers), "lacks": list(lacks)}
    yield vector("two-codewords", (190, 80, 2, 1), [[0, 1, 2], [1, 2, 3], [0, 4, 3]], [[0, 1], [0, 2, 3], [1, 4, 0]])
    yield vector("one-symbol", (5, 8, 1, 3), [[0], [1], [2], [3]], [[]])
    yield vector("without-parity", (33, 4, 4, 0), [[*range(9)]], [[*range(8)]])
    yield vector("all-data-lost", (40, 4, 5, 5), [[n for n in range(10, 20)]], [[n for n in range(11, 20)]])
    yield vector("codewords-of-two-lengths", (55, 5, 4, 2), [[0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13], [3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15]],
                 [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 3, 4, 6, 7, 9, 12, 13, 14, 15, 16]])
    yield vector("the-longest-codeword", (200, 1, 200, 55), [[*range(55, 255)], [*range(0, 200, 2), *range(1, 91, 2), *range(200, 255)]],
                 [[*range(56, 255)]])


def windows():
    def vector(name, window, *asked):
        return {"name": name, "window": window, "counters": [counter for counter, _ in asked], "verdicts": [verdict for _, verdict in asked]}
    fresh, seen, old = "fresh", "seen", "too-old"
    yield vector("in-order", 64, (1, fresh), (2, fresh), (3, fresh), (3, seen), (2, seen), (1, seen))
    yield vector("zero", 64, (0, old), (1, fresh), (0, old))
    yield vector("edge", 64, (64, fresh), (0, old), (1, fresh), (1, seen), (65, fresh), (1, old), (2, fresh), (64, seen))
    yield vector("edge-across-words", 64, (100, fresh), (36, old), (37, fresh), (37, seen), (163, fresh), (99, old), (100, seen), (101, fresh))
    yield vector("jump-over-everything", 64, (5, fresh), (10**6, fresh), (5, old), (10**6 - 63, fresh), (10**6 - 64, old), (10**6, seen))
    yield vector("jump-of-a-whole-ring", 64, (1, fresh), (129, fresh), (66, fresh), (65, old), (129, seen))
    yield vector("rounded-up", 1, (100, fresh), (37, fresh), (36, old))
    yield vector("rounded-up-to-two-words", 65, (200, fresh), (73, fresh), (72, old))
    yield vector("as-configured", 65536, (65537, fresh), (1, old), (2, fresh), (2, seen), (65536, fresh), (65537, seen))
    yield vector("largest", 64, (2**64 - 2, fresh), (2**64 - 1, fresh), (2**64 - 64, fresh), (2**64 - 65, old), (2**64 - 1, seen), (1, old))


FILES = {
    "link": ("Datagrams one after another, each with the counters of the receiver that it raises, and the blocks that come out. Stream "
             "lab-low with the test keys, nothing heard before: docs/protocol.md, Datagram and Announce.",
             lambda: [*whole_blocks(), *bad_tags(), *replays(), *sessions()]),
    "geometry": ("How a block is cut: docs/protocol.md, Symbols and the erasure code.", lambda: [*geometries()]),
    "code": ("Parity of a block, sets of symbols that bring it back, and such that lack one: docs/protocol.md, Symbols and the erasure code.",
             lambda: [*codes()]),
    "replay": ("Counters asked one after another: docs/protocol.md, Replay window.", lambda: [*windows()]),
}
