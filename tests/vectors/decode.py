#!/usr/bin/env python3
"""Reads every golden vector with a decoder that was written from docs/protocol.md and docs/storage.md alone, and compares.

Usage: decode.py              prints one line for each vector that comes out otherwise, and exits 1 if there is any
       decode.py --self-test  also expects something else of every vector, and that this is noticed
"""
import hashlib
import json
import pathlib
import sys

import content
import ecosystems
import erasure
import link
import media
import protobuf
import resend
import stored

HERE = pathlib.Path(__file__).parent


def counting(first):
    return bytes(first + i for i in range(32))


# The test keys: counting bytes, as the document's worked example says.
SENDER = link.sodium.crypto_sign_seed_keypair(counting(0x40))[0]
RECEIVER = counting(0x60)


def bytes_of(lines):
    """"hex *times ; remark" one after another."""
    out = []
    for line in lines:
        digits, _, times = line.split(" ;")[0].partition(" *")
        out.append(bytes.fromhex(digits) * int(times or 1))
    return b"".join(out)


def is_refused(read, data):
    try:
        read(data)
        return False
    except (link.Refused, protobuf.Unreadable):
        return True


def outcome(vector, read, data):
    """What is wrong with the outcome; empty if nothing is."""
    try:
        found = {"fields": read(data)}
    except link.Refused as refused:
        found = {"refused": refused.reason, "code": refused.code, "thing": refused.thing}
    except protobuf.Unreadable:
        found = {"refused": "unreadable"}
    expected = {name: vector[name] for name in ("fields", "refused", "code", "thing") if name in vector}
    differs = any(found.get(name) != value for name, value in expected.items()) or not expected.keys() & found.keys()
    return f"comes out as {found}" if differs else ""


def cut_off(vector, read, data, whole_from=None):
    """Every prefix is refused, but for those that the vector names; from `whole_from` on it may be whole."""
    if "fields" not in vector:
        return ""
    readable = vector.get("readable_prefixes", [len(data)])
    for size in range(len(data) + 1 if whole_from is None else whole_from):
        if is_refused(read, data[:size]) == (size in readable):
            return f"cut to {size} bytes"
    return ""


# --- a function for each structure: what is wrong with a vector


def simple(read):
    def check(vector):
        data = bytes_of(vector["bytes"])
        return outcome(vector, read, data) or cut_off(vector, read, data)
    return check


def enveloped(read, header):
    """The hint that stands last may be missing: 10 bytes."""
    def check(vector):
        data = bytes_of(vector["bytes"])
        return outcome(vector, read, data) or cut_off(vector, read, data, max(len(data) - 10, header))
    return check


def check_block(vector):
    return simple(lambda data: content.Block(vector["place"]).read(data, SENDER))(vector)


def check_message(vector):
    return simple(lambda data: protobuf.shown(protobuf.parse(vector["message"], data) if vector["message"] != "Frame" else read_frame(data)))(vector)


def read_frame(data):
    protobuf.parse("Frame", data)
    kind, frame = content.read_frame(data)
    return {} if kind is None else {"part" if kind == 1 else "notice": frame}


def check_link(vector):
    receiver = link.Receiver("lab-low", SENDER, RECEIVER)
    for at, step in enumerate(vector["steps"]):
        counted = sorted(receiver.take(bytes_of(step["bytes"])))
        if counted != step["counted"]:
            return f"step {at + 1} counts {counted}"
    return "" if receiver.blocks == vector["blocks"] else f"blocks {receiver.blocks}"


def geometry_of(vector):
    return erasure.Geometry(*(vector["geometry"][name] for name in ("block_bytes", "symbol_bytes", "max_data", "parity")))


def check_geometry(vector):
    g = geometry_of(vector)
    if not g.valid:
        return "" if vector.get("refused") == "bad-geometry" else "not valid"
    fields = {"data_symbols": g.data_symbols, "codewords": g.codewords, "total_symbols": g.total, "first_codeword": g.data_in(0),
              "last_codeword": g.data_in(g.codewords - 1)}
    return "" if fields == vector.get("fields") else f"{fields}"


def check_code(vector):
    g, block = geometry_of(vector), bytes_of(vector["bytes"])
    symbols = erasure.encode(g, block)
    if [symbol.hex() for symbol in symbols[g.data_symbols:]] != vector["parity"]:
        return "another parity"
    for ordinals in vector["recovers"]:
        if erasure.decode(g, {n: symbols[n] for n in ordinals}) != block:
            return f"not recovered from {ordinals}"
    for ordinals in vector["lacks"]:
        if erasure.decode(g, {n: symbols[n] for n in ordinals}) is not None:
            return f"recovered from {ordinals}"
    return ""


def check_replay(vector):
    window = link.ReplayWindow(vector["window"])
    verdicts = [window.ask(counter) for counter in vector["counters"]]
    return "" if verdicts == vector["verdicts"] else f"{verdicts}"


def check_record(vector):
    held = {hashlib.sha256(blob).digest(): blob for blob in map(bytes.fromhex, vector["held"])}
    record = {"document": vector["document"], "blobs": [bytes.fromhex(name) for name in vector["blobs"]]}
    previous = bytes_of(vector["previous"]["bytes"]) if "previous" in vector else None
    check = ecosystems.RECORD_CHECKS[vector["ecosystem"]]
    return outcome(vector, lambda data: protobuf.shown(check(record, data, held, previous)), bytes_of(vector["bytes"]))


def check_stored(vector):
    key = bytes_of(vector["key"]["bytes"])
    return outcome(vector, lambda data: stored.read_entry(vector, key, data), bytes_of(vector["bytes"]))


def check_key_file(vector):
    return outcome(vector, lambda text: stored.read_key_file(vector["use"], vector["kind"], text), vector["text"])


def check_resend_code(vector):
    problem = outcome(vector, lambda text: resend.read(vector["stream"], text), vector["text"])
    if not problem and vector.get("written") and resend.write(vector["stream"], vector["fields"]["ranges"]) != vector["text"]:
        problem = "is written otherwise"
    return problem


CHECKS = {
    "datagram": simple(link.read_datagram),
    "heartbeat": simple(link.read_heartbeat),
    "announce": enveloped(lambda data: link.read_announce(data, SENDER, RECEIVER), 8),
    "block": check_block,
    "manifest": enveloped(lambda data: content.read_manifest(data, SENDER), 0),
    "messages": check_message,
    "link": check_link,
    "geometry": check_geometry,
    "code": check_code,
    "replay": check_replay,
    "record": check_record,
    "stored": check_stored,
    "key-file": check_key_file,
    "resend-code": check_resend_code,
    "media-head": simple(lambda data: media.read_head(data, SENDER)),
}


def spoiled(vector):
    """The same bytes, of which something else is expected."""
    other = {"fields": {"no": "such"}, "refused": "for-nothing", "verdicts": [], "parity": ["00"]}
    changed = {name: other[name] for name in other if name in vector}
    if "steps" in vector:
        changed["steps"] = [vector["steps"][0] | {"counted": ["nothing"]}, *vector["steps"][1:]]
    assert changed, vector["name"]
    return vector | changed


def main():
    wrong = total = 0
    for path in sorted(HERE.glob("*.json")):
        for vector in json.loads(path.read_text())["vectors"]:
            total += 1
            problem = CHECKS[path.stem](vector)
            if not problem and "--self-test" in sys.argv and not CHECKS[path.stem](spoiled(vector)):
                problem = "something else is taken as well"
            if problem:
                print(f"{path.stem} {vector['name']}: {problem[:400]}")
                wrong += 1
    print(f"{total} vectors, {wrong} come out otherwise")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main())
