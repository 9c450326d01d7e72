"""Vectors of blocks. Each stands at a place, to which its signature is bound."""
import hashlib

import build
from build import SESSION, Piece, counting, data, join, le, message, number, replaced, text

PLACE = {"session": SESSION, "lane": 0, "number": 0}
CONTENT = b"Hello, closed network!\n"
EVEN = b"sluice " * 64  # 448 bytes
# The same compressed at level 1, made once: other versions of libzstd may choose other bytes.
EVEN_ZSTD = bytes.fromhex("28b52ffd60c00075000038736c75696365200100b6528b11")
MIB16 = 1 << 24


def digest(content):
    return hashlib.sha256(content).digest()


def rle_frame(byte, count):
    """A zstd frame (RFC 8878) of RLE blocks: one segment, its size in four bytes."""
    blocks = [min(count - at, 1 << 17) for at in range(0, count, 1 << 17)]
    return b"\x28\xb5\x2f\xfd\xa0" + le(count, 4) + b"".join(
        le((i + 1 == len(blocks)) | 1 << 1 | size << 3, 3) + byte for i, size in enumerate(blocks))


def frame(kind, pieces):
    return message(1, message({"part": 1, "notice": 2, "newer": 9}[kind], pieces, kind), "frame")


def part(content=CONTENT, stored=None, encoding=0, **wrong):
    """A whole blob in one part, and its stored bytes."""
    stored = content if stored is None else stored
    f = dict(blob=digest(content), blob_size=len(content), offset=0, length=len(content), stored_length=len(stored)) | wrong
    pieces = [*data(1, f["blob"], "blob"), *number(2, f["blob_size"], "blob_size"), *number(3, f["offset"], "offset"),
              *number(4, f["length"], "length"), *number(5, f["stored_length"], "stored_length"), *number(6, encoding, "encoding")]
    return frame("part", pieces), stored


def shown_part(content=CONTENT, stored=None, zstd_coded=False, **other):
    stored = content if stored is None else stored
    return {"blob": digest(content).hex(), "blob_size": len(content), "offset": 0, "length": len(content), "zstd": zstd_coded,
            "stored": stored.hex(), "decoded_sha256": digest(content).hex()} | other


def notice(sequence=1, manifest=counting(0x90), size=195, number_of_pass=0):
    pieces = [*number(1, sequence, "sequence"), *data(2, manifest, "manifest"), *number(3, size, "manifest_size"),
              *number(4, number_of_pass, "pass")]
    return frame("notice", pieces), b""


def shown_notice(sequence=1, manifest=counting(0x90), size=195, number_of_pass=0):
    return {"sequence": sequence, "manifest": manifest.hex(), "manifest_size": size, "pass": number_of_pass}


def block(*frames, head=None, stored=None, seed=build.SIGNING_SEED, domain="block", place=None, signature=None):
    place = PLACE | (place or {})
    head = [piece for frame_pieces, _ in frames for piece in frame_pieces] if head is None else head
    stored = b"".join(bytes_of_part for _, bytes_of_part in frames) if stored is None else stored
    statement = le(place["session"], 8) + le(place["lane"], 1) + le(place["number"], 8) + digest(join(head))
    return [Piece(b"SLBK", "magic"), Piece(b"\1", "version"), Piece(bytes(3), "zero"), Piece(le(len(stored), 4), f"data_bytes {len(stored)}"),
            Piece(le(len(join(head)), 4), f"head_bytes {len(join(head))}"), Piece(signature or build.sign(domain, statement, seed), "signature"),
            Piece(stored, "data"), *head]


def vector(name, pieces, parts=(), notices=(), unknown_frames=0, place=None, **more):
    fields = {"parts": list(parts), "notices": list(notices), "unknown_frames": unknown_frames}
    return {"name": name, "place": PLACE | (place or {}), "bytes": pieces, "fields": fields, **more}


