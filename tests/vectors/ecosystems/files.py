"""Records of files, to the letter of docs/protocol.md."""
import re

from ecosystems.common import MAX_NAME, is_plain, parsed
from link import Refused


def document_shown(name):
    return name if is_plain(name) else f"a name of the bytes {name.encode().hex()}"


def check_file(record, body, held, _previous):
    document, thing = record["document"], f"file {record['document']}"
    parts = document.split("/")
    if (len(document.encode()) > MAX_NAME or len(parts) < 2 or any(not part or part in (".", "..") or len(part.encode()) > 255 or "\\" in part for part in parts)
            or not is_plain(document)):
        raise Refused("document", "invalid", document_shown(document))
    entry = parsed("FileEntry", body, Refused("body", "invalid", thing))
    token = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
    if entry.get("media_type") and not re.fullmatch(f"{token}/{token}", entry["media_type"]):
        raise Refused("media-type", "invalid", thing)
    name = entry.get("sha256", b"")
    if len(name) != 32 or record["blobs"] != [name]:
        raise Refused("blobs", "invalid", thing)
    if held.get(name) is None or len(held[name]) != entry.get("size", 0):
        raise Refused("held", "integrity", thing)
    return entry
