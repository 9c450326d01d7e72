"""Vectors of what lies on disk and of key files: contracts between a version and the ones before it."""
import base64

import build
from build import Piece, counting, data, message, number, text
from make_manifest import alias

DIGEST, OTHER = counting(0x10), counting(0x50)
MICROS = 1_700_000_000_000_000


def text_key(name):
    return name.replace(b"\0", b"\0\xff") + b"\0\1"


def big(value):
    return value.to_bytes(8, "big")


def key(*parts):
    return {"bytes": [Piece(part, remark) for part, remark in parts]}


def entry(name, family, where, what, value, fields, **more):
    return {"name": name, "family": family, "key": where, "message": what, "bytes": value, "fields": fields, **more}


def damaged(name, family, where, value, **error):
    return {"name": name, "family": family, "key": where, "bytes": value, "refused": "damaged", **error}


def shipment_key(sequence, stream=b"lab-low"):
    return key((text_key(stream), f"text({stream!r})"), (big(sequence), f"sequence {sequence}"))


def shipment(state, more=(), manifest=DIGEST):
    return [*number(1, state, "state"), *data(2, manifest, "manifest"), *number(3, 195, "manifest_size"), *more]


def ledger():
    yield entry("stream", "gaps", key((text_key(b"lab-low"), "text")), "StoredStream",
                [*number(1, 9, "highest"), *number(2, 4, "oldest"), *number(3, 2, "base")], {"highest": 9, "oldest": 4, "base": 2})
    odd = b"odd\0name"
    yield entry("stream-of-an-odd-name", "gaps", key((text_key(odd), "text, with a zero byte inside")), "StoredStream", number(1, 1, "highest"), {"highest": 1})
    yield entry("announced", "shipments", shipment_key(7), "StoredShipment", shipment(1, number(5, MICROS, "heard_micros")),
                {"state": "ANNOUNCED", "manifest": DIGEST.hex(), "manifest_size": 195, "heard_micros": MICROS})
    yield entry("refused", "shipments", shipment_key(8), "StoredShipment", shipment(2, [*text(4, "its body is bad", "cause"), *number(5, MICROS, "heard_micros")]),
                {"state": "REFUSED", "manifest": DIGEST.hex(), "manifest_size": 195, "cause": "its body is bad", "heard_micros": MICROS})
    yield entry("published", "shipments", shipment_key(6), "StoredShipment",
                shipment(3, [*number(5, MICROS, "heard_micros"), *number(6, MICROS + 1, "published_micros"), *number(7, 5, "edition")]),
                {"state": "PUBLISHED", "manifest": DIGEST.hex(), "manifest_size": 195, "heard_micros": MICROS, "published_micros": MICROS + 1, "edition": 5})
    garbage = [Piece(counting(0xF8, 5), "no fields")]
    error = {"reader": "ledger", "code": "io", "thing": "ledger of shipments"}
    yield damaged("stream-unreadable", "gaps", key((text_key(b"lab-low"), "text")), garbage, **error, cause="an entry of a stream does not read")
    for name, wrong in (("without-end", b"lab-low"), ("cut-in-its-end", b"lab-low\0"), ("with-more", text_key(b"lab-low") + b"x"), ("with-a-zero-byte", b"lab\0low\0\1")):
        yield damaged(f"stream-key-{name}", "gaps", key((wrong, "")), number(1, 1, "highest"), **error, cause="an entry of a stream does not read")
    cause = "an entry of a shipment does not read"
    yield damaged("shipment-unreadable", "shipments", shipment_key(7), garbage, **error, cause=cause)
    for size in (0, 31, 33):
        yield damaged(f"shipment-manifest-of-{size}-bytes", "shipments", shipment_key(7), shipment(1, manifest=counting(1, size)), **error, cause=cause)
    for name, wrong in (("sequence-of-7-bytes", text_key(b"lab-low") + big(7)[:7]), ("sequence-of-9-bytes", text_key(b"lab-low") + big(7) + b"\0"), ("without-stream", big(7))):
        yield damaged(f"shipment-key-{name}", "shipments", key((wrong, "")), shipment(1), **error, cause=cause)