def good():
    yield vector("notice-and-part", block(notice(), part()), [shown_part()], [shown_notice()], order=["notice", "part"])
    yield vector("without-frames", block(), order=[])
    yield vector("empty-blob", block(part(b"")), [shown_part(b"")], order=["part"])
    far = {"session": 2**64 - 1, "lane": 15, "number": 2**64 - 2}
    yield vector("far-place", block(part(), place=far), [shown_part()], place=far, order=["part"])
    largest = dict(blob_size=4398046511104, offset=4398046511104 - len(CONTENT))
    yield vector("end-of-the-largest-blob", block(part(**largest)), [shown_part(**largest)], order=["part"])
    topmost = dict(sequence=2**64 - 1, size=67108864, number_of_pass=2**32 - 1)
    yield vector("notice-with-largest-numbers", block(notice(**topmost)), [], [shown_notice(**topmost)], order=["notice"])
    two = [part(b"first"), part(b"second"), notice(2), part(b"third")]
    yield vector("parts-own-the-data-in-order", block(*two), [shown_part(b"first"), shown_part(b"second"), shown_part(b"third")],
                 [shown_notice(2)], order=["part", "part", "notice", "part"])
    packed = EVEN_ZSTD
    yield vector("zstd", block(part(EVEN, packed, 1)), [shown_part(EVEN, packed, True)])
    letters, halves = b"a" * 200 + b"b" * 248, rle_frame(b"a", 200) + rle_frame(b"b", 248)
    yield vector("zstd-of-two-frames", block(part(letters, halves, 1)), [shown_part(letters, halves, True)])
    zeros, packed = bytes(MIB16), rle_frame(b"\0", MIB16)
    yield vector("zstd-part-of-16-mib", block(part(zeros, packed, 1)), [shown_part(zeros, packed, True)])
    yield vector("newer-kind-of-frame", block((frame("newer", number(1, 7, "field")), b""), part()), [shown_part()], unknown_frames=1)
    yield vector("newer-encoding", block(part(b"packed otherwise", encoding=7), part()), [shown_part()], unknown_frames=1)
    yield vector("newer-field-in-a-head", block(head=[*text(15, "newer", "unknown"), *number(14, 1, "unknown"), *part()[0]], stored=CONTENT),
                 [shown_part()])
    yield vector("40000-frames", block(head=[Piece(b"\x0a\x00", "frame without a kind", 40000)]), unknown_frames=40000)
    yield vector("frame-of-two-kinds-is-the-last", block(head=message(1, [*message(1, [], "part"), *message(2, join_notice(), "notice")], "frame")),
                 [], [shown_notice()])


def join_notice():
    return [*number(1, 1, "sequence"), *data(2, counting(0x90), "manifest"), *number(3, 195, "manifest_size")]


def refused(name, pieces, reason, cause, place=None):
    place = PLACE | (place or {})
    return {"name": name, "place": place, "bytes": pieces, "refused": reason, "code": "integrity",
            "thing": f"block {place['number']} of lane {place['lane']}", "cause": cause}


def bad_prefix():
    whole = block(notice(), part())
    for at in range(4):
        magic = bytearray(b"SLBK")
        magic[at] ^= 0x20
        yield refused(f"magic-{at}", replaced(whole, "magic", bytes(magic)), "magic", "does not begin like a block")
    for version in (0, 2, 255):
        yield refused(f"version-{version}", replaced(whole, "version", le(version, 1)), "version", "has version")
    for at in range(3):
        yield refused(f"zero-{at}", replaced(whole, "zero", bytes(at == i for i in range(3))), "version", "has version")
    for name, wrong in (("data_bytes", 22), ("data_bytes", 24), ("data_bytes", 2**32 - 1), ("head_bytes", 0), ("head_bytes", 4194304)):
        yield refused(f"{name.replace('_', '-')}-{wrong}", replaced(whole, name, le(wrong, 4)), "lengths", "is longer or shorter than its prefix")
    for wrong in (4194305, 2**32 - 1):
        yield refused(f"head-bytes-{wrong}", replaced(whole, "head_bytes", le(wrong, 4)), "head-limit", "has a head of")
    yield refused("one-byte-more", [*whole, Piece(b"\0", "one byte too many")], "lengths", "is longer or shorter than its prefix")


def bad_signature():
    frames = (notice(), part())
    cause = "is not signed for this place"
    for name, wrong in (("session", SESSION + 1), ("lane", 1), ("number", 1)):
        yield refused(f"of-another-{name}", block(*frames, place={name: wrong}), "signature", cause)
    yield refused("signed-by-another-key", block(*frames, seed=build.OTHER_SIGNING_SEED), "signature", cause)
    yield refused("signed-in-the-domain-of-shipments", block(*frames, domain="shipment"), "signature", cause)
    signature = next(piece.data for piece in block(*frames) if piece.remark == "signature")
    for at in (0, 31, 32, 63):
        wrong = bytearray(signature)
        wrong[at] ^= 1
        yield refused(f"signature-bit-of-byte-{at}", block(*frames, signature=bytes(wrong)), "signature", cause)
    yield refused("head-changed-after-signing", block(notice(2), part(), signature=signature), "signature", cause)


