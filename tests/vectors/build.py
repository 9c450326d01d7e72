"""What the vectors are made of: bytes in pieces that say what they are, messages, test keys, signatures and seals.

Everything here follows docs/protocol.md and uses nothing of the product.
"""
import hashlib
from typing import NamedTuple

import nacl.bindings as sodium
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Piece(NamedTuple):
    """`times` times the same bytes. A remark starts with the name of the field that they are."""
    data: bytes
    remark: str = ""
    times: int = 1


def join(pieces):
    return b"".join(piece.data * piece.times for piece in pieces)


def replaced(pieces, name, data, times=1):
    """The same pieces, but for the one of that name."""
    assert sum(piece.remark.split(" ")[0] == name for piece in pieces) == 1, name
    return [Piece(data, f"{name}: wrong", times) if piece.remark.split(" ")[0] == name else piece for piece in pieces]


def shown(pieces):
    """As the vectors' files write them: hexadecimal, how often, a remark."""
    for piece in pieces:
        if piece.data and piece.times:
            times = f" *{piece.times}" if piece.times > 1 else ""
            yield piece.data.hex() + times + (f" ; {piece.remark}" if piece.remark else "")


# --- integers and messages


def le(value, width):
    return value.to_bytes(width, "little")


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value, name):
    """Fields that are 0 are not written."""
    return [Piece(varint(field << 3) + varint(value), f"{name} {value}")] if value else []


def data(field, value, name, note=""):
    remark = f"{name} {note}".strip()
    key = varint(field << 3 | 2) + varint(len(value))
    if len(value) > 256 and value == value[:1] * len(value):
        return [Piece(key, f"{name}, {len(value)} bytes"), Piece(value[:1], remark[:40], len(value))]
    return [Piece(key + value, remark)] if value else []


def text(field, value, name):
    return data(field, value.encode(), name, f'"{value}"')


def message(field, pieces, name):
    return [Piece(varint(field << 3 | 2) + varint(len(join(pieces))), f"{name}, {len(join(pieces))} bytes"), *pieces]


# --- keys: counting bytes, so that nobody takes them for real ones


def counting(first, count=32):
    return bytes((first + i) & 0xFF for i in range(count))


SIGNING_SEED = counting(0x40)
OTHER_SIGNING_SEED = counting(0x20)
OPENING_SECRET = counting(0x60)
OTHER_OPENING_SECRET = counting(0x80)
EPHEMERAL_SECRET = counting(0xA0)  # what a sealed box draws at random
SESSION_KEY = counting(0x00)
OTHER_SESSION_KEY = counting(0xC0)
SESSION = 0x1122334455667788

DOMAINS = {"announce": b"sluice announce v1", "block": b"sluice block v1", "shipment": b"sluice shipment v1",
           "media": b"sluice media v1"}


def verify_key(seed=SIGNING_SEED):
    return sodium.crypto_sign_seed_keypair(seed)[0]


def sealing_key(secret=OPENING_SECRET):
    return sodium.crypto_scalarmult_base(secret)


def key_id(public):
    return hashlib.sha256(public).digest()[:8]


def sign(domain, payload, seed=SIGNING_SEED):
    secret = sodium.crypto_sign_seed_keypair(seed)[1]
    return sodium.crypto_sign(DOMAINS[domain] + b"\0" + payload, secret)[:64]


def envelope(domain, payload, seed=SIGNING_SEED, signature=None, hint=None):
    signed = join(payload)
    return [*message(1, payload, "payload"),
            *data(2, sign(domain, signed, seed) if signature is None else signature, "signature"),
            *data(3, key_id(verify_key(seed)) if hint is None else hint, "key_id")]


def seal_box(plain, receiver=None):
    """crypto_box_seal with an ephemeral key that is always the same."""
    receiver = receiver or sealing_key()
    ephemeral = sealing_key(EPHEMERAL_SECRET)
    nonce = hashlib.blake2b(ephemeral + receiver, digest_size=24).digest()
    return ephemeral + sodium.crypto_box(plain, nonce, receiver, EPHEMERAL_SECRET)


def seal(header, plain, lane, counter, key=SESSION_KEY):
    """Payload and tag of a sealed datagram."""
    sealed = AESGCM(key).encrypt(le(lane, 4) + le(counter, 8), plain, header)
    return [Piece(sealed[:-16], "payload, sealed"), Piece(sealed[-16:], "tag")]
