"""Records of Python projects, to the letter of docs/protocol.md."""
import base64
import json
import re

from ecosystems.common import first_replaced, parsed
from link import Refused

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


def attests(text, sha256):
    try:
        envelopes = [one["envelope"] for bundle in json.loads(text)["attestation_bundles"] for one in bundle["attestations"]]
        subjects = [[subject["digest"]["sha256"] for subject in json.loads(base64.b64decode(one["statement"], validate=True))["subject"]] for one in envelopes]
    except (ValueError, KeyError, TypeError):
        return False
    return bool(subjects) and all(sha256.hex() in digests for digests in subjects)


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
    label = first_replaced("PypiProject", "files", "filename", "sha256", project, previous)
    if label is not None:
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
    attestations = file.get("attestations", b"")
    if attestations:
        if len(attestations) != 32 or attestations not in record["blobs"]:
            raise bad("attestations")
        if attestations not in held or len(held[attestations]) > 1 << 20:
            raise bad("attestations-held")
        if not attests(held[attestations], sha256):
            raise bad("attestations-of")
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
