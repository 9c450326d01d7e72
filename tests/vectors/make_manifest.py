"""Vectors of manifests: the signed envelope of a shipment."""
import build
from build import Piece, counting, data, envelope, join, message, number, text

BLOB, OTHER_BLOB = counting(0x10), counting(0x50)
CREATED = 1_700_000_000_000_000
ALIAS_BYTES = {1: 32, 2: 64, 3: 20, 4: 16, 5: 20}
ALIAS_NAMES = {1: "SHA256", 2: "SHA512", 3: "SHA1", 4: "MD5", 5: "GIT_BLOB_SHA1"}


def alias(algorithm, digest):
    return message(3, [*number(1, algorithm, "algorithm"), *data(2, digest, "digest")], "alias")


def blob(sha256=BLOB, size=23, more=()):
    return message(6, [*data(1, sha256, "sha256"), *number(2, size, "size"), *more], "blob")


def record(ecosystem="file", document="drop/hello.txt", body=b"", blobs=(), withdrawn=False):
    return message(7, [*data(1, ecosystem.encode(), "ecosystem"), *data(2, document.encode(), "document"), *data(3, body, "body"),
                       *(piece for name in blobs for piece in [Piece(b"\x22" + build.varint(len(name)) + name, "blobs")]),
                       *number(5, int(withdrawn), "withdrawn")], "record")


def after(*sequences):
    return data(5, b"".join(build.varint(sequence) for sequence in sequences), "after", "packed")


def shipment(*parts, stream="lab-low", sequence=7, source="drop"):
    return [*data(1, stream.encode(), "stream"), *number(2, sequence, "sequence"), *number(3, CREATED, "created_micros"),
            *text(4, source, "source"), *(piece for part in parts for piece in part)]


def manifest(*parts, **fields):
    return envelope("shipment", shipment(*parts, **fields))


FIELDS = {"stream": "lab-low", "sequence": 7, "created_micros": CREATED, "source": "drop"}
SHOWN_BLOB = {"sha256": BLOB.hex(), "size": 23}
SHOWN_RECORD = {"ecosystem": "file", "document": "drop/hello.txt"}


def good():
    def vector(name, pieces, written=False, **fields):
        return {"name": name, "bytes": pieces, "fields": FIELDS | fields, **({"written": True} if written else {})}
    yield vector("one-file", manifest(blob(), record(blobs=[BLOB])), True, blobs=[SHOWN_BLOB], records=[SHOWN_RECORD | {"blobs": [BLOB.hex()]}])
    yield vector("nothing", manifest(), True)
    aliases = [alias(algorithm, counting(algorithm, size)) for algorithm, size in ALIAS_BYTES.items()]
    more = [*(piece for one in aliases for piece in one), *text(4, "hello.txt", "name"), *text(5, "https://example.org/hello.txt", "origin"),
            *message(6, [*text(1, "sri", "kind"), *text(2, "sha512-…", "detail")], "evidence"), *message(6, text(1, "gpg", "kind"), "evidence")]
    shown = {"aliases": [{"algorithm": ALIAS_NAMES[algorithm], "digest": counting(algorithm, size).hex()} for algorithm, size in ALIAS_BYTES.items()],
             "name": "hello.txt", "origin": "https://example.org/hello.txt", "evidence": [{"kind": "sri", "detail": "sha512-…"}, {"kind": "gpg"}]}
    yield vector("every-field", manifest(after(1, 6), blob(more=more), blob(OTHER_BLOB, 4398046511104), record(body=b"\xff\0body", blobs=[BLOB, OTHER_BLOB]),
                                         record(document="gone", withdrawn=True), record("npm", "drop/hello.txt")), True,
                 after=[1, 6], blobs=[SHOWN_BLOB | shown, {"sha256": OTHER_BLOB.hex(), "size": 4398046511104}],
                 records=[SHOWN_RECORD | {"body": "ff00626f6479", "blobs": [BLOB.hex(), OTHER_BLOB.hex()]},
                          {"ecosystem": "file", "document": "gone", "withdrawn": True}, {"ecosystem": "npm", "document": "drop/hello.txt"}])
    yield vector("empty-blob", manifest(blob(size=0)), True, blobs=[{"sha256": BLOB.hex()}])
    unpacked = [piece for sequence in (5, 6) for piece in [Piece(b"\x28" + build.varint(sequence), f"after {sequence}, not packed")]]
    yield vector("predecessors-not-packed", manifest(unpacked), after=[5, 6])
    yield vector("largest-sequence", manifest(after(2**64 - 2), sequence=2**64 - 1), True, sequence=2**64 - 1, after=[2**64 - 2])
    many = list(range(1, 33))
    yield vector("32-predecessors", manifest(after(*many), sequence=33), True, sequence=33, after=many)
    longest = "d" * 2048
    yield vector("names-of-2048-bytes", manifest(record("e" * 2048, longest)), True, records=[{"ecosystem": "e" * 2048, "document": longest}])
    yield vector("unknown-field", manifest(text(15, "newer", "unknown")))
    yield vector("newer-digest-algorithm", manifest(blob(more=alias(6, b"odd"))),
                 blobs=[SHOWN_BLOB | {"aliases": [{"algorithm": 6, "digest": b"odd".hex()}]}])


def refused(name, pieces, reason, cause, code="invalid", thing="manifest"):
    return {"name": name, "bytes": pieces, "refused": reason, "code": code, "thing": thing, "cause": cause}


