"""What vectors of records are made with: contents, their digests, and whether a record holds."""
import base64
import hashlib

CONTENT, OTHER = b"Hello, closed network!\n", b"other bytes"


def digest(content):
    return hashlib.sha256(content).digest()


def sri(content):
    return "sha256-" + base64.b64encode(digest(content)).decode()


def vector(name, ecosystem, document, body, blobs=(CONTENT,), held=(CONTENT,), previous=None, **outcome):
    named = [blob if len(blob) == 32 else digest(blob) for blob in blobs]
    found = {"name": f"{ecosystem}-{name}", "ecosystem": ecosystem, "document": document, "bytes": body, "blobs": [blob.hex() for blob in named],
             "held": [content.hex() for content in held], **outcome}
    return found if previous is None else found | {"previous": {"bytes": previous}}


def refused(name, reason, code, thing, cause, ecosystem, document, body, **other):
    return vector(name, ecosystem, document, body, refused=reason, code=code, thing=thing, cause=cause, **other)
