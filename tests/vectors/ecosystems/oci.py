"""Records of OCI repositories, to the letter of docs/protocol.md."""
import hashlib
import re

import protobuf
from ecosystems.common import MAX_NAME, depth, json_object, parsed
from ecosystems.sif import is_sound_sif
from link import Refused

MAX_MANIFEST = 4 << 20
MAX_ENTRIES = 100_000
MAX_DESCRIPTORS = 10_000
IMAGES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
INDICES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
NOT_DISTRIBUTED = re.compile(r"application/vnd\.(oci\.image\.layer\.nondistributable\.v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.foreign\.diff\.tar(\.gzip)?)")
SIF = "application/vnd.sylabs.sif.layer.v1.sif"
MEMBERS = ("schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "artifactType", "annotations", "digest", "size", "platform", "fsLayers")


class Unreadable(Exception):
    pass


def is_registry(text):
    found = re.fullmatch(r"(\[[0-9a-f:]{2,}\]|[a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?", text)
    if not found or len(text) > 255 or int(found[2] or 1) > 65535:
        return False
    return found[1][0] == "[" or all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in found[1].split("."))


def is_repository(text):
    part = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
    return len(text) <= 255 and re.fullmatch(f"{part}(?:/{part})*", text)


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def check_members(value):
    for member in value:
        if any(member != known and member.lower() == known.lower() for known in MEMBERS):
            raise Unreadable


def said(value, name, longest=255):
    """A text; empty where there is none."""
    text = value.get(name)
    if text is None:
        return ""
    if not isinstance(text, str) or not re.fullmatch(f"[ -~]{{0,{longest}}}", text):
        raise Unreadable
    return text


def texts(value):
    found = value.get("annotations")
    if found is not None and (not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values())):
        raise Unreadable
    return found or {}


def descriptor(value, sizes):
    if not isinstance(value, dict):
        raise Unreadable
    check_members(value)
    media_type, digest, size = said(value, "mediaType"), said(value, "digest"), value.get("size")
    if not media_type or not re.fullmatch("sha256:[0-9a-f]{64}", digest) or not is_whole(size) or not 0 <= size <= 1 << 42:
        raise Unreadable
    if sizes.setdefault(digest, size) != size:
        raise Unreadable
    said(value, "artifactType")
    texts(value)
    platform = value.get("platform")
    if platform is not None:
        if not isinstance(platform, dict):
            raise Unreadable
        for name in ("os", "architecture", "variant", "os.version"):
            said(platform, name, 128)
    return media_type, bytes.fromhex(digest[7:]), size


def descriptors(value, sizes):
    if not isinstance(value, list) or len(value) > MAX_DESCRIPTORS:
        raise Unreadable
    return [descriptor(one, sizes) for one in value]


def oci_manifest(media_type, data):
    """Its configuration and layers, children, subject, artifact type and annotations."""
    shown = json_object(data) if len(data) <= MAX_MANIFEST else None
    if shown is None or depth(shown) > 32 or not is_whole(shown.get("schemaVersion")) or shown["schemaVersion"] != 2:
        raise Unreadable
    check_members(shown)
    if (said(shown, "mediaType") or media_type) != media_type or media_type not in IMAGES + INDICES:
        raise Unreadable
    if any(name in shown for name in ("fsLayers", *(("manifests",) if media_type in IMAGES else ("config", "layers")))):
        raise Unreadable
    parts, children, config_type, sizes = [], [], "", {}
    if media_type in IMAGES:
        config_type, *_ = config = descriptor(shown.get("config"), sizes)
        parts = [config, *descriptors(shown.get("layers"), sizes)]
    else:
        children = descriptors(shown.get("manifests"), sizes)
    subject = b"" if shown.get("subject") is None else descriptor(shown["subject"], sizes)[1]
    return parts, children, subject, said(shown, "artifactType") or config_type, texts(shown)


def check_order(entries, record, bad):
    last = b""
    for entry in entries:
        sha256 = entry.get("sha256", b"")
        if len(sha256) != 32 or sha256 <= last or sha256 not in record["blobs"]:
            raise bad
        last = sha256


def check_oci(record, body, held, previous):
    document = record["document"]
    registry, slash, repository = document.partition("/")
    if not slash or len(document) > MAX_NAME:
        raise Refused("document", "invalid", f'document "{document}"')
    if not is_registry(registry):
        raise Refused("document", "invalid", f'registry "{registry}"')
    if not is_repository(repository):
        raise Refused("document", "invalid", f'repository "{repository[:256]}"')

    def bad(reason, sha256=None):
        return Refused(reason, "integrity", f"oci record {document}" + (f": sha256:{sha256.hex()}" if sha256 is not None else ""))
    found = parsed("OciRepository", body, bad("body"))
    manifests, blobs, tags = found.get("manifests", []), found.get("blobs", []), found.get("tags", {})
    if found.get("name", "") != document or not manifests:
        raise bad("body")
    if len(manifests) > MAX_ENTRIES or len(tags) > MAX_ENTRIES:
        raise bad("limit")
    check_order(manifests, record, bad("manifest"))
    check_order(blobs, record, bad("blob"))
    for entry in manifests + blobs:
        if entry["sha256"] not in held or len(held[entry["sha256"]]) != entry.get("size", 0):
            raise bad("held", entry["sha256"])
    sizes = {blob["sha256"]: blob.get("size", 0) for blob in blobs}
    named = set()
    for manifest in manifests:
        named |= check_oci_manifest(manifest, sizes, held, lambda reason, sha256=manifest["sha256"], other=None: bad(reason, other or sha256))
    for sha256 in sizes:
        if sha256 not in named:
            raise bad("stray", sha256)
    known = {manifest["sha256"] for manifest in manifests}
    for tag, sha256 in tags.items():
        if not re.fullmatch("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", tag) or sha256 not in known:
            raise bad("tag")
    before = {} if previous is None else protobuf.parse("OciRepository", previous)
    for tag, sha256 in tags.items():
        was = before.get("tags", {}).get(tag, sha256)
        if was != sha256 and sif_of(before.get("manifests", []), was, held) != sif_of(manifests, sha256, held):
            raise Refused("sif-tag", "integrity", f"oci record {document}:{tag}")
    return found


def sif_of(manifests, sha256, held):
    """The SIF image that a manifest is; none: it is something else."""
    for manifest in manifests:
        if manifest["sha256"] == sha256:
            parts, *_ = oci_manifest(manifest.get("media_type", ""), held[sha256])
            return sif_layer(parts)
    return None


def sif_layer(parts):
    """`parts`: the configuration, then the layers."""
    return parts[1][1] if len(parts) == 2 and parts[1][0] == SIF else None


def check_oci_manifest(manifest, sizes, held, bad):
    data = held[manifest["sha256"]]
    assert hashlib.sha256(data).digest() == manifest["sha256"]
    try:
        parts, children, subject, artifact_type, annotations = oci_manifest(manifest.get("media_type", ""), data)
    except Unreadable:
        raise bad("reads") from None
    for media_type, sha256, size in parts:
        if sizes.get(sha256) != size and not (sha256 not in sizes and NOT_DISTRIBUTED.fullmatch(media_type)):
            raise bad("missing")
    layer = sif_layer(parts)
    if layer is not None and not is_sound_sif(held[layer]):
        raise bad("sif", other=layer)
    shown = (manifest.get("subject", b""), manifest.get("artifact_type", ""), manifest.get("annotations", {}))
    if shown != ((subject, artifact_type, annotations) if subject else (b"", "", {})):
        raise bad("subject")
    return {sha256 for _, sha256, _ in parts + children}
