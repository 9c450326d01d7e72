"""Records of Hugging Face repositories, to the letter of docs/protocol.md."""
import hashlib
import re

from ecosystems.common import MAX_NAME, first_replaced, is_plain, json_object, parsed
from link import Refused


def hub_document(document):
    """Whether it is of a revision."""
    kind, slash, rest = document.partition("/")
    if not slash or kind not in ("models", "datasets", "spaces"):
        raise Refused("document", "invalid", f"document {document}")
    name, at, commit = rest.partition("@")
    part = r"(?![.-])(?!.*(?:--|\.\.))(?!.*\.git$)[A-Za-z0-9_.-]+(?<![.-])"
    parts = name.split("/")
    if len(name) > 96 or len(parts) > 2 or not all(re.fullmatch(part, one) for one in parts):
        raise Refused("document", "invalid", f"repository {name}")
    if at and not re.fullmatch("[0-9a-f]{40}", commit):
        raise Refused("document", "invalid", f"document {document}")
    return bool(at)


def hub_path(path):
    parts = path.split("/")
    return (len(path.encode()) <= MAX_NAME and len(parts) <= 64 and is_plain(path) and "\\" not in path
            and all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts))


def hub_ref(name):
    return (re.fullmatch(r"[\x21-\x7e]{1,255}", name) and not re.search(r"[ ~^:?*\[\\]|\.\.|//|@\{|^/|/$|\.$", name)
            and not re.fullmatch("[0-9a-f]{40}", name))


def check_huggingface(record, body, held, previous):
    document = record["document"]

    def bad(reason, thing=document):
        return Refused(reason, "integrity", f"huggingface record {thing}")
    if not hub_document(document):
        refs = parsed("HuggingFaceRefs", body, bad("refs"))
        if not refs.get("commits") or record["blobs"]:
            raise bad("refs")
        if not all(hub_ref(name) and re.fullmatch("[0-9a-f]{40}", commit) for name, commit in refs["commits"].items()):
            raise bad("ref")
        return refs
    revision = parsed("HuggingFaceRevision", body, bad("body"))
    about = json_object(revision.get("about", b""))
    if not revision.get("files") or about is None or not is_plain(revision.get("last_modified", "")):
        raise bad("body")
    last = None
    for file in revision["files"]:
        path = file.get("path", "")
        if not hub_path(path) or (last is not None and last >= path.encode()):
            raise bad("path")
        last = path.encode()
        check_hub_file(file, record, held, lambda reason, path=path: bad(reason, f"{document}: {path}"))
    if not all(hub_path(folder.get("path", "")) for folder in revision.get("folders", [])):
        raise bad("folder")
    path = first_replaced("HuggingFaceRevision", "files", "path", "sha256", revision, previous)
    if path is not None:
        raise bad("replaced", f"{document}: {path}")
    return revision


def check_hub_file(file, record, held, bad):
    sha256, oid = file.get("sha256", b""), file.get("oid", b"")
    if len(sha256) != 32 or len(oid) != 20 or sha256 not in record["blobs"]:
        raise bad("file")
    if sha256 not in held or len(held[sha256]) != file.get("size", 0):
        raise bad("held")
    content = held[sha256]
    if not file.get("pointer_size") and hashlib.sha1(b"blob %d\0" % len(content) + content).digest() != oid:
        raise bad("oid")
