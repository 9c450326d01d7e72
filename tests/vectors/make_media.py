"""Vectors of removable media: the sector that a slice begins with."""
import hashlib

import build
import make_announce
from build import Piece, join, le

HEAD = {"stream": "lab-low", "bundle": 1_780_000_000, "volume": 2, "group": 3, "sector": 77, "session": build.SESSION, "files": 24, "heads": 1, "last": True,
        "max_data": 160, "parity": 32, "blocks": [4_194_304, 1000, 80]}
SECTOR = 2048
ANNOUNCE = join(make_announce.signed())


def statement(head):
    stream = head["stream"].encode()
    fields = [("bundle", 8), ("volume", 2), ("group", 4), ("sector", 8), ("session", 8), ("files", 1), ("heads", 1)]
    pieces = [Piece(le(len(stream), 1) + stream, f'stream "{head["stream"]}"')]
    pieces += [Piece(le(head[name], size), f"{name} {head[name]}") for name, size in fields]
    flags = head.get("flags", int(head["last"]))
    pieces += [Piece(le(flags, 1), f"flags {flags}")]
    pieces += [Piece(le(head[name], 1), f"{name} {head[name]}") for name in ("max_data", "parity")]
    pieces += [Piece(le(head.get("count", len(head["blocks"])), 1), "blocks")]
    return pieces + [Piece(le(size, 4), f"block[{at}] {size} bytes") for at, size in enumerate(head["blocks"])]


def sector(head, file=5, announce=ANNOUNCE, magic=b"SLMH", version=1, more=b"", signature=None, check=None, size=SECTOR, announce_bytes=None):
    said = [*statement(head), Piece(more)] if more else statement(head)
    begin = [Piece(magic, "magic"), Piece(le(version, 1), "version"), Piece(le(file, 1), f"file {file}"), Piece(le(len(join(said)), 2), "statement bytes"),
             Piece(le(len(announce) if announce_bytes is None else announce_bytes, 2), "announce bytes"), Piece(bytes(6), "zero")]
    end = [Piece(build.sign("media", join(said)) if signature is None else signature, "signature"), *said, Piece(announce, "announce")]
    rest = size - len(join(begin)) - 16 - len(join(end))
    end += [Piece(b"\0", "zeros", rest)] if rest > 0 else []
    digest = hashlib.sha256(join(begin) + bytes(16) + join(end)).digest()[:16]
    return [*begin, Piece(digest if check is None else check, "check"), *end]


def good():
    def vector(name, head, file=5, announce=ANNOUNCE, **how):
        signed = how.pop("signed", True)
        return {"name": name, "bytes": sector(head, file, announce, **how), "fields": {**head, "file": file, "announce": announce.hex(), "signed": signed}}
    yield vector("head", HEAD)
    yield vector("one-file-one-block", HEAD | {"files": 1, "last": False, "blocks": [80], "group": 0, "sector": 0, "volume": 1}, 0)
    yield vector("the-largest", HEAD | {"stream": "x" * 64, "bundle": 2**64 - 1, "volume": 2**16 - 1, "group": 2**32 - 1, "sector": 2**35, "files": 64, "heads": 4,
                                        "blocks": [4_194_304] * 32}, 63, b"\x55" * 1452)
    yield vector("no-announce", HEAD, announce=b"")
    yield vector("signed-by-another", HEAD, signature=build.sign("media", join(statement(HEAD)), build.OTHER_SIGNING_SEED), signed=False)
    yield vector("signed-for-another-place", HEAD, signature=build.sign("block", join(statement(HEAD))), signed=False)


def vectors():
    yield from good()

    def wrong(name, reason, **fields):
        how = {key: fields.pop(key) for key in ("file", "announce", "magic", "version", "more", "check", "size", "announce_bytes") if key in fields}
        return {"name": name, "bytes": sector(HEAD | fields, **how), "refused": reason}
    yield wrong("another-magic", "magic", magic=b"SLMG")
    yield wrong("another-version", "version", version=2)
    yield wrong("another-check", "check", check=bytes(16))
    yield wrong("a-byte-too-long", "length", size=SECTOR + 1)
    yield wrong("a-byte-too-short", "length", size=SECTOR - 1)
    yield wrong("an-announce-that-is-too-long", "announce", announce=b"\x55" * 1453)
    yield wrong("an-announce-beyond-the-end", "announce", announce_bytes=2000)
    yield wrong("more-in-the-statement", "statement", more=b"\0")
    yield wrong("more-blocks-than-it-has", "statement", count=4)
    yield wrong("an-unknown-flag", "statement", flags=2)
    yield wrong("no-stream", "statement", stream="")
    yield wrong("a-stream-that-is-none", "statement", stream="lab low")
    yield wrong("bundle-0", "statement", bundle=0)
    yield wrong("volume-0", "statement", volume=0)
    yield wrong("no-files", "statement", files=0, file=0)
    yield wrong("65-files", "statement", files=65)
    yield wrong("a-file-beyond-the-last", "statement", file=24)
    yield wrong("no-heads", "statement", heads=0)
    yield wrong("5-heads", "statement", heads=5)
    yield wrong("no-blocks", "statement", blocks=[])
    yield wrong("33-blocks", "statement", blocks=[80] * 33)
    yield wrong("a-block-of-nothing", "statement", blocks=[80, 0])
    yield wrong("a-block-that-is-too-large", "statement", blocks=[(16 << 20) + 1])
    yield wrong("a-codeword-that-is-too-long", "statement", max_data=201)
    yield wrong("too-much-parity", "statement", parity=56)
    yield wrong("a-sector-beyond-the-largest-volume", "statement", sector=2**35 + 1)


FILES = {"media-head": ("The sector that a slice begins with: docs/protocol.md, Removable media. `signed` says whether the sender's signature holds.",
                        lambda: [*vectors()])}
