"""Blocks, manifests and records, to the letter of docs/protocol.md. Nothing here is the product's."""
import base64
import hashlib
import json
import re

import zstandard

import protobuf
from link import Refused, number, read_envelope, signed, valid_stream

MAX_HEAD, MAX_FRAMES, MAX_BLOCK, MAX_DECODED = 4194304, 40000, 16777216, 67108864
MAX_FRAME_FIELDS = 64
MAX_BLOB, MAX_MANIFEST, MAX_FIELDS, MAX_LISTED, MAX_AFTER, MAX_NAME = 4398046511104, 67108864, 8000000, 500000, 32, 2048
ALIAS_BYTES = {"SHA256": 32, "SHA512": 64, "SHA1": 20, "MD5": 16, "GIT_BLOB_SHA1": 20}


# --- blocks


def read_frame(data):
    """Of the two kinds only the last stands; a value of the same kind is merged into the one before."""
    kind, frame = None, {}
    for which, wire, value, _ in protobuf.fields(data):
        if which in (1, 2) and wire == 2:
            frame = frame if kind == which else {}
            kind = which
            protobuf.read_into(frame, protobuf.MESSAGES["BlobPart" if which == 1 else "ShipmentNotice"], value)
    return kind, frame


def unpacked(stored):
    """Of one or more zstd frames; none if there is anything else."""
    content, rest = b"", stored
    while rest:
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            content += frame.decompress(rest)
        except zstandard.ZstdError:
            return None
        if not frame.eof:
            return None
        rest = frame.unused_data
    return content


def decoded(part, stored):
    content = stored if part["encoding"] == 0 else unpacked(stored)
    return content if content is not None and len(content) == part["length"] else None


class Block:
    def __init__(self, place):
        self.thing = f"block {place['number']} of lane {place['lane']}"
        self.place, self.total = place, 0
        self.parts, self.notices, self.unknown_frames = [], [], 0

    def bad(self, reason):
        return Refused(reason, "integrity", self.thing)

    def read(self, data, sender):
        if len(data) < 80:
            raise self.bad("short")
        if data[:4] != b"SLBK":
            raise self.bad("magic")
        if data[4:8] != b"\1\0\0\0":
            raise self.bad("version")
        data_bytes, head_bytes = number(data, 8, 4), number(data, 12, 4)
        if head_bytes > MAX_HEAD:
            raise self.bad("head-limit")
        if len(data) != 80 + data_bytes + head_bytes:
            raise self.bad("lengths")
        head = data[80 + data_bytes:]
        statement = (self.place["session"].to_bytes(8, "little") + bytes([self.place["lane"]]) + self.place["number"].to_bytes(8, "little")
                     + hashlib.sha256(head).digest())
        if not signed("block", statement, data[16:80], sender):
            raise self.bad("signature")
        self.read_head(head, data[80:80 + data_bytes])
        return {"parts": self.parts, "notices": self.notices, "unknown_frames": self.unknown_frames}

    def read_head(self, head, data):
        frames = used = 0
        try:
            for which, wire, value, times in protobuf.fields(head):
                if wire == 3:
                    raise protobuf.Unreadable("group")
                for _ in range(times if (which, wire) == (1, 2) else 0):
                    frames += 1
                    if frames > MAX_FRAMES:
                        raise self.bad("frames-limit")
                    used = self.frame(value, data, used)
        except protobuf.Unreadable:
            raise self.bad("head") from None
        if used != len(data):
            raise self.bad("data-left")

    def frame(self, value, data, used):
        if protobuf.count_within(value, 2) > MAX_FRAME_FIELDS:
            raise self.bad("frame")
        try:
            kind, frame = read_frame(value)
        except protobuf.Unreadable:
            raise self.bad("frame") from None
        if kind == 1:
            return self.part(frame, data, used)
        if kind == 2:
            self.notice(frame)
        else:
            self.unknown_frames += 1
        return used

    def part(self, frame, data, used):
        part = {name: frame.get(name, 0) for name in ("blob_size", "offset", "length", "stored_length", "encoding")}
        stored = data[used:used + part["stored_length"]]
        if len(stored) != part["stored_length"]:
            raise self.bad("part-data")
        if part["encoding"] not in (0, "ZSTD"):
            self.unknown_frames += 1
            return used + len(stored)
        blob = frame.get("blob", b"")
        if len(blob) != 32:
            raise self.bad("blob-name")
        self.total += part["length"]
        gains = part["stored_length"] < part["length"] if part["encoding"] else part["stored_length"] == part["length"]
        if (part["blob_size"] > MAX_BLOB or part["offset"] + part["length"] > part["blob_size"] or part["length"] == 0 and part["blob_size"] != 0
                or not gains or part["length"] > MAX_BLOCK or self.total > MAX_DECODED):
            raise self.bad("part-lengths")
        content = decoded(part, stored)
        self.parts.append({"blob": blob.hex(), "blob_size": part["blob_size"], "offset": part["offset"], "length": part["length"],
                           "zstd": part["encoding"] != 0, "stored": stored.hex(),
                           "decoded_sha256": None if content is None else hashlib.sha256(content).hexdigest()})
        return used + len(stored)

    def notice(self, frame):
        sequence, manifest, size = frame.get("sequence", 0), frame.get("manifest", b""), frame.get("manifest_size", 0)
        if sequence == 0 or len(manifest) != 32 or not 0 < size <= MAX_MANIFEST:
            raise self.bad("notice")
        self.notices.append({"sequence": sequence, "manifest": manifest.hex(), "manifest_size": size, "pass": frame.get("pass", 0)})


