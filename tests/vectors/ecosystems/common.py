"""What the checks of several ecosystems have in common."""
import json

import protobuf

MAX_NAME = 2048


def parsed(name, data, refused):
    try:
        return protobuf.parse(name, data)
    except protobuf.Unreadable:
        raise refused from None


def is_plain(text):
    return not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text)


def json_object(data):
    """Boost.JSON counts what stands inside the 64th level as too deep."""
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) and depth(value) <= 64 else None


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def first_replaced(message, listing, name, digest, now, previous):
    """The first entry that has other bytes than in the document before; none if there is none."""
    before = {} if previous is None else {one.get(name, ""): one.get(digest, b"") for one in protobuf.parse(message, previous).get(listing, [])}
    return next((one.get(name, "") for one in now[listing] if before.get(one.get(name, ""), one.get(digest)) != one.get(digest)), None)
