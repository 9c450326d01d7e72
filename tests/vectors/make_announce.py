"""Vectors of announces: whole datagrams, read with the test keys."""
import build
from build import Piece, counting, data, envelope, join, le, message, number, text
from make_datagram import prefix

STARTED, NOW = 1_700_000_000_000_000, 1_700_000_001_000_000
OURS = build.seal_box(build.SESSION_KEY)
FIELDS = {"stream": "lab-low", "epoch": 3, "session": build.SESSION, "started_micros": STARTED, "now_micros": NOW,
          "session_key": build.SESSION_KEY.hex()}


def sealed_key(at=0, receiver=None, sealed=OURS):
    hint = build.key_id(build.sealing_key()) if receiver is None else receiver
    return message(6, [*data(1, hint, "receiver_key_id"), *data(2, sealed, "sealed", "crypto_box_seal of the session key")], f"keys[{at}]")


def for_others(at):
    other = build.sealing_key(build.OTHER_OPENING_SECRET)
    return sealed_key(at, build.key_id(other), build.seal_box(build.SESSION_KEY, other))


def payload(stream="lab-low", epoch=3, session=build.SESSION, started=STARTED, now=NOW, keys=None, more=()):
    return [*data(1, stream if isinstance(stream, bytes) else stream.encode(), "stream"), *number(2, epoch, "epoch"),
            *number(3, session, "session"), *number(4, started, "started_micros"), *number(5, now, "now_micros"),
            *(sealed_key() if keys is None else keys), *more]


def datagram(pieces):
    return [*prefix("announce", 0, len(join(pieces))), *pieces]


def signed(**fields):
    return datagram(envelope("announce", payload(**fields)))


def good():
    def vector(name, pieces, **fields):
        return {"name": name, "bytes": pieces, "fields": FIELDS | fields}
    yield vector("announce", signed())
    yield vector("largest-numbers", signed(epoch=2**64 - 1, session=2**64 - 1, started=2**63 - 1, now=-(2**63)),
                 epoch=2**64 - 1, session=2**64 - 1, started_micros=2**63 - 1, now_micros=-(2**63))
    yield vector("stream-of-1-character", signed(stream="Z"), stream="Z")
    longest = "az09AZ._-" + "x" * 55
    yield vector("stream-of-64-characters", signed(stream=longest), stream=longest)
    yield vector("eight-receivers-the-last-is-meant", signed(keys=[piece for at in range(7) for piece in for_others(at)] + sealed_key(7)))
    yield vector("unknown-field", signed(more=text(15, "newer", "unknown")))
    yield vector("key-id-is-a-hint-only", datagram(envelope("announce", payload(), hint=bytes(8))))
    yield vector("a-second-payload-replaces-the-first",
                 datagram([*data(1, b"other", "payload", "replaced by the later one"), *envelope("announce", payload())]))


def unreadable():
    """Refused before the signature is looked at, or signed and still not an announce."""
    signature = build.sign("announce", join(payload()))
    yield "not-an-envelope", datagram([Piece(counting(0xF8, 5), "no fields")]), "envelope", "sluice announce v1", "is not a signed envelope"
    for name, wrong in (("no-signature", b""), ("signature-of-63-bytes", signature[:63]), ("signature-of-65-bytes", signature + b"\0")):
        yield (name, datagram(envelope("announce", payload(), signature=wrong)), "signature-length", "sluice announce v1",
               f"has a signature of {len(wrong)} bytes")
    for name, wrong in (("payload-is-no-message", [Piece(counting(0xF8, 5), "no fields")]), ("stream-is-not-utf-8", payload(stream=b"lab\xff"))):
        yield name, datagram(envelope("announce", wrong)), "message", "announce", "cannot be parsed"
    for name, stream in (("no-stream", ""), ("stream-of-65-characters", "x" * 65), ("stream-with-a-space", "lab low"),
                         ("stream-with-a-slash", "lab/low"), ("stream-beyond-ascii", "lab-löw")):
        yield name, signed(stream=stream), "stream", "announce", "names no stream"
    nine = [piece for at in range(8) for piece in for_others(at)] + sealed_key(8)
    yield "nine-receivers", signed(keys=nine), "too-many-keys", "announce", "has 9 sealed keys"
    hint = build.key_id(build.sealing_key())
    for name, key in (("receiver-key-id-of-7-bytes", sealed_key(receiver=hint[:7])), ("receiver-key-id-of-9-bytes", sealed_key(receiver=hint + b"\0")),
                      ("sealed-key-of-79-bytes", sealed_key(sealed=OURS[:79])), ("sealed-key-of-81-bytes", sealed_key(sealed=OURS + b"\0"))):
        yield name, signed(keys=key), "key-length", "announce", "has a sealed key of a wrong length"


def foreign():
    signature = bytearray(build.sign("announce", join(payload())))
    yield "signed-by-another-key", datagram(envelope("announce", payload(), seed=build.OTHER_SIGNING_SEED))
    yield "signed-by-another-key-with-the-hint-of-ours", datagram(
        envelope("announce", payload(), seed=build.OTHER_SIGNING_SEED, hint=build.key_id(build.verify_key())))
    yield "signed-in-the-domain-of-shipments", datagram(
        envelope("announce", payload(), signature=build.sign("shipment", join(payload()))))
    yield "signed-in-the-domain-of-blocks", datagram(envelope("announce", payload(), signature=build.sign("block", join(payload()))))
    for at in (0, 31, 32, 63):
        wrong = bytearray(signature)
        wrong[at] ^= 1
        yield f"signature-bit-of-byte-{at}", datagram(envelope("announce", payload(), signature=bytes(wrong)))
    yield "epoch-raised-after-signing", datagram(envelope("announce", payload(epoch=4), signature=bytes(signature)))


def bad():
    for name, pieces, reason, thing, cause in unreadable():
        yield {"name": name, "bytes": pieces, "refused": reason, "code": "invalid", "thing": thing, "cause": cause, "counted": "unreadable"}
    for name, pieces in foreign():
        yield {"name": name, "bytes": pieces, "refused": "signature", "code": "integrity", "thing": "sluice announce v1",
               "cause": "is not signed by the key", "counted": "wrong-sender-key"}
    spoiled = OURS[:-1] + le(OURS[-1] ^ 1, 1)
    yield {"name": "sealed-key-spoiled", "bytes": signed(keys=sealed_key(sealed=spoiled)), "refused": "sealed-key", "code": "integrity",
           "thing": "sealed message", "cause": "was not sealed to this key", "counted": "wrong-sender-key"}
    for name, keys in (("no-receivers", []), ("other-receivers-only", for_others(0))):
        yield {"name": name, "bytes": signed(keys=keys), "refused": "not-for-us", "code": "not-found", "thing": "announce of lab-low",
               "cause": "is sealed to other receivers only", "counted": "sealed-to-others"}


FILES = {"announce": ("An announce datagram, read with the sender's and the receiver's key: docs/protocol.md, Announce.",
                      lambda: [*good(), *bad()])}