# --- manifests


def count_fields(payload):
    blobs = records = 0
    if protobuf.count_within(payload, 4) > MAX_FIELDS:
        raise manifest_bad("fields-limit")
    try:
        for which, wire, value, times in protobuf.fields(payload):
            blobs += times * (which == 6)
            records += times * (which == 7)
            if which == 5 and wire == 2 and len(value) > MAX_AFTER * 10:
                raise manifest_bad("after-limit")
    except protobuf.Unreadable:
        raise manifest_bad("message") from None
    if blobs > MAX_LISTED:
        raise manifest_bad("blobs-limit")
    if records > MAX_LISTED:
        raise manifest_bad("records-limit")


def manifest_bad(reason):
    return Refused(reason, "invalid", "manifest")


def read_manifest(data, sender):
    if len(data) > MAX_MANIFEST:
        raise manifest_bad("size")
    payload = read_envelope("shipment", data, sender)
    count_fields(payload)
    try:
        shipment = protobuf.parse("Shipment", payload)
    except protobuf.Unreadable:
        raise manifest_bad("message") from None
    check_shipment(shipment)
    check_blobs(shipment.get("blobs", []))
    check_records(shipment.get("records", []))
    return protobuf.shown(shipment)


def check_shipment(shipment):
    sequence, after = shipment.get("sequence", 0), shipment.get("after", [])
    if not valid_stream(shipment.get("stream", "")):
        raise manifest_bad("stream")
    if sequence == 0:
        raise manifest_bad("sequence")
    if len(after) > MAX_AFTER:
        raise manifest_bad("after-limit")
    if any(not 0 < one < sequence for one in after):
        raise manifest_bad("after")


def check_blobs(blobs):
    seen = set()
    for blob in blobs:
        name = blob.get("sha256", b"")
        if len(name) != 32:
            raise manifest_bad("blob-name")
        if name in seen:
            raise manifest_bad("blob-twice")
        seen.add(name)
        if blob.get("size", 0) > MAX_BLOB:
            raise manifest_bad("blob-size")
        for alias in blob.get("aliases", []):
            wanted = ALIAS_BYTES.get(alias.get("algorithm", 0))
            if wanted is not None and len(alias.get("digest", b"")) != wanted:
                raise manifest_bad("alias-length")


def check_records(records):
    seen = set()
    for record in records:
        ecosystem, document = record.get("ecosystem", ""), record.get("document", "")
        if not all(0 < len(name.encode()) <= MAX_NAME for name in (ecosystem, document)):
            raise manifest_bad("record-name")
        if record.get("withdrawn") and (record.get("body") or record.get("blobs")):
            raise manifest_bad("withdrawn")
        if any(len(name) != 32 for name in record.get("blobs", [])):
            raise manifest_bad("record-blob")
        if (ecosystem, document) in seen:
            raise manifest_bad("document-twice")
        seen.add((ecosystem, document))


