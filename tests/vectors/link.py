"""Datagrams, heartbeats, announces and the receiver, to the letter of docs/protocol.md. Nothing here is the product's."""
import hashlib

import nacl.bindings as sodium
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import erasure
import protobuf

DOMAINS = {"announce": b"sluice announce v1", "block": b"sluice block v1", "shipment": b"sluice shipment v1", "media": b"sluice media v1"}
MAX_DATAGRAM, MAX_LANES, MAX_KEYS = 8952, 16, 8
KINDS = {1: ("symbol", 60), 2: ("heartbeat", 40), 3: ("announce", 8)}


class Refused(Exception):
    """`reason` is the name in the document's tables."""

    def __init__(self, reason, code="", thing=""):
        super().__init__(reason)
        self.reason, self.code, self.thing = reason, code, thing


def number(data, at, width):
    return int.from_bytes(data[at:at + width], "little")


# --- datagrams


def read_prefix(data):
    if len(data) < 8:
        raise Refused("too-short")
    if data[:3] != b"SLC":
        raise Refused("bad-magic")
    if data[3] != 1:
        raise Refused("unknown-version")
    if data[4] not in KINDS:
        raise Refused("unknown-kind")
    kind, overhead = KINDS[data[4]]
    if len(data) < overhead:
        raise Refused("too-short")
    size = number(data, 6, 2)
    if size == 0 or len(data) != overhead + size or len(data) > MAX_DATAGRAM:
        raise Refused("bad-length")
    if data[5] >= MAX_LANES or kind == "announce" and data[5] != 0:
        raise Refused("bad-lane")
    return kind, data[5], size


def geometry_of(fields):
    return erasure.Geometry(fields["block_bytes"], fields["payload_bytes"], fields["max_data"], fields["parity"])


def read_datagram(data):
    kind, lane, size = read_prefix(data)
    fields = {"kind": kind, "payload_bytes": size}
    if kind != "announce":
        fields |= {"lane": lane, "session": number(data, 8, 8), "counter": number(data, 16, 8)}
    if kind == "symbol":
        fields |= {"block": number(data, 24, 8), "block_bytes": number(data, 32, 4), "ordinal": number(data, 36, 4), "max_data": data[40], "parity": data[41]}
        geometry = geometry_of(fields)
        if data[42:44] != b"\0\0" or not geometry.valid or fields["ordinal"] >= geometry.total:
            raise Refused("bad-geometry")
    return fields


def open_sealed(key, fields, data):
    """The text, or none if the tag does not hold."""
    header = 44 if fields["kind"] == "symbol" else 24
    nonce = fields["lane"].to_bytes(4, "little") + fields["counter"].to_bytes(8, "little")
    try:
        return AESGCM(key).decrypt(nonce, data[header:], data[:header])
    except InvalidTag:
        return None


# --- messages of the link


def key_id(public):
    return hashlib.sha256(public).digest()[:8]


def read_envelope(domain, data, sender):
    thing = DOMAINS[domain].decode()
    if protobuf.count_within(data, 1) > 16:
        raise Refused("envelope", "invalid", thing)
    try:
        envelope = protobuf.parse("SignedEnvelope", data)
    except protobuf.Unreadable:
        raise Refused("envelope", "invalid", thing) from None
    signature, payload = envelope.get("signature", b""), envelope.get("payload", b"")
    if len(signature) != 64:
        raise Refused("signature-length", "invalid", thing)
    if not signed(domain, payload, signature, sender):
        raise Refused("signature", "integrity", thing)
    return payload


def signed(domain, message, signature, sender):
    try:
        sodium.crypto_sign_open(signature + DOMAINS[domain] + b"\0" + message, sender)
        return True
    except Exception:  # nacl's BadSignatureError
        return False


def valid_stream(name):
    return 1 <= len(name) <= 64 and all(c.isascii() and (c.isalnum() or c in "._-") for c in name)


def open_box(sealed, secret):
    public = sodium.crypto_scalarmult_base(secret)
    nonce = hashlib.blake2b(sealed[:32] + public, digest_size=24).digest()
    try:
        return sodium.crypto_box_open(sealed[32:], nonce, sealed[:32], secret)
    except Exception:  # nacl's CryptoError
        raise Refused("sealed-key", "integrity", "sealed message") from None


def read_announce(data, sender, secret):
    payload = read_envelope("announce", data[8:], sender)

    def bad(reason):
        return Refused(reason, "invalid", "announce")
    try:
        announce = protobuf.parse("Announce", payload)
    except protobuf.Unreadable:
        raise bad("message") from None
    stream, keys = announce.get("stream", ""), announce.get("keys", [])
    if not valid_stream(stream):
        raise bad("stream")
    if len(keys) > MAX_KEYS:
        raise bad("too-many-keys")
    if any(len(key.get("receiver_key_id", b"")) != 8 or len(key.get("sealed", b"")) != 80 for key in keys):
        raise bad("key-length")
    ours = key_id(sodium.crypto_scalarmult_base(secret))
    for key in keys:
        if key["receiver_key_id"] == ours:
            return {"stream": stream, "epoch": announce.get("epoch", 0), "session": announce.get("session", 0),
                    "started_micros": announce.get("started_micros", 0), "now_micros": announce.get("now_micros", 0),
                    "session_key": open_box(key["sealed"], secret).hex()}
    raise Refused("not-for-us", "not-found", f"announce of {stream}")


