"""Blocks and manifests, to the letter of docs/protocol.md. Nothing here is the product's."""
import hashlib

import zstandard

import protobuf
from ecosystems.common import MAX_NAME
from link import Refused, number, read_envelope, signed, valid_stream

MAX_HEAD, MAX_FRAMES, MAX_BLOCK, MAX_DECODED = 4194304, 40000, 16777216, 67108864
MAX_FRAME_FIELDS = 64
MAX_BLOB, MAX_MANIFEST, MAX_FIELDS, MAX_LISTED, MAX_AFTER = 4398046511104, 67108864, 8000000, 500000, 32
ALIAS_BYTES = {"SHA256": 32, "SHA512": 64, "SHA1": 20, "MD5": 16, "GIT_BLOB_SHA1": 20}


# --- blocks


def read_frame(data):
    """Of the two kinds only the last stands; a value of the same kind is merged into the one before."""
    kind, frame = None, {}
    for which, wire, value, _ in protobuf.fields(data):
        if which in (1, 2) and wire == 2:
            frame = frame if kind == which else {}
            kind = which
            protobuf.read_into(frame, protobuf.MESSAGES["BlobPart" if which == 1 else "ShipmentNotice"], value)
    return kind, frame


def unpacked(stored):
    """Of one or more zstd frames; none if there is anything else."""
    content, rest = b"", stored
    while rest:
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            content += frame.decompress(rest)
        except zstandard.ZstdError:
            return None
        if not frame.eof:
            return None
        rest = frame.unused_data
    return content


def decoded(part, stored):
    content = stored if part["encoding"] == 0 else unpacked(stored)
    return content if content is not None and len(content) == part["length"] else None


class Block:
    def __init__(self, place):
        self.thing = f"block {place['number']} of lane {place['lane']}"
        self.place, self.total = place, 0
        self.parts, self.notices, self.unknown_frames = [], [], 0

    def bad(self, reason):
        return Refused(reason, "integrity", self.thing)

    def read(self, data, sender):
        if len(data) < 80:
            raise self.bad("short")
        if data[:4] != b"SLBK":
            raise self.bad("magic")
        if data[4:8] != b"\1\0\0\0":
            raise self.bad("version")
        data_bytes, head_bytes = number(data, 8, 4), number(data, 12, 4)
        if head_bytes > MAX_HEAD:
            raise self.bad("head-limit")
        if len(data) != 80 + data_bytes + head_bytes:
            raise self.bad("lengths")
        head = data[80 + data_bytes:]
        statement = (self.place["session"].to_bytes(8, "little") + bytes([self.place["lane"]]) + self.place["number"].to_bytes(8, "little")
                     + hashlib.sha256(head).digest())
        if not signed("block", statement, data[16:80], sender):
            raise self.bad("signature")
        self.read_head(head, data[80:80 + data_bytes])
        return {"parts": self.parts, "notices": self.notices, "unknown_frames": self.unknown_frames}

    def read_head(self, head, data):
        frames = used = 0
        try:
            for which, wire, value, times in protobuf.fields(head):
                if wire == 3:
                    raise protobuf.Unreadable("group")
                for _ in range(times if (which, wire) == (1, 2) else 0):
                    frames += 1
                    if frames > MAX_FRAMES:
                        raise self.bad("frames-limit")
                    used = self.frame(value, data, used)
        except protobuf.Unreadable:
            raise self.bad("head") from None
        if used != len(data):
            raise self.bad("data-left")

    def frame(self, value, data, used):
        if protobuf.count_within(value, 2) > MAX_FRAME_FIELDS:
            raise self.bad("frame")
        try:
            kind, frame = read_frame(value)
        except protobuf.Unreadable:
            raise self.bad("frame") from None
        if kind == 1:
            return self.part(frame, data, used)
        if kind == 2:
            self.notice(frame)
        else:
            self.unknown_frames += 1
        return used

    def part(self, frame, data, used):
        part = {name: frame.get(name, 0) for name in ("blob_size", "offset", "length", "stored_length", "encoding")}
        stored = data[used:used + part["stored_length"]]
        if len(stored) != part["stored_length"]:
            raise self.bad("part-data")
        if part["encoding"] not in (0, "ZSTD"):
            self.unknown_frames += 1
            return used + len(stored)
        blob = frame.get("blob", b"")
        if len(blob) != 32:
            raise self.bad("blob-name")
        self.total += part["length"]
        gains = part["stored_length"] < part["length"] if part["encoding"] else part["stored_length"] == part["length"]
        if (part["blob_size"] > MAX_BLOB or part["offset"] + part["length"] > part["blob_size"] or part["length"] == 0 and part["blob_size"] != 0
                or not gains or part["length"] > MAX_BLOCK or self.total > MAX_DECODED):
            raise self.bad("part-lengths")
        content = decoded(part, stored)
        self.parts.append({"blob": blob.hex(), "blob_size": part["blob_size"], "offset": part["offset"], "length": part["length"],
                           "zstd": part["encoding"] != 0, "stored": stored.hex(),
                           "decoded_sha256": None if content is None else hashlib.sha256(content).hexdigest()})
        return used + len(stored)

    def notice(self, frame):
        sequence, manifest, size = frame.get("sequence", 0), frame.get("manifest", b""), frame.get("manifest_size", 0)
        if sequence == 0 or len(manifest) != 32 or not 0 < size <= MAX_MANIFEST:
            raise self.bad("notice")
        self.notices.append({"sequence": sequence, "manifest": manifest.hex(), "manifest_size": size, "pass": frame.get("pass", 0)})


