"""Reads the sector that a slice begins with: docs/protocol.md, Removable media."""
import hashlib
import re

import erasure
import link

SECTOR, SYMBOL = 2048, 1988


def refuse(reason):
    raise link.Refused(reason, "", "")


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        if size > len(self.data):
            refuse("statement")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "little")


def read_statement(data):
    reader = Reader(data)
    head = {"stream": reader.take(reader.number(1)).decode("ascii", "replace")}
    for name, size in (("bundle", 8), ("volume", 2), ("group", 4), ("sector", 8), ("session", 8), ("files", 1), ("heads", 1), ("flags", 1), ("max_data", 1),
                       ("parity", 1), ("count", 1)):
        head[name] = reader.number(size)
    flags, count = head.pop("flags"), head.pop("count")
    if flags > 1 or count > 32:
        refuse("statement")
    head["last"] = flags == 1
    head["blocks"] = [reader.number(4) for _ in range(count)]
    if reader.data:
        refuse("statement")
    return head


def read_head(data, sender):
    if len(data) != SECTOR:
        refuse("length")
    if data[:4] != b"SLMH":
        refuse("magic")
    if hashlib.sha256(data[:16] + bytes(16) + data[32:]).digest()[:16] != data[16:32]:
        refuse("check")
    if data[4] != 1:
        refuse("version")
    file, statement_bytes, announce_bytes = data[5], int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    end = 96 + statement_bytes
    if announce_bytes > 1452 or end + announce_bytes > SECTOR:
        refuse("announce")
    head = read_statement(data[96:end])
    valid = (re.fullmatch(r"[A-Za-z0-9._-]{1,64}", head["stream"]) and head["bundle"] and head["volume"] and 1 <= head["files"] <= 64 and file < head["files"]
             and 1 <= head["heads"] <= 4 and head["blocks"] and head["sector"] <= 2**35
             and all(erasure.Geometry(size, SYMBOL, head["max_data"], head["parity"]).valid for size in head["blocks"]))
    if not valid:
        refuse("statement")
    return {**head, "file": file, "announce": data[end:end + announce_bytes].hex(), "signed": link.signed("media", data[96:end], data[32:96], sender)}

