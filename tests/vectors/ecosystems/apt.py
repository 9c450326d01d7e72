"""Records of apt suites, to the letter of docs/protocol.md."""
import protobuf
from ecosystems.common import parsed
from link import Refused


def safe_segment(text):
    return 0 < len(text.encode()) <= 1024 and text not in (".", "..") and not any(ord(c) < 0x20 or ord(c) == 0x7F or c in "/\\" for c in text)


def safe_path(text):
    return len(text.encode()) <= 1024 and all(map(safe_segment, text.split("/")))


def check_apt(record, body, held, previous):
    """Up to the signature of its Release, which is apt's own chain."""
    document, thing = record["document"], f"apt {record['document']}"
    unreadable = Refused("body", "invalid", thing)
    suite = parsed("AptSuite", body, unreadable)
    archive, name = suite.get("archive", ""), suite.get("suite", "")
    if not safe_segment(archive) or not safe_path(name) or document != f"{archive}/{name}":
        raise unreadable
    if archive != "debian":  # the one that has a keyring in the vectors
        raise Refused("keyring", "refused", thing)
    if previous is not None:
        before = protobuf.parse("AptSuite", previous)
        if before.get("mode", 0) == suite.get("mode", 0) and before.get("date_micros", 0) > suite.get("date_micros", 0):
            raise Refused("date", "outdated", thing)
    last, paths = b"", set()
    for file in suite.get("files", []):
        path, sha256 = file.get("path", ""), file.get("sha256", b"")
        if len(sha256) != 32 or not safe_path(path) or path.encode() <= last:
            raise Refused("files", "invalid", thing)
        last = path.encode()
        paths.add(path)
        if sha256 not in record["blobs"]:
            raise Refused("named", "integrity", f"{thing} {path}")
        if sha256 not in held or len(held[sha256]) != file.get("size", 0):
            raise Refused("held", "integrity", f"{thing} {path}")
    dists = f"dists/{name}/"
    if f"{dists}InRelease" not in paths and not {f"{dists}Release", f"{dists}Release.gpg"} <= paths:
        raise Refused("release", "integrity", f"{thing} {dists}")
    raise Refused("signature", "integrity", thing)
