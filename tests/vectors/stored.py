"""What lies on disk, to the letter of docs/storage.md. Nothing here is the product's."""
import base64
import binascii
import hashlib
import re

import nacl.bindings as sodium

import protobuf
from link import Refused

MAX_BLOB = 4398046511104


def read_text(key):
    """A text off the front of a key, and the rest; none if there is no well-formed one."""
    text, at = bytearray(), 0
    while at < len(key):
        if key[at] != 0:
            text.append(key[at])
            at += 1
            continue
        behind = key[at + 1:at + 2]
        if behind == b"\1":
            return bytes(text), key[at + 2:]
        if behind != b"\xff":
            return None
        text.append(0)
        at += 2
    return None


def parsed(name, value, damage):
    try:
        return protobuf.parse(name, value)
    except protobuf.Unreadable:
        raise damage from None


def read_stream(key, value):
    damage = Refused("damaged", "io", "ledger of shipments")
    name = read_text(key)
    if name is None or name[1] != b"":
        raise damage
    return parsed("StoredStream", value, damage)


def read_shipment(key, value):
    damage = Refused("damaged", "io", "ledger of shipments")
    name = read_text(key)
    if name is None or len(name[1]) != 8:
        raise damage
    shipment = parsed("StoredShipment", value, damage)
    if shipment.get("state") != "PUBLISHED" and len(shipment.get("manifest", b"")) != 32:
        raise damage
    return shipment


def read_document(key, value):
    _, rest = read_text(key)
    document, edition = read_text(rest)
    assert len(edition) == 8
    return parsed("StoredDocument", value, Refused("damaged", "io", f"catalog entry of {document.decode()}"))


def read_parts(key, value):
    damage = Refused("damaged", "integrity", f"progress of blob {key.hex()}")
    parts = parsed("StoredParts", value, damage)
    size = parts.get("size", 0)
    if len(key) != 32 or size > MAX_BLOB or any(not one.get("begin", 0) < one.get("end", 0) <= size for one in parts.get("ranges", [])):
        raise damage
    return parts


def read_snapshot(key, value):
    name = key.removeprefix(b"snapshot/").decode()
    damage = Refused("damaged", "io", f"snapshot {name}")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", name) or re.fullmatch(r"[0-9]+", name) or name == "current":
        raise damage
    return parsed("StoredSnapshot", value, damage)


def read_oldest(_key, value):
    if len(value) != 8:
        raise Refused("damaged", "io", "catalog.oldest")
    return {"oldest": int.from_bytes(value, "big")}


def read_meta(key, value):
    if key.startswith(b"snapshot/"):
        return read_snapshot(key, value)
    return read_oldest(key, value) if key == b"catalog.oldest" else read_epoch(key, value)


def read_epoch(key, value):
    if len(value) != 16:
        raise Refused("damaged", "integrity", f"stream {key.decode().removeprefix('epoch/')}")
    return {"epoch": int.from_bytes(value[:8], "big"), "session": int.from_bytes(value[8:], "big")}


READERS = {"StoredSnapshot": read_snapshot, "StoredStream": read_stream, "StoredShipment": read_shipment, "StoredDocument": read_document, "StoredParts": read_parts}
BY_FAMILY = {"gaps": read_stream, "shipments": read_shipment, "documents": read_document, "parts": read_parts, "meta": read_meta}


def read_entry(vector, key, value):
    if "message" in vector:
        read = READERS.get(vector["message"], lambda _key, value: protobuf.parse(vector["message"], value))
    else:
        read = BY_FAMILY[vector["family"]]
    return protobuf.shown(read(key, value))


def read_key_file(use, kind, text):
    title = f"sluice {use} {kind} key v1\n"
    if not text.startswith(title):
        raise Refused("title", "invalid")
    line = text[len(title):].removesuffix("\n")
    try:
        key = base64.b64decode(line.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("bytes", "invalid") from None
    if len(key) != 32 or base64.b64encode(key).decode() != line:
        raise Refused("bytes", "invalid")
    public = key if kind == "public" else sodium.crypto_sign_seed_keypair(key)[0] if use == "signing" else sodium.crypto_scalarmult_base(key)
    return {"key": key.hex(), "id": hashlib.sha256(public).digest()[:8].hex()}