def catalog():
    where = key((text_key(b"file"), "text(ecosystem)"), (text_key(b"drop/hello.txt"), "text(document)"), (big(5), "edition 5"))
    yield entry("document", "documents", where, "StoredDocument",
                [*text(1, "lab-low", "stream"), *number(2, 6, "sequence"), *number(3, MICROS, "published_micros"), *data(4, b"body", "body"), *data(5, DIGEST, "blobs"),
                 *data(5, OTHER, "blobs")],
                {"stream": "lab-low", "sequence": 6, "published_micros": MICROS, "body": b"body".hex(), "blobs": [DIGEST.hex(), OTHER.hex()]})
    gone = key((text_key(b"file"), "text(ecosystem)"), (text_key(b"drop/gone"), "text(document)"), (big(5), "edition 5"))
    yield entry("document-withdrawn", "documents", gone, "StoredDocument",
                [*text(1, "lab-low", "stream"), *number(2, 6, "sequence"), *number(6, 1, "withdrawn")], {"stream": "lab-low", "sequence": 6, "withdrawn": True})
    yield damaged("document-unreadable", "documents", where, [Piece(counting(0xF8, 5), "no fields")], reader="catalog", code="io",
                  thing="catalog entry of drop/hello.txt", cause="it does not read")


def snapshots():
    where = key((b"snapshot/2026-q4", "name"))
    yield entry("snapshot", "meta", where, "StoredSnapshot",
                [*number(1, 17, "edition"), *number(2, MICROS, "created_micros"), *number(3, MICROS + 1, "expires_micros"), *text(4, "for the audit", "note")],
                {"edition": 17, "created_micros": MICROS, "expires_micros": MICROS + 1, "note": "for the audit"})
    yield entry("snapshot-for-ever", "meta", where, "StoredSnapshot", [*number(1, 17, "edition"), *number(2, MICROS, "created_micros")],
                {"edition": 17, "created_micros": MICROS})
    cause = "its entry in the index does not read"
    yield damaged("snapshot-unreadable", "meta", where, [Piece(counting(0xF8, 5), "no fields")], reader="editions", code="io", thing="snapshot 2026-q4", cause=cause)
    for name, wrong in (("of-a-number", b"17"), ("current", b"current"), ("of-65-bytes", b"a" * 65), ("with-a-slash", b"a/b"), ("without-name", b"")):
        yield damaged(f"snapshot-key-{name}", "meta", key((b"snapshot/" + wrong, "")), number(1, 17, "edition"), reader="editions", code="io",
                      thing=f"snapshot {wrong.decode()}", cause=cause)
    oldest = key((b"catalog.oldest", "name"))
    yield {"name": "oldest-edition", "family": "meta", "key": oldest, "bytes": [Piece(big(12), "edition 12")], "fields": {"oldest": 12}}
    for size in (0, 7, 9):
        yield damaged(f"oldest-edition-of-{size}-bytes", "meta", oldest, [Piece(bytes(size), "")], reader="editions", code="io", thing="catalog.oldest", cause=cause)


def parts_value(*ranges, size=1000):
    return [*number(1, size, "size"), *(piece for begin, end in ranges for piece in message(2, [*number(1, begin, "begin"), *number(2, end, "end")], "ranges")),
            *number(3, MICROS, "touched_micros")]


def parts():
    where = key((DIGEST, "SHA-256"))

    def wrong(name, value, where=where):
        return damaged(f"parts-{name}", "parts", where, value, reader="progress", code="integrity", thing=f"progress of blob {DIGEST.hex()}", cause="it does not read")
    yield entry("parts", "parts", where, "StoredParts", parts_value((0, 100), (500, 1000)),
                {"size": 1000, "ranges": [{"end": 100}, {"begin": 500, "end": 1000}], "touched_micros": MICROS})
    yield entry("parts-none-yet", "parts", where, "StoredParts", parts_value(), {"size": 1000, "touched_micros": MICROS})
    top = 4398046511104
    yield entry("parts-of-the-largest-blob", "parts", where, "StoredParts", parts_value((top - 1, top), size=top),
                {"size": top, "ranges": [{"begin": top - 1, "end": top}], "touched_micros": MICROS})
    yield wrong("unreadable", [Piece(counting(0xF8, 5), "no fields")])
    for name, ranges in (("range-empty", [(5, 5)]), ("range-backwards", [(6, 5)]), ("range-beyond", [(999, 1001)]), ("range-of-the-largest", [(0, 2**64 - 1)])):
        yield wrong(name, parts_value(*ranges))
    yield wrong("size-over", parts_value(size=top + 1))