def bad_frames():
    for name, head in (("no-field", [Piece(b"\0\0", "field 0")]), ("field-cut-off", [Piece(b"\x0a\x05\x12", "frame, 5 bytes that are not there")]),
                       ("group", [Piece(b"\x0b\x0c", "a group")])):
        yield refused(f"head-{name}", block(head=head), "head", "has a head that cannot be parsed")
    yield refused("frame-cannot-be-parsed", block(head=message(1, [Piece(b"\x0a\x09\x08", "part, 9 bytes that are not there")], "frame")),
                  "frame", "has a frame that cannot be parsed")
    yield refused("40001-frames", block(head=[Piece(b"\x0a\x00", "frame without a kind", 40001)]), "frames-limit", "has more than 40000 frames")
    yield refused("data-without-frame", block(notice(), stored=b"x"), "data-left", "has data that no frame names")
    yield refused("data-behind-the-last-part", block(part(), stored=CONTENT + b"x"), "data-left", "has data that no frame names")
    yield refused("part-beyond-the-data", block(part(b"first"), part(stored_length=24, length=24, blob_size=24)), "part-data", "ends beyond its data")
    yield refused("newer-encoding-beyond-the-data", block(part(encoding=7, stored_length=24)), "part-data", "ends beyond its data")


def bad_parts():
    for size in (0, 31, 33):
        yield refused(f"blob-name-of-{size}-bytes", block(part(blob=counting(1, size))), "blob-name", "whose blob is not named by a SHA-256")
    top = 4398046511104
    cause = f"has a part of blob {digest(CONTENT).hex()} whose lengths cannot be"
    for name, wrong in (
            ("blob-over", {"blob_size": top + 1}), ("offset-beyond-the-blob", {"offset": 24, "length": 0, "stored_length": 0}),
            ("end-beyond-the-blob", {"offset": 1}), ("offset-near-2-64", {"offset": 2**64 - 1}), ("blob-size-0", {"blob_size": 0}),
            ("length-below-stored", {"length": 22}), ("length-above-stored", {"length": 24, "blob_size": 24})):
        frames = part(**wrong)
        stored = b"" if wrong.get("stored_length") == 0 else CONTENT
        yield refused(f"part-{name}", block((frames[0], stored)), "part-lengths", cause)
    yield refused("part-empty-of-a-blob-that-is-not", block(part(b"", blob=digest(CONTENT), blob_size=23)), "part-lengths", cause)
    packed = EVEN_ZSTD
    cause = f"has a part of blob {digest(EVEN).hex()} whose lengths cannot be"
    yield refused("zstd-that-gains-nothing", block(part(EVEN, packed, 1, length=len(packed))), "part-lengths", cause)
    yield refused("zstd-longer-than-what-it-holds", block(part(EVEN, packed, 1, length=len(packed) - 1)), "part-lengths", cause)
    large = dict(blob_size=MIB16 + 1, length=MIB16 + 1)
    yield refused("part-of-more-than-16-mib", block(part(EVEN, packed, 1, **large)), "part-lengths", cause)
    full = part(EVEN, packed, 1, blob_size=MIB16, length=MIB16)
    little = part(EVEN, b"\0", 0, blob_size=MIB16, length=1)
    yield refused("decoded-bytes-over", block(full, full, full, full, little), "part-lengths", cause)
    yield vector("decoded-bytes-at-the-limit", block(full, full, full, full),
                 [shown_part(EVEN, packed, True, blob_size=MIB16, length=MIB16, decoded_sha256=None)] * 4)


def bad_zstd():
    """The block is good, the part's bytes are not."""
    packed = EVEN_ZSTD
    spoiled = packed[:4] + le(packed[4] ^ 0x08, 1) + packed[5:]
    for name, stored, length in (("decodes-to-fewer", packed, 449), ("decodes-to-more", packed, 447), ("is-cut-off", packed[:-1], 448),
                                 ("is-garbage", counting(0, 20), 448), ("has-a-wrong-header", spoiled, 448), ("is-nothing", b"", 448)):
        shown = shown_part(EVEN, stored, True, blob_size=449, length=length, decoded_sha256=None)
        yield vector(f"zstd-{name}", block(part(EVEN, stored, 1, blob_size=449, length=length)), [shown])


def bad_notices():
    for name, wrong in (("sequence-0", {"sequence": 0}), ("manifest-of-0-bytes", {"manifest": b""}), ("manifest-of-31-bytes", {"manifest": counting(1, 31)}),
                        ("manifest-of-33-bytes", {"manifest": counting(1, 33)}), ("size-0", {"size": 0}), ("size-over", {"size": 67108865})):
        yield refused(f"notice-{name}", block(notice(**wrong)), "notice", f"has a notice of shipment {wrong.get('sequence', 1)}")


FILES = {"block": ("A block at its place; decoded_sha256 null: its stored bytes do not decode to its length. docs/protocol.md, Block.",
                   lambda: [*good(), *bad_prefix(), *bad_signature(), *bad_frames(), *bad_parts(), *bad_zstd(), *bad_notices()])}