# --- records


def parsed(name, data, refused):
    try:
        return protobuf.parse(name, data)
    except protobuf.Unreadable:
        raise refused from None


def document_shown(name):
    return name if is_plain(name) else f"a name of the bytes {name.encode().hex()}"


def is_plain(text):
    return not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text)


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


NPM_PART = r"(?!\.)(?!-(?:/|$))[A-Za-z0-9_.!~*'()-]+"
NPM_NAME = re.compile(rf"(?!_)(?!(?:node_modules|favicon\.ico)$){NPM_PART}|@{NPM_PART}/{NPM_PART}")
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z.-]+)?")
SRI_BYTES = {"sha256": 32, "sha512": 64, "sha1": 20, "md5": 16}


def is_semver(text):
    found = SEMVER.fullmatch(text)
    return bool(found) and len(text) <= 256 and all(int(found[i]) < 1 << 53 for i in (1, 2, 3))


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


def sri_holds(text, content):
    matching = 0
    for part in text.split(" "):
        algorithm, _, encoded = part.partition("?")[0].partition("-")
        if algorithm in SRI_BYTES and len(digest := base64.b64decode(encoded)) == SRI_BYTES[algorithm]:
            if algorithm != "sha256" or digest != hashlib.sha256(content).digest():
                return False  # the vectors' store has no other digests of its blobs
            matching += 1
    return matching > 0


def check_npm(record, body, held, previous):
    document = record["document"]

    def bad(reason, thing):
        return Refused(reason, "integrity", f"npm record {thing}")
    package = parsed("NpmPackage", body, bad("body", document))
    name, versions = package.get("name", ""), package.get("versions", [])
    if name != document or len(name) > 214 or not NPM_NAME.fullmatch(name) or not versions:
        raise bad("package", document)
    seen = set()
    for version in versions:
        label = version.get("version", "")
        thing = f"{name}@{label}"
        if label in seen:
            raise bad("version-twice", thing)
        seen.add(label)
        check_npm_version(name, label, version, record, held, lambda reason, thing=thing: bad(reason, thing))
    tags = package.get("dist_tags", {})
    if any(version not in seen for version in tags.values()):
        raise bad("tag", name)
    if "latest" not in tags:
        raise bad("latest", name)
    if package.get("extra") and json_object(package["extra"]) is None:
        raise bad("extra", name)
    before = {} if previous is None else {v.get("version", ""): v.get("tarball", b"") for v in protobuf.parse("NpmPackage", previous).get("versions", [])}
    for version in versions:
        label = version.get("version", "")
        if before.get(label, version.get("tarball")) != version.get("tarball"):
            raise bad("replaced", f"{name}@{label}")
    return package


def check_npm_version(name, label, version, record, held, bad):
    manifest, tarball = json_object(version.get("manifest", b"")), version.get("tarball", b"")
    if not is_semver(label) or manifest is None or manifest.get("name") != name or manifest.get("version") != label:
        raise bad("manifest")
    if len(tarball) != 32 or tarball not in record["blobs"]:
        raise bad("tarball")
    if tarball not in held or len(held[tarball]) != version.get("size", 0):
        raise bad("held")
    dist = manifest.get("dist")
    if not isinstance(dist, dict) or not isinstance(dist.get("tarball"), str) or not dist["tarball"]:
        raise bad("dist")
    if dist.get("integrity"):
        if not sri_holds(dist["integrity"], held[tarball]):
            raise bad("integrity")
    elif dist.get("shasum") != hashlib.sha1(held[tarball]).hexdigest():
        raise bad("shasum")


NUMBER = r"\d{1,18}"
PEP440 = re.compile(rf"v?({NUMBER}!)?{NUMBER}(\.{NUMBER})*([-_.]?(alpha|a|beta|b|preview|pre|c|rc)([-_.]?{NUMBER})?)?"
                    rf"(-{NUMBER}|[-_.]?(post|rev|r)([-_.]?{NUMBER})?)?([-_.]?dev([-_.]?{NUMBER})?)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?")


