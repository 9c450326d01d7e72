"""Records of conda subdirs, to the letter of docs/protocol.md."""
import hashlib
import json
import re

from ecosystems.common import depth, first_replaced, json_object, parsed
from link import Refused


def conda_document(document):
    """The subdir."""
    channel, slash, subdir = document.rpartition("/")
    if not slash:
        raise Refused("document", "invalid", f"document {document}")
    if len(channel) > 128 or not re.fullmatch(r"(?:[A-Za-z0-9][A-Za-z0-9_.-]*/){0,3}[A-Za-z0-9][A-Za-z0-9_.-]*", channel):
        raise Refused("document", "invalid", f"channel {channel}")
    if len(subdir) > 32 or not re.fullmatch("noarch|[a-z]+-[a-z0-9]+", subdir):
        raise Refused("document", "invalid", f"subdir {subdir}")
    return subdir


def conda_name(file):
    """Name, version and build; none if it is no file's name."""
    found = re.fullmatch(r"([a-z0-9_][a-z0-9_.-]*)-([A-Za-z0-9_+!][A-Za-z0-9_.+!]*)-([A-Za-z0-9_+][A-Za-z0-9_.+]*)\.(?:conda|tar\.bz2)", file)
    return found.groups() if found and len(file.encode()) <= 255 else None


def has_a_key_twice(data):
    """Whether the outermost object has; its members are given last."""
    counts = []
    return len(json.loads(data, object_pairs_hook=lambda members: counts.append(len(members)) or dict(members))) != counts[-1]


def conda_metadata(subdir, file, data):
    """What a client is shown: (SHA-256, size, MD5 or none); none if it does not hold."""
    if len(data) > 262144:
        return None
    shown = json_object(data)
    if shown is None or depth(shown) > 32 or has_a_key_twice(data):
        return None
    if (shown.get("name"), shown.get("version"), shown.get("build")) != conda_name(file):
        return None
    if shown.get("fn", file) != file or shown.get("subdir", subdir) != subdir or "url" in shown or "channel" in shown:
        return None
    sha256, md5, size = shown.get("sha256"), shown.get("md5", ""), shown.get("size")
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256) or not isinstance(size, int) or not 0 <= size < 2**64:
        return None
    if "md5" in shown and not (isinstance(md5, str) and re.fullmatch("[0-9a-f]{32}", md5)):
        return None
    return bytes.fromhex(sha256), size, bytes.fromhex(md5) or None


def check_conda(record, body, held, previous):
    document = record["document"]
    subdir = conda_document(document)

    def bad(reason, thing=document):
        return Refused(reason, "integrity", f"conda record {thing}")
    found = parsed("CondaSubdir", body, bad("body"))
    if not found.get("files"):
        raise bad("body")
    last = None
    for file in found["files"]:
        name = file.get("name", "")
        if not conda_name(name) or (last is not None and last >= name):
            raise bad("name")
        last = name
        thing = f"{document}: {name}"
        sha256, size = file.get("sha256", b""), file.get("size", 0)
        if len(sha256) != 32 or sha256 not in record["blobs"]:
            raise bad("file", thing)
        shown = conda_metadata(subdir, name, file.get("metadata", b""))
        if shown is None or shown[:2] != (sha256, size):
            raise bad("metadata", thing)
        if sha256 not in held or len(held[sha256]) != size:
            raise bad("held", thing)
        if shown[2] not in (None, hashlib.md5(held[sha256]).digest()):
            raise bad("md5", thing)
    name = first_replaced("CondaSubdir", "files", "name", "sha256", found, previous)
    if name is not None:
        raise bad("replaced", f"{document}: {name}")
    return found