def rest():
    """Read back by the store, the spool and the apt source, whose own tests read what they have written."""
    yield entry("blob", "blob-info", key((DIGEST, "SHA-256")), "StoredBlob", [*number(1, 23, "size"), *number(2, 1, "place"), *alias(2, counting(2, 64))],
                {"size": 23, "place": "INLINE", "aliases": [{"algorithm": "SHA512", "digest": counting(2, 64).hex()}]})
    yield entry("blob-in-a-pack", "blob-info", key((DIGEST, "SHA-256")), "StoredBlob",
                [*number(1, 10000, "size"), *number(2, 3, "place"), *number(4, 17, "pack"), *number(5, 12288, "offset")],
                {"size": 10000, "place": "PACK", "pack": 17, "offset": 12288})
    seq = (big(7), "sequence 7")
    yield entry("spooled-shipment", "shipments", key((b"s", "summary"), seq), "SpooledShipment",
                [*text(1, "drop", "source"), *number(2, MICROS, "created_micros"), *number(3, 195, "manifest_bytes"), *number(4, 23, "blob_bytes"), *number(5, 1, "blobs"),
                 *number(6, 1, "records")], {"source": "drop", "created_micros": MICROS, "manifest_bytes": 195, "blob_bytes": 23, "blobs": 1, "records": 1})
    yield entry("spooled-passes", "shipments", key((b"p", "passes"), seq), "SpooledPasses",
                [*message(1, [*number(1, 2, "number"), *number(2, MICROS, "due_micros"), *number(3, 1, "asked")], "outstanding"), *number(2, 3, "next_number"),
                 *number(3, 2, "sent"), *number(4, MICROS, "last_sent_micros")],
                {"outstanding": [{"number": 2, "due_micros": MICROS, "asked": True}], "next_number": 3, "sent": 2, "last_sent_micros": MICROS})
    yield entry("spooled-source", "meta", key((b"spool/source/drop", "name")), "SpooledSource", [*data(1, b"cursor", "cursor"), *number(2, 7, "last_sequence")],
                {"cursor": b"cursor".hex(), "last_sequence": 7})
    yield entry("spooled-blob", "shipments", key((b"b", "blob"), (DIGEST, "SHA-256")), "SpooledBlob",
                [*message(1, [*data(1, DIGEST, "sha256"), *number(2, 23, "size")], "blob"), *number(2, MICROS, "taken_micros"),
                 *text(3, "https://files.example/a?key=1", "uri")],
                {"blob": {"sha256": DIGEST.hex(), "size": 23}, "taken_micros": MICROS, "uri": "https://files.example/a?key=1"})
    yield entry("spooled-dropped", "shipments", key((b"d", "dropped"), seq), "SpooledDropped",
                [*message(1, [*text(1, "drop", "source"), *number(3, 195, "manifest_bytes")], "shipment"),
                 *message(2, [*data(1, DIGEST, "sha256"), *text(2, "https://files.example/a", "uri")], "addresses")],
                {"shipment": {"source": "drop", "manifest_bytes": 195}, "addresses": [{"sha256": DIGEST.hex(), "uri": "https://files.example/a"}]})
    for name, what in (("asked", "asked for"), ("refetch", "to be fetched")):
        yield entry(f"spooled-{name}", "meta", key((f"spool/{name}".encode(), what)), "SpooledAsked", message(1, [*number(1, 3, "first"), *number(2, 7, "last")], "ranges"),
                    {"ranges": [{"first": 3, "last": 7}]})
    yield entry("spooled-carousel", "meta", key((b"spool/carousel", "the carousel")), "SpooledCarousel",
                [*number(1, 5, "next"), *number(2, 9, "last"), *number(3, MICROS, "begun_micros")], {"next": 5, "last": 9, "begun_micros": MICROS})
    yield entry("request", "meta", key((b"request/open/r17", "id")), "StoredRequest",
                [*text(1, "r17", "id"), *text(2, "python", "source"), *text(3, "numpy>=1.26", "wants"), *number(6, 1, "state"), *number(7, MICROS, "asked_micros"),
                 *number(8, MICROS + 1, "since_micros"), *data(9, DIGEST, "digest"),
                 *message(13, [*number(1, MICROS, "time_micros"), *text(2, "asked", "what"), *text(3, "ada", "by")], "steps")],
                {"id": "r17", "source": "python", "wants": ["numpy>=1.26"], "state": "PLANNED", "asked_micros": MICROS, "since_micros": MICROS + 1,
                 "digest": DIGEST.hex(), "steps": [{"time_micros": MICROS, "what": "asked", "by": "ada"}]})
    yield entry("request-plan", "meta", key((b"request/plan/r17", "id")), "StoredPlan",
                [*number(1, 1, "form"), *data(2, DIGEST, "digest"), *number(3, MICROS, "made_micros"),
                 *message(4, [*text(1, "pypi", "ecosystem"), *text(2, "numpy", "document"), *text(3, "numpy-1.26.4.whl", "item"), *data(4, OTHER, "sha256"),
                              *number(5, 23, "size"), *number(7, 1, "fresh")], "nodes"), *number(6, 218, "bytes"), *number(8, 1, "records")],
                {"form": 1, "digest": DIGEST.hex(), "made_micros": MICROS,
                 "nodes": [{"ecosystem": "pypi", "document": "numpy", "item": "numpy-1.26.4.whl", "sha256": OTHER.hex(), "size": 23, "fresh": True}],
                 "bytes": 218, "records": 1})
    yield entry("spooled-carrier", "shipments", key((b"c", "carrier"), (DIGEST, "SHA-256")), "SpooledCarrier", [*number(1, 7, "sequence"), *number(2, 1, "again")],
                {"sequence": 7, "again": True})