# --- manifests


def count_fields(payload):
    blobs = records = 0
    if protobuf.count_within(payload, 4) > MAX_FIELDS:
        raise manifest_bad("fields-limit")
    try:
        for which, wire, value, times in protobuf.fields(payload):
            blobs += times * (which == 6)
            records += times * (which == 7)
            if which == 5 and wire == 2 and len(value) > MAX_AFTER * 10:
                raise manifest_bad("after-limit")
    except protobuf.Unreadable:
        raise manifest_bad("message") from None
    if blobs > MAX_LISTED:
        raise manifest_bad("blobs-limit")
    if records > MAX_LISTED:
        raise manifest_bad("records-limit")


def manifest_bad(reason):
    return Refused(reason, "invalid", "manifest")


def read_manifest(data, sender):
    if len(data) > MAX_MANIFEST:
        raise manifest_bad("size")
    payload = read_envelope("shipment", data, sender)
    count_fields(payload)
    try:
        shipment = protobuf.parse("Shipment", payload)
    except protobuf.Unreadable:
        raise manifest_bad("message") from None
    check_shipment(shipment)
    check_blobs(shipment.get("blobs", []))
    check_records(shipment.get("records", []))
    return protobuf.shown(shipment)


def check_shipment(shipment):
    sequence, after = shipment.get("sequence", 0), shipment.get("after", [])
    if not valid_stream(shipment.get("stream", "")):
        raise manifest_bad("stream")
    if sequence == 0:
        raise manifest_bad("sequence")
    if len(after) > MAX_AFTER:
        raise manifest_bad("after-limit")
    if any(not 0 < one < sequence for one in after):
        raise manifest_bad("after")


def check_blobs(blobs):
    seen = set()
    for blob in blobs:
        name = blob.get("sha256", b"")
        if len(name) != 32:
            raise manifest_bad("blob-name")
        if name in seen:
            raise manifest_bad("blob-twice")
        seen.add(name)
        if blob.get("size", 0) > MAX_BLOB:
            raise manifest_bad("blob-size")
        for alias in blob.get("aliases", []):
            wanted = ALIAS_BYTES.get(alias.get("algorithm", 0))
            if wanted is not None and len(alias.get("digest", b"")) != wanted:
                raise manifest_bad("alias-length")


def check_records(records):
    seen = set()
    for record in records:
        ecosystem, document = record.get("ecosystem", ""), record.get("document", "")
        if not all(0 < len(name.encode()) <= MAX_NAME for name in (ecosystem, document)):
            raise manifest_bad("record-name")
        if record.get("withdrawn") and (record.get("body") or record.get("blobs")):
            raise manifest_bad("withdrawn")
        if any(len(name) != 32 for name in record.get("blobs", [])):
            raise manifest_bad("record-blob")
        if (ecosystem, document) in seen:
            raise manifest_bad("document-twice")
        seen.add((ecosystem, document))