def read_heartbeat(data):
    bad = Refused("heartbeat", "invalid", "heartbeat")
    try:
        heartbeat = protobuf.parse("Heartbeat", data)
    except protobuf.Unreadable:
        raise bad from None
    lanes = [{"lane": lane.get("lane", 0), "next_block": lane.get("next_block", 0)} for lane in heartbeat.get("lanes", [])]
    numbers = [lane["lane"] for lane in lanes]
    if len(lanes) > MAX_LANES or any(lane >= MAX_LANES for lane in numbers) or len(set(numbers)) != len(numbers):
        raise bad
    return {"now_micros": heartbeat.get("now_micros", 0), "last_sequence": heartbeat.get("last_sequence", 0),
            "oldest_sequence": heartbeat.get("oldest_sequence", 0), "lanes": lanes}


# --- the receiver


class ReplayWindow:
    def __init__(self, size=65536):
        self.size = max(1, -(-size // 64)) * 64
        self.highest, self.seen = 0, set()

    def ask(self, counter):
        if counter == 0 or self.highest - counter >= self.size:
            return "too-old"
        if counter in self.seen:
            return "seen"
        self.seen.add(counter)
        self.highest = max(self.highest, counter)
        return "fresh"


class Session:
    def __init__(self, announce):
        self.number, self.epoch, self.key = announce["session"], announce["epoch"], bytes.fromhex(announce["session_key"])
        self.windows, self.blocks, self.whole = {}, {}, set()


class Receiver:
    """Of one stream. take() gives the names of the counters that a datagram raises."""

    OF_ANNOUNCE = {"envelope": "unreadable", "signature-length": "unreadable", "signature": "wrong-sender-key", "message": "unreadable", "stream": "unreadable",
                   "too-many-keys": "unreadable", "key-length": "unreadable", "not-for-us": "sealed-to-others", "sealed-key": "wrong-sender-key"}

    def __init__(self, stream, sender, secret):
        self.stream, self.sender, self.secret = stream, sender, secret
        self.sessions, self.epoch, self.blocks = [], None, []

    def take(self, data):
        try:
            fields = read_datagram(data)
            if fields["kind"] == "announce":
                return ["sluice_link_announces_total " + self.announced(data)]
            return self.opened(fields, data)
        except Refused as refused:
            return ["sluice_link_rejected_total " + refused.reason]

    def announced(self, data):
        try:
            announce = read_announce(data, self.sender, self.secret)
        except Refused as refused:
            return self.OF_ANNOUNCE[refused.reason]
        if announce["stream"] != self.stream:
            return "wrong-sender-key"
        if all(session.number != announce["session"] for session in self.sessions):
            if self.epoch is not None and announce["epoch"] <= self.epoch:
                return "outdated-epoch"
            self.epoch = announce["epoch"]
            self.sessions = [Session(announce), *self.sessions[:1]]
        return "accepted"

    def opened(self, fields, data):
        session = next((session for session in self.sessions if session.number == fields["session"]), None)
        if session is None:
            raise Refused("unknown-session")
        text = open_sealed(session.key, fields, data)
        if text is None:
            raise Refused("bad-tag")
        verdict = session.windows.setdefault(fields["lane"], ReplayWindow()).ask(fields["counter"])
        if verdict != "fresh":
            raise Refused({"seen": "replayed"}.get(verdict, verdict))
        if fields["kind"] == "symbol":
            return self.symbol(session, fields, text)
        try:
            read_heartbeat(text)
        except Refused:
            raise Refused("bad-length") from None
        return ["sluice_link_heartbeats_total"]

    def symbol(self, session, fields, text):
        place = fields["lane"], fields["block"]
        if place in session.whole:
            return ["sluice_link_surplus_symbols_total"]
        cut = {name: fields[name] for name in ("block_bytes", "payload_bytes", "max_data", "parity")}
        first, symbols = session.blocks.setdefault(place, (cut, {}))
        if cut != first:
            raise Refused("bad-geometry")
        if fields["ordinal"] in symbols:
            return ["sluice_link_surplus_symbols_total"]
        symbols[fields["ordinal"]] = text
        geometry = geometry_of(fields)
        block = erasure.decode(geometry, symbols)
        if block is None:
            return []
        session.whole.add(place)
        self.blocks.append({"session": session.number, "lane": place[0], "number": place[1], "bytes": block.hex()})
        lost = sum(n not in symbols for n in range(geometry.data_symbols))
        return ["sluice_link_blocks_total recovered", *["sluice_link_recovered_symbols_total"] * lost]