def epochs():
    where = key((b"epoch/lab-low", "name"))
    value = [Piece(big(3), "epoch 3"), Piece(big(build.SESSION), "session")]
    yield {"name": "epoch", "family": "meta", "key": where, "bytes": value, "fields": {"epoch": 3, "session": build.SESSION}}
    for name, wrong in (("of-15-bytes", bytes(15)), ("of-17-bytes", bytes(17)), ("of-8-bytes", bytes(8)), ("empty", b"")):
        yield damaged(f"epoch-{name}", "meta", where, [Piece(wrong, "")], reader="epoch", code="integrity", thing="stream lab-low", cause="the stored epoch cannot be read")


def key_files():
    secrets = {"signing": build.SIGNING_SEED, "sealing": build.OPENING_SECRET}
    public = {"signing": build.verify_key(), "sealing": build.sealing_key()}
    for use in ("signing", "sealing"):
        for kind, content in (("public", public[use]), ("secret", secrets[use])):
            title, line = f"sluice {use} {kind} key v1", base64.b64encode(content).decode()

            def vector(name, lines, **outcome):
                return {"name": f"{use}-{kind}-{name}", "use": use, "kind": kind, "text": lines, **outcome}

            def wrong(name, lines, reason, cause):
                return vector(name, lines, refused=reason, code="invalid", cause=cause)
            fields = {"key": content.hex(), "id": build.key_id(public[use]).hex()}
            yield vector("whole", f"{title}\n{line}\n", fields=fields, written=True)
            yield vector("without-last-newline", f"{title}\n{line}", fields=fields)
            for name, lines in (("nothing", ""), ("title-alone", title), ("title-in-capitals", f"{title.upper()}\n{line}\n"), ("of-a-newer-version", f"{title[:-1]}2\n{line}\n"),
                                ("of-the-other-kind", f"sluice {use} {'secret' if kind == 'public' else 'public'} key v1\n{line}\n"),
                                ("of-the-other-use", f"sluice {'sealing' if use == 'signing' else 'signing'} {kind} key v1\n{line}\n"),
                                ("with-carriage-return", f"{title}\r\n{line}\n"), ("with-a-space-behind-the-title", f"{title} \n{line}\n")):
                yield wrong(name, lines, "title", "is not a key file that begins with")
            content_31, content_33 = (base64.b64encode(counting(1, size)).decode() for size in (31, 33))
            for name, second in (("31-bytes", content_31), ("33-bytes", content_33), ("no-bytes", ""), ("no-padding", line.rstrip("=")), ("another-character", "*" + line[1:]),
                                 ("url-alphabet", base64.urlsafe_b64encode(b"\xff" * 32).decode()), ("a-space", line[:4] + " " + line[4:]), ("two-newlines", line + "\n"),
                                 ("a-third-line", line + "\nmore")):
                yield wrong(f"of-{name}", f"{title}\n{second}\n", "bytes", "its second line is not the base64 of 32 bytes")


FILES = {
    "stored": ("An entry of the index: family, key, value. A bad one names its reader: docs/storage.md.",
               lambda: [*ledger(), *catalog(), *snapshots(), *parts(), *rest(), *epochs()]),
    "key-file": ("A key file. The secret ones are test keys, made of counting bytes: docs/storage.md, Key files.", lambda: [*key_files()]),
}
