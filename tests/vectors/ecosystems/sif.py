"""Whether bytes are a sound SIF image, to the letter of docs/protocol.md."""
import struct

HEADER, DESCRIPTOR, MAX_DESCRIPTORS = 128, 585, 1024
PARTITION, FIRST_TYPE, LAST_TYPE = 0x4004, 0x4001, 0x400b
GROUP = 0xf0000000


def is_architecture(code):
    return code[:2].isdigit() and code[2] == 0


def is_sound_sif(data):
    if len(data) < HEADER or data[32:45] != b"SIF_MAGIC\0" + b"01\0" or not is_architecture(data[45:48]):
        return False
    free, total, table, size, begin, length = struct.unpack_from("<6Q", data, 80)
    if not 1 <= total <= MAX_DESCRIPTORS or free > total or size != total * DESCRIPTOR:
        return False
    if not (HEADER <= table and table + size <= begin and begin + length <= len(data)):
        return False
    objects = []
    for number in range(total):
        at = table + number * DESCRIPTOR
        kind, used, identity, group, link, offset, length, padded = struct.unpack_from("<iBIIIQQQ", data, at)
        if used == 0:
            continue
        if used != 1 or not FIRST_TYPE <= kind <= LAST_TYPE or identity == 0 or identity in {known["id"] for known in objects}:
            return False
        if offset < begin or offset + length > len(data) or padded < length or kind == PARTITION and offset % 4096 != 0:
            return False
        objects.append({"kind": kind, "id": identity, "group": group & ~GROUP, "link": link, "offset": offset, "length": length, "extra": data[at + 201:at + DESCRIPTOR]})
    if len(objects) != total - free:
        return False
    filled = sorted((one["offset"], one["length"]) for one in objects if one["length"])
    if any(before + length > after for (before, length), (after, _) in zip(filled, filled[1:])):
        return False
    for one in objects:
        is_group = one["link"] & GROUP == GROUP
        link = one["link"] & ~GROUP if is_group else one["link"]
        if link and not any(other["group" if is_group else "id"] == link for other in objects):
            return False
    primary = [one["extra"] for one in objects if one["kind"] == PARTITION and struct.unpack_from("<i", one["extra"], 4)[0] == 2]
    return len(primary) <= 1 and all(extra[8:11] == data[45:48] for extra in primary)
