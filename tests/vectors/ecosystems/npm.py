"""Records of npm packages, to the letter of docs/protocol.md."""
import base64
import hashlib
import re

from ecosystems.common import first_replaced, json_object, parsed
from link import Refused

NPM_PART = r"(?!\.)(?!-(?:/|$))[A-Za-z0-9_.!~*'()-]+"
NPM_NAME = re.compile(rf"(?!_)(?!(?:node_modules|favicon\.ico)$){NPM_PART}|@{NPM_PART}/{NPM_PART}")
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z.-]+)?")
SRI_BYTES = {"sha256": 32, "sha512": 64, "sha1": 20, "md5": 16}


def is_semver(text):
    found = SEMVER.fullmatch(text)
    return bool(found) and len(text) <= 256 and all(int(found[i]) < 1 << 53 for i in (1, 2, 3))


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
    label = first_replaced("NpmPackage", "versions", "version", "tarball", package, previous)
    if label is not None:
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