def bad_envelopes():
    thing = "sluice shipment v1"
    yield refused("not-an-envelope", [Piece(counting(0xF8, 5), "no fields")], "envelope", "is not a signed envelope", thing=thing)
    yield refused("no-bytes", [], "signature-length", "has a signature of 0 bytes", thing=thing)
    yield refused("bytes-at-the-limit", [Piece(b"\0", "no fields", 67108864)], "envelope", "is not a signed envelope", thing=thing)
    yield refused("bytes-over", [Piece(b"\0", "no fields", 67108865)], "size", "has 67108865 bytes, more than 67108864")
    signature = build.sign("shipment", join(shipment()))
    for wrong in (signature[:63], signature + b"\0"):
        yield refused(f"signature-of-{len(wrong)}-bytes", envelope("shipment", shipment(), signature=wrong), "signature-length",
                      f"has a signature of {len(wrong)} bytes", thing=thing)
    for name, wrong in (("signed-by-another-key", build.sign("shipment", join(shipment()), build.OTHER_SIGNING_SEED)),
                        ("signed-in-the-domain-of-announces", build.sign("announce", join(shipment()))),
                        ("signature-of-another-payload", build.sign("shipment", join(shipment(sequence=8)))), ("signature-of-zeros", bytes(64))):
        yield refused(name, envelope("shipment", shipment(), signature=wrong), "signature", "is not signed by the key", "integrity", thing)


def bad_counts():
    def counted(name, pieces, reason, cause):
        return refused(name, envelope("shipment", pieces), reason, cause)
    for count, reason, cause in ((500000, "blob-name", "lists a blob that is not named"), (500001, "blobs-limit", "lists 500001 blobs, more than 500000")):
        yield counted(f"blobs-{count}", [*shipment(), Piece(b"\x32\x00", "blob without fields", count)], reason, cause)
    for count, reason, cause in ((500000, "record-name", "has a record whose ecosystem or document is empty"),
                                 (500001, "records-limit", "lists 500001 records, more than 500000")):
        yield counted(f"records-{count}", [*shipment(), Piece(b"\x3a\x00", "record without fields", count)], reason, cause)
    # Stream, sequence, time, source are four fields.
    yield counted("fields-at-the-limit", [*shipment(stream="no stream"), Piece(b"\x78\x00", "unknown", 8_000_000 - 4)], "stream", "names no stream")
    yield counted("fields-over", [*shipment(stream="no stream"), Piece(b"\x78\x00", "unknown", 8_000_000 - 3)], "fields-limit", "has more than 8000000 fields")
    inner = message(6, [*data(1, BLOB, "sha256"), Piece(b"\x78\x00", "unknown", 4_000_000)], "blob")
    yield counted("fields-over-in-blobs", [*shipment(), *inner, *inner], "fields-limit", "has more than 8000000 fields")
    yield counted("field-cut-off", [*shipment(), Piece(b"\x3a\x05\x0a", "record, 5 bytes that are not there")], "message", "cannot be parsed")
    yield counted("record-cut-off", [*shipment(), *message(7, [Piece(b"\x0a\x05", "ecosystem, 5 bytes that are not there")], "record")],
                  "message", "cannot be parsed")
    yield counted("text-is-not-utf-8", [*shipment(source=""), *data(4, b"drop\xc0\x80", "source")], "message", "cannot be parsed")


def bad_fields():
    def wrong(name, reason, cause, *parts, **fields):
        return refused(name, manifest(*parts, **fields), reason, cause)
    for name, stream in (("none", ""), ("of-65-characters", "x" * 65), ("with-a-slash", "lab/low")):
        yield wrong(f"stream-{name}", "stream", "names no stream", stream=stream)
    yield wrong("sequence-0", "sequence", "has no sequence", sequence=0)
    for name, before in (("0", 0), ("itself", 7), ("later", 8)):
        yield wrong(f"after-{name}", "after", f"comes after shipment {before}, which is not before it", after(6, before))
    yield wrong("after-33", "after-limit", "comes after more than 32 shipments", after(*range(1, 34)), sequence=34)
    for size in (0, 31, 33):
        yield wrong(f"blob-name-of-{size}-bytes", "blob-name", "lists a blob that is not named by a SHA-256", blob(counting(1, size)))
    yield wrong("blob-twice", "blob-twice", f"lists blob {BLOB.hex()} twice", blob(), blob(OTHER_BLOB), blob(size=24))
    yield wrong("blob-over", "blob-size", "bytes, more than the limit", blob(size=4398046511105))
    for algorithm, size in ALIAS_BYTES.items():
        for wrong_size in (size - 1, size + 1):
            yield wrong(f"alias-{ALIAS_NAMES[algorithm].lower()}-of-{wrong_size}-bytes", "alias-length", f"gives blob {BLOB.hex()} a digest of a wrong length",
                        blob(more=alias(algorithm, counting(1, wrong_size))))
    names = "has a record whose ecosystem or document is empty"
    for name, one in (("ecosystem-none", record("")), ("ecosystem-of-2049-bytes", record("e" * 2049)), ("document-none", record(document="")),
                      ("document-of-2049-bytes", record(document="d" * 2049))):
        yield wrong(f"record-{name}", "record-name", names, one)
    for name, one in (("body", record(body=b"x", withdrawn=True)), ("blobs", record(blobs=[BLOB], withdrawn=True))):
        yield wrong(f"withdrawn-with-{name}", "withdrawn", "withdraws file drop/hello.txt and gives it a body or blobs", one)
    for size in (0, 31, 33):
        yield wrong(f"record-blob-of-{size}-bytes", "record-blob", "with a blob that is not named by a SHA-256", record(blobs=[BLOB, counting(1, size)]))
    yield wrong("document-twice", "document-twice", "has two records of file drop/hello.txt", record(), record("npm"), record(withdrawn=True))


FILES = {"manifest": ("A manifest, read with the sender's key: docs/protocol.md, Manifest.",
                      lambda: [*good(), *bad_envelopes(), *bad_counts(), *bad_fields()])}