def is_pep440(text):
    return len(text) <= 256 and text.isascii() and bool(PEP440.fullmatch(text.lower()))


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pypi_file_version(project, name):
    """The version of a project's file, and whether it is a wheel; none if it is no such file."""
    if not re.fullmatch(r"(?!\.)[A-Za-z0-9._+!-]{1,255}", name):
        return None
    if name.endswith(".whl"):
        parts = name[:-len(".whl")].split("-")
        if len(parts) not in (5, 6) or normalised(parts[0]) != project or not is_pep440(parts[1]) or (len(parts) == 6 and not re.match(r"\d", parts[2])):
            return None
        return (parts[1], True) if all(tag for part in parts[-3:] for tag in part.split(".")) else None
    for ending in (".tar.gz", ".zip"):
        stem = name.removesuffix(ending)
        for dash in re.finditer("-", stem) if stem != name else ():
            if is_pep440(stem[dash.end():]) and normalised(stem[:dash.start()]) == project:
                return stem[dash.end():], False
    return None


def metadata_is_of(project, version, content):
    header = {}
    for line in content.split(b"\n"):
        if not line.strip():
            break
        field, colon, value = line.partition(b":")
        if colon and not line.startswith((b" ", b"\t")):
            header[field.decode("utf-8", "replace").lower()] = value.strip().decode("utf-8", "replace")
    return normalised(header.get("name", "")) == project and header.get("version") == version  # the vectors spell versions alike


def check_pypi(record, body, held, previous):
    document = record["document"]

    def bad(reason, thing):
        return Refused(reason, "integrity", f"pypi record {thing}")
    project = parsed("PypiProject", body, bad("body", document))
    name, files = project.get("name", ""), project.get("files", [])
    if name != document or not re.fullmatch(r"(?=.{1,128}$)[a-z0-9]+(-[a-z0-9]+)*", name) or not files:
        raise bad("project", document)
    seen = set()
    for file in files:
        label = file.get("filename", "")
        if label in seen:
            raise bad("file-twice", f"{name}: {label}")
        seen.add(label)
        check_pypi_file(name, file, record, held, lambda reason, label=label: bad(reason, f"{name}: {label}"))
    before = {} if previous is None else {f.get("filename", ""): f.get("sha256", b"") for f in protobuf.parse("PypiProject", previous).get("files", [])}
    for file in files:
        label = file.get("filename", "")
        if before.get(label, file.get("sha256")) != file.get("sha256"):
            raise bad("replaced", f"{name}: {label}")
    return project


def check_pypi_file(project, file, record, held, bad):
    found = pypi_file_version(project, file.get("filename", ""))
    sha256, metadata = file.get("sha256", b""), file.get("metadata", b"")
    if found is None:
        raise bad("filename")
    if len(sha256) != 32 or sha256 not in record["blobs"]:
        raise bad("file")
    if sha256 not in held or len(held[sha256]) != file.get("size", 0):
        raise bad("held")
    version, is_wheel = found
    if not is_wheel:
        if metadata:
            raise bad("beside")
        return
    if len(metadata) != 32 or metadata not in record["blobs"]:
        raise bad("metadata")
    if metadata not in held or len(held[metadata]) > 8 << 20:
        raise bad("metadata-held")
    if not metadata_is_of(project, version, held[metadata]):
        raise bad("metadata-of")


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
    before = {} if previous is None else {f["path"]: f.get("sha256", b"") for f in protobuf.parse("HuggingFaceRevision", previous)["files"]}
    for file in revision["files"]:
        if before.get(file["path"], file["sha256"]) != file["sha256"]:
            raise bad("replaced", f"{document}: {file['path']}")
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
    before = {} if previous is None else {f["name"]: f.get("sha256", b"") for f in protobuf.parse("CondaSubdir", previous)["files"]}
    for file in found["files"]:
        if before.get(file["name"], file["sha256"]) != file["sha256"]:
            raise bad("replaced", f"{document}: {file['name']}")
    return found


RECORD_CHECKS = {"file": check_file, "npm": check_npm, "pypi": check_pypi, "apt": check_apt, "huggingface": check_huggingface, "conda": check_conda}
