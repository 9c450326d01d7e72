"""Vectors of records, checked against the blobs that are held. An apt record's signatures are checked by the mirror's own tests."""
import base64
import hashlib
import json
import struct

from build import Piece, counting, data, message, number, text

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


# --- file


def file_body(sha256=digest(CONTENT), size=len(CONTENT), modified=1_700_000_000_000_000, media_type="text/plain"):
    return [*data(1, sha256, "sha256"), *number(2, size, "size"), *number(3, modified, "modified_micros"), *text(4, media_type, "media_type")]


def files():
    document = "drop/hello.txt"
    fields = {"sha256": digest(CONTENT).hex(), "size": len(CONTENT), "modified_micros": 1_700_000_000_000_000, "media_type": "text/plain"}
    yield vector("one", "file", document, file_body(), fields=fields)
    yield vector("of-no-known-type", "file", document, file_body(media_type=""), fields={k: v for k, v in fields.items() if k != "media_type"})
    yield vector("of-an-odd-type", "file", document, file_body(media_type="x-a.b+c/!#$%&'*+-.^_`|~9"), fields=fields | {"media_type": "x-a.b+c/!#$%&'*+-.^_`|~9"})
    yield vector("empty", "file", document, file_body(digest(b""), 0), blobs=(b"",), held=(b"",),
                 fields={"sha256": digest(b"").hex(), "modified_micros": 1_700_000_000_000_000, "media_type": "text/plain"})
    longest = "drop/" + "/".join(["p" * 255] * 7) + "/" + "é" * 125 + "p"
    assert len(longest.encode()) == 2048
    yield vector("of-the-longest-name", "file", longest, file_body(), fields=fields)
    for name, wrong in (("of-2049-bytes", longest + "p"), ("without-collection", "hello.txt"), ("with-an-empty-part", "drop//hello"), ("that-goes-up", "drop/../x"),
                        ("of-a-dot", "drop/./x"), ("with-a-backslash", "drop/a\\b"), ("with-a-long-part", "drop/" + "p" * 256), ("that-ends-in-a-slash", "drop/")):
        yield refused(f"name-{name}", "document", "invalid", wrong, "", "file", wrong, file_body())
    for name, wrong in (("line-feed", "drop/a\nb"), ("delete", "drop/a\x7fb"), ("next-line", "drop/a\x85b")):
        yield refused(f"name-with-{name}", "document", "invalid", f"a name of the bytes {wrong.encode().hex()}", "control characters", "file", wrong, file_body())
    thing = f"file {document}"
    yield refused("unreadable", "body", "invalid", thing, "its record cannot be read", "file", document, [Piece(counting(0xF8, 5), "no fields")])
    for name, wrong in (("without-slash", "text"), ("with-two", "text/plain/x"), ("with-parameter", "text/plain; a=b"), ("empty-half", "text/"), ("other-empty-half", "/plain")):
        yield refused(f"type-{name}", "media-type", "invalid", thing, "its media type is none", "file", document, file_body(media_type=wrong))
    cause = "it does not name exactly the blob that it shows"
    for size in (31, 33):
        yield refused(f"digest-of-{size}-bytes", "blobs", "invalid", thing, cause, "file", document, file_body(counting(1, size)))
    for name, blobs in (("no-blob", ()), ("another-blob", (OTHER,)), ("two-blobs", (CONTENT, OTHER))):
        yield refused(f"names-{name}", "blobs", "invalid", thing, cause, "file", document, file_body(), blobs=blobs)
    yield refused("not-held", "held", "integrity", thing, "its blob is not held", "file", document, file_body(), held=())
    yield refused("of-another-size", "held", "integrity", thing, "its record says 22 bytes, its blob has 23", "file", document, file_body(size=22))


# --- npm


def npm_manifest(name="left", version="1.0.0", dist=None):
    dist = {"tarball": "https://example.org/left-1.0.0.tgz", "integrity": sri(CONTENT)} if dist is None else dist
    return json.dumps({"name": name, "version": version, "dist": dist} if dist else {"name": name, "version": version}).encode()


def npm_version(version="1.0.0", manifest=None, tarball=digest(CONTENT), size=len(CONTENT)):
    manifest = npm_manifest(version=version) if manifest is None else manifest
    return message(2, [*text(1, version, "version"), *data(2, manifest, "manifest", "JSON"), *data(3, tarball, "tarball"), *number(4, size, "size")], "versions")


def npm_body(*versions, name="left", tags=(("latest", "1.0.0"),), times=(("1.0.0", "2023-11-14T22:13:20.000Z"),), extra=b'{"license":"MIT"}'):
    pieces = [*text(1, name, "name"), *(piece for version in versions or (npm_version(),) for piece in version)]
    for field, label, entries in ((3, "dist_tags", tags), (4, "time", times)):
        for key, value in entries:
            pieces += message(field, [*text(1, key, "key"), *text(2, value, "value")], label)
    return [*pieces, *data(5, extra, "extra", "JSON")]


def npm():
    shown = {"version": "1.0.0", "manifest": npm_manifest().hex(), "tarball": digest(CONTENT).hex(), "size": len(CONTENT)}
    fields = {"name": "left", "versions": [shown], "dist_tags": {"latest": "1.0.0"}, "time": {"1.0.0": "2023-11-14T22:13:20.000Z"},
              "extra": b'{"license":"MIT"}'.hex()}
    yield vector("one", "npm", "left", npm_body(), fields=fields)
    yield vector("that-was-visible", "npm", "left", npm_body(), previous=npm_body(), fields=fields)
    scoped = npm_version(manifest=npm_manifest(name="@a/b"))
    yield vector("scoped", "npm", "@a/b", npm_body(scoped, name="@a/b", extra=b""),
                 fields={k: v for k, v in fields.items() if k != "extra"} | {"name": "@a/b", "versions": [shown | {"manifest": npm_manifest(name="@a/b").hex()}]})
    known = npm_manifest(dist={"tarball": "x", "integrity": f"md4-AAAA {sri(CONTENT)}?opt"})
    yield vector("with-an-unknown-digest", "npm", "left", npm_body(npm_version(manifest=known)), fields=fields | {"versions": [shown | {"manifest": known.hex()}]})

    def wrong(name, reason, cause, body, thing="left@1.0.0", document="left", code="integrity", **other):
        return refused(name, reason, code, f"npm record {thing}", cause, "npm", document, body, **other)
    yield wrong("unreadable", "body", "its body cannot be read", [Piece(counting(0xF8, 5), "no fields")], "left")
    package = "its body is of another package, or has no versions"
    yield wrong("of-another-name", "package", package, npm_body(), "right", "right")
    yield wrong("without-versions", "package", package, npm_body([]), "left")
    for bad in ("_left", ".left", "node_modules", "le ft", "@a", "@/b", "@a/", "@a/.b", "-", "x" * 215):
        yield wrong(f"name-{bad[:12]}", "package", package, npm_body(npm_version(manifest=npm_manifest(bad)), name=bad), bad, bad)
    yield wrong("version-twice", "version-twice", "it stands twice", npm_body(npm_version(), npm_version()))
    describes = "its manifest does not describe it"
    for name, manifest in (("no-json", b"{"), ("no-object", b"[]"), ("of-another-name", npm_manifest("right")), ("of-another-version", npm_manifest(version="1.0.1")),
                           ("too-deep", b'{"a":' + b"[" * 64 + b"]" * 64 + b"}")):
        yield wrong(f"manifest-{name}", "manifest", describes, npm_body(npm_version(manifest=manifest)))
    for bad in ("1.0", "01.0.0", "1.0.0-", "latest", "1.0.0-01", "9007199254740992.0.0"):
        yield wrong(f"version-{bad}", "manifest", describes, npm_body(npm_version(bad), tags=(("latest", bad),)), f"left@{bad}")
    not_named = "its tarball is not among the blobs that the record names"
    yield wrong("tarball-not-named", "tarball", not_named, npm_body(), blobs=())
    yield wrong("tarball-of-31-bytes", "tarball", not_named, npm_body(npm_version(tarball=counting(1, 31))))
    not_held = "its tarball is not in the store, or of another size"
    yield wrong("tarball-not-held", "held", not_held, npm_body(), held=())
    yield wrong("tarball-of-another-size", "held", not_held, npm_body(npm_version(size=24)))
    for name, dist in (("none", {}), ("no-object", "x"), ("without-tarball", {"integrity": sri(CONTENT)}), ("tarball-no-text", {"tarball": 1, "integrity": sri(CONTENT)})):
        yield wrong(f"dist-{name}", "dist", "its manifest has no dist with a tarball", npm_body(npm_version(manifest=npm_manifest(dist=dist))))
    for name, integrity in (("of-other-bytes", sri(OTHER)), ("of-no-known-digest", "md4-AAAA"), ("with-one-that-differs", f"{sri(CONTENT)} {sri(OTHER)}")):
        body = npm_body(npm_version(manifest=npm_manifest(dist={"tarball": "x", "integrity": integrity})))
        yield wrong(f"integrity-{name}", "integrity", "dist.integrity is not the digest of its tarball", body)
    for name, dist in (("none", {"tarball": "x"}), ("of-other-bytes", {"tarball": "x", "shasum": hashlib.sha1(OTHER).hexdigest()})):
        yield wrong(f"shasum-{name}", "shasum", "dist.shasum is not the digest of its tarball", npm_body(npm_version(manifest=npm_manifest(dist=dist))))
    yield wrong("tag-of-another-version", "tag", "is of a version that it does not hold", npm_body(tags=(("latest", "1.0.0"), ("next", "2.0.0"))), "left")
    yield wrong("without-latest", "latest", 'it has no tag "latest"', npm_body(tags=(("next", "1.0.0"),)), "left")
    for name, extra in (("no-json", b"{"), ("no-object", b"1")):
        yield wrong(f"extra-{name}", "extra", "its further members are not a JSON object", npm_body(extra=extra), "left")
    before = npm_body(npm_version(tarball=digest(OTHER)))
    yield wrong("that-replaces-a-version", "replaced", "it would replace a visible version by other bytes", npm_body(), previous=before)


# --- pypi

ABOUT = b"Metadata-Version: 2.1\nName: My_Pkg\nVersion: 1.0\nSummary: hello\n\nName: of no effect\n"
WHEEL = "My_Pkg-1.0-py3-none-any.whl"


def provenance_of(content):
    statement = json.dumps({"_type": "statement", "subject": [{"name": WHEEL, "digest": {"sha256": digest(content).hex()}}]})
    return json.dumps({"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": [
        {"version": 1, "envelope": {"statement": base64.b64encode(statement.encode()).decode(), "signature": ""}}]}]}).encode()


def pypi_file(filename=WHEEL, sha256=digest(CONTENT), size=len(CONTENT), metadata=digest(ABOUT), yanked=0, attestations=b""):
    return message(2, [*text(1, filename, "filename"), *data(2, sha256, "sha256"), *number(3, size, "size"), *text(4, ">=3.8", "requires_python"),
                       *number(5, yanked, "yanked"), *text(7, "2024-02-03T04:05:06.789000Z", "upload_time"), *data(8, metadata, "metadata"),
                       *data(10, attestations, "attestations")], "files")


def pypi_body(*files, name="my-pkg"):
    return [*text(1, name, "name"), *(piece for file in files or (pypi_file(),) for piece in file)]


def pypi():
    both = {"blobs": (CONTENT, ABOUT), "held": (CONTENT, ABOUT)}
    shown = {"filename": WHEEL, "sha256": digest(CONTENT).hex(), "size": len(CONTENT), "requires_python": ">=3.8",
             "upload_time": "2024-02-03T04:05:06.789000Z", "metadata": digest(ABOUT).hex()}
    fields = {"name": "my-pkg", "files": [shown]}
    source = {k: v for k, v in shown.items() if k != "metadata"} | {"filename": "my-pkg-1.0.tar.gz", "yanked": True}
    yield vector("one", "pypi", "my-pkg", pypi_body(), fields=fields, **both)
    yield vector("that-was-visible", "pypi", "my-pkg", pypi_body(), previous=pypi_body(), fields=fields, **both)
    yield vector("with-a-yanked-source-archive", "pypi", "my-pkg", pypi_body(pypi_file(), pypi_file("my-pkg-1.0.tar.gz", metadata=b"", yanked=1)),
                 fields=fields | {"files": [shown, source]}, **both)
    proof = provenance_of(CONTENT)
    attested = (CONTENT, ABOUT, proof)
    yield vector("with-provenance", "pypi", "my-pkg", pypi_body(pypi_file(attestations=digest(proof))),
                 fields=fields | {"files": [shown | {"attestations": digest(proof).hex()}]}, blobs=attested, held=attested)
    for good in ("My.Pkg-1.0-1a-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",):
        yield vector("of-one-platform", "pypi", "my-pkg", pypi_body(pypi_file(good)), fields=fields | {"files": [shown | {"filename": good}]}, **both)
    for good in ("my-pkg-1!2.0rc1.post2.dev3+cu.118.zip", "my_pkg-1.0-1.tar.gz", "my--pkg-v1.0.tar.gz"):
        yield vector(f"named-{good}", "pypi", "my-pkg", pypi_body(pypi_file(good, metadata=b"", yanked=1)),
                     fields=fields | {"files": [source | {"filename": good}]}, **both)

    def wrong(name, reason, cause, body, thing=f"my-pkg: {WHEEL}", document="my-pkg", **other):
        return refused(name, reason, "integrity", f"pypi record {thing}", cause, "pypi", document, body, **(both | other))
    yield wrong("unreadable", "body", "its body cannot be read", [Piece(counting(0xF8, 5), "no fields")], "my-pkg")
    project = "its body is of another project, or has no files"
    yield wrong("of-another-name", "project", project, pypi_body(), "other", "other")
    yield wrong("without-files", "project", project, pypi_body([]), "my-pkg")
    for bad in ("My-pkg", "my_pkg", "my--pkg", "-my", "my-", "..", "a/b", "p\u0443", "x" * 129):
        yield wrong(f"name-{bad[:12]}", "project", project, pypi_body(name=bad), bad, bad)
    yield wrong("file-twice", "file-twice", "it stands twice", pypi_body(pypi_file(), pypi_file()))
    for bad in ("", "../" + WHEEL, "." + WHEEL, "other-1.0-py3-none-any.whl", "my_pkg-1.0-py3-none.whl", "my_pkg-1.0-b-py3-none-any.whl", "my_pkg-1.0-py3..-none-any.whl",
                "my_pkg-one-py3-none-any.whl", "my_pkg-1.0-py3-none-any.exe", "my_pkg.tar.gz", "other-1.0.zip", "m\u0443_pkg-1.0.zip", "my_pkg-1234567890123456789.zip",
                "my_pkg-1.0-" + "1" * 240 + "-py3-none-any.whl", "my_pkg-1.0 .zip"):
        yield wrong(f"file-{bad[:40]}", "filename", "it is no name of a file of that project", pypi_body(pypi_file(bad)), f"my-pkg: {bad}")
    not_named = "it is not among the blobs that the record names"
    yield wrong("file-not-named", "file", not_named, pypi_body(), blobs=(ABOUT,))
    yield wrong("file-digest-of-31-bytes", "file", not_named, pypi_body(pypi_file(sha256=counting(1, 31))))
    yield wrong("file-not-held", "held", "it is not in the store, or of another size", pypi_body(), held=(ABOUT,))
    yield wrong("file-of-another-size", "held", "it is not in the store, or of another size", pypi_body(pypi_file(size=24)))
    yield wrong("source-with-metadata", "beside", "a source archive has no metadata beside it", pypi_body(pypi_file("my_pkg-1.0.zip")), "my-pkg: my_pkg-1.0.zip")
    yield wrong("metadata-none", "metadata", "its metadata is not among", pypi_body(pypi_file(metadata=b"")))
    yield wrong("metadata-not-named", "metadata", "its metadata is not among", pypi_body(), blobs=(CONTENT,))
    yield wrong("metadata-not-held", "metadata-held", "its metadata is not in the store", pypi_body(), held=(CONTENT,))
    for name, about in (("of-another-project", b"Name: other\nVersion: 1.0\n"), ("of-another-version", b"Name: my-pkg\nVersion: 1.1\n"),
                        ("below-an-empty-line", b"\nName: my-pkg\nVersion: 1.0\n"), ("without-version", b"Name: my-pkg\n")):
        yield wrong(f"metadata-{name}", "metadata-of", "its metadata is of another project or version", pypi_body(pypi_file(metadata=digest(about))),
                    blobs=(CONTENT, about), held=(CONTENT, about))
    yield wrong("attestations-not-named", "attestations", "its attestations are not among", pypi_body(pypi_file(attestations=digest(proof))))
    yield wrong("attestations-not-held", "attestations-held", "its attestations are not in the store", pypi_body(pypi_file(attestations=digest(proof))), blobs=attested)
    other = provenance_of(OTHER)
    yield wrong("attestations-of-another-file", "attestations-of", "its attestations are of another file", pypi_body(pypi_file(attestations=digest(other))),
                blobs=(CONTENT, ABOUT, other), held=(CONTENT, ABOUT, other))
    before = pypi_body(pypi_file(sha256=digest(OTHER)))
    yield wrong("that-replaces-a-file", "replaced", "it would replace a visible file by other bytes", pypi_body(), previous=before)


# --- huggingface

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODEL = f"models/org/tiny@{COMMIT}"


def git_oid(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).digest()


def hub_file(path="config.json", content=CONTENT, oid=None, size=None, pointer=0, sha256=None):
    return message(1, [*text(1, path, "path"), *number(2, len(content) if size is None else size, "size"),
                       *data(3, digest(content) if sha256 is None else sha256, "sha256"), *data(4, git_oid(content) if oid is None else oid, "oid"),
                       *number(5, pointer, "pointer_size")], "files")


def hub_folder(path="onnx", oid=counting(0x40, 20)):
    return message(2, [*text(1, path, "path"), *data(2, oid, "oid")], "folders")


def hub_revision(*files, folders=(), about=b'{"tags":["onnx"]}', modified="2024-05-01T00:00:00.000Z"):
    return [*(piece for file in files for piece in file), *(piece for folder in folders for piece in folder), *text(3, modified, "last_modified"),
            *data(4, about, "about", "JSON")]


def hub_refs(**commits):
    return [piece for name, commit in commits.items() for piece in message(1, [*text(1, name, "key"), *text(2, commit, "value")], "commits")]


def huggingface():
    both = {"blobs": (CONTENT, OTHER), "held": (CONTENT, OTHER)}
    plain, large = hub_file(), hub_file("onnx/model.onnx", OTHER, oid=counting(0x20, 20), pointer=130)
    shown = [{"path": "config.json", "size": len(CONTENT), "sha256": digest(CONTENT).hex(), "oid": git_oid(CONTENT).hex()},
             {"path": "onnx/model.onnx", "size": len(OTHER), "sha256": digest(OTHER).hex(), "oid": counting(0x20, 20).hex(), "pointer_size": 130}]
    fields = {"files": shown, "folders": [{"path": "onnx", "oid": counting(0x40, 20).hex()}], "last_modified": "2024-05-01T00:00:00.000Z",
              "about": b'{"tags":["onnx"]}'.hex()}
    good = hub_revision(plain, large, folders=(hub_folder(),))
    yield vector("revision", "huggingface", MODEL, good, fields=fields, **both)
    yield vector("revision-that-was-visible", "huggingface", MODEL, good, previous=hub_revision(plain), fields=fields, **both)
    yield vector("revision-of-the-oldest-kind-of-name", "huggingface", f"models/gpt2@{COMMIT}", good, fields=fields, **both)
    yield vector("refs", "huggingface", "datasets/org/set", hub_refs(main=COMMIT), blobs=(), fields={"commits": {"main": COMMIT}})

    def wrong(name, reason, cause, body, thing=MODEL, document=MODEL, **other):
        return refused(name, reason, "integrity", f"huggingface record {thing}", cause, "huggingface", document, body, **(both | other))
    for name, document, thing in (("kind", "tokens/org/tiny", "document tokens/org/tiny"), ("no-name", "models", "document models"), ("empty", "models/", "repository "),
                                  ("deep", "models/a/b/c", "repository a/b/c"), ("up", "models/../x", "repository ../x"), ("dashes", "models/a--b", "repository a--b"),
                                  ("git", "spaces/org/x.git", "repository org/x.git"), ("long", "models/" + "x" * 97, "repository " + "x" * 97),
                                  ("branch", "models/org/tiny@main", "document models/org/tiny@main"),
                                  ("upper-case-commit", f"models/a@{'A' * 40}", f"document models/a@{'A' * 40}")):
        yield refused(f"name-{name}", "document", "invalid", thing, "", "huggingface", document, good, **both)
    unreadable = "its body cannot be read, or has no files"
    yield wrong("unreadable", "body", unreadable, [Piece(counting(0xF8, 5), "no fields")])
    yield wrong("without-files", "body", unreadable, hub_revision())
    for name, about in (("no-json", b"{"), ("a-list", b"[]"), ("nothing", b"")):
        yield wrong(f"about-{name}", "body", unreadable, hub_revision(plain, about=about))
    yield wrong("modified-with-line-feed", "body", unreadable, hub_revision(plain, modified="a\nb"))
    leaves = "a path leaves the repository, or is out of order"
    for name, path in (("none", ""), ("up", "../x"), ("absolute", "/etc/passwd"), ("back", "a\\b"), ("control", "a\x01"), ("long-part", "p" * 256), ("deep", "a/" * 64 + "a")):
        yield wrong(f"path-{name}", "path", leaves, hub_revision(hub_file(path)))
    yield wrong("files-not-sorted", "path", leaves, hub_revision(large, plain))
    yield wrong("file-twice", "path", leaves, hub_revision(plain, plain))
    one = f"{MODEL}: config.json"
    digests = "it has no digests, or is not among the blobs that the record names"
    for name, file in (("sha256-of-31-bytes", hub_file(sha256=counting(1, 31))), ("oid-of-19-bytes", hub_file(oid=counting(1, 19))), ("without-oid", hub_file(oid=b""))):
        yield wrong(name, "file", digests, hub_revision(file), one)
    yield wrong("file-not-named", "file", digests, hub_revision(plain), one, blobs=(OTHER,))
    yield wrong("file-not-held", "held", "it is not in the store, or of another size", hub_revision(plain), one, held=(OTHER,))
    yield wrong("file-of-another-size", "held", "it is not in the store, or of another size", hub_revision(hub_file(size=22)), one)
    yield wrong("file-of-another-oid", "oid", "its oid is not the digest of its bytes", hub_revision(hub_file(oid=counting(1, 20))), one)
    yield wrong("folder-up", "folder", "a folder's path leaves the repository", hub_revision(plain, folders=(hub_folder("../x"),)))
    yield wrong("that-replaces-a-file", "replaced", "it would replace a visible file by other bytes", hub_revision(plain), one,
                previous=hub_revision(hub_file(content=OTHER)))
    refs = "models/org/tiny"
    none = "its refs cannot be read, are none, or name blobs"
    yield wrong("refs-unreadable", "refs", none, [Piece(counting(0xF8, 5), "no fields")], refs, refs, blobs=())
    yield wrong("refs-none", "refs", none, [], refs, refs, blobs=())
    yield wrong("refs-with-a-blob", "refs", none, hub_refs(main=COMMIT), refs, refs)
    for name, ref in (("space", "a b"), ("dots", "a..b"), ("slash", "/a"), ("caret", "a^"), ("commit", COMMIT), ("none", "")):
        yield wrong(f"ref-{name}", "ref", "a ref has no proper name or commit", hub_refs(**{ref: COMMIT}), refs, refs, blobs=())
    yield wrong("ref-to-no-commit", "ref", "a ref has no proper name or commit", hub_refs(main="main"), refs, refs, blobs=())


# --- conda

SUBDIR = "lab/linux-64"


def conda_entry(content=CONTENT, **changes):
    """As a channel writes it: the text is kept."""
    entry = {"name": "tiny", "version": "1.0", "build": "py_0", "timestamp": 1700000000000, "md5": hashlib.md5(content).hexdigest(),
             "sha256": digest(content).hex(), "size": len(content), **changes}
    return json.dumps({key: value for key, value in entry.items() if value is not None}).encode()


def conda_file(name="tiny-1.0-py_0.conda", content=CONTENT, sha256=None, size=None, metadata=None, removed=0):
    return message(1, [*text(1, name, "name"), *data(2, digest(content) if sha256 is None else sha256, "sha256"),
                       *number(3, len(content) if size is None else size, "size"),
                       *data(4, conda_entry(content) if metadata is None else metadata, "metadata", "JSON"), *number(5, removed, "removed")], "files")


def conda_body(*files):
    return [piece for file in files for piece in file]


def conda():
    both = {"blobs": (CONTENT, OTHER), "held": (CONTENT, OTHER)}
    name, older = "tiny-1.0-py_0.conda", "tiny-1.0-py_0.tar.bz2"
    plain, second = conda_file(), conda_file(older, OTHER, removed=1)
    shown = [{"name": name, "sha256": digest(CONTENT).hex(), "size": len(CONTENT), "metadata": conda_entry().hex()},
             {"name": older, "sha256": digest(OTHER).hex(), "size": len(OTHER), "metadata": conda_entry(OTHER).hex(), "removed": True}]
    yield vector("subdir", "conda", SUBDIR, conda_body(plain, second), fields={"files": shown}, **both)
    yield vector("subdir-that-was-visible", "conda", "pkgs/main/noarch", conda_body(plain, second), previous=conda_body(plain), fields={"files": shown}, **both)
    without = conda_entry(md5=None, fn=name, subdir="linux-64")
    yield vector("subdir-without-md5", "conda", SUBDIR, conda_body(conda_file(metadata=without)), fields={"files": [shown[0] | {"metadata": without.hex()}]})

    def wrong(which, reason, cause, body, thing=f"{SUBDIR}: {name}", **other):
        return refused(which, reason, "integrity", f"conda record {thing}", cause, "conda", SUBDIR, body, **(both | other))
    for which, document, thing in (("no-subdir", "noarch", "document noarch"), ("up", "../noarch", "channel .."), ("empty", "/noarch", "channel "),
                                   ("deep", "a/b/c/d/e/noarch", "channel a/b/c/d/e"), ("space", "a b/noarch", "channel a b"), ("source", "lab/src", "subdir src"),
                                   ("upper-case", "lab/Linux-64", "subdir Linux-64"), ("long", "c" * 129 + "/noarch", "channel " + "c" * 129)):
        yield refused(f"name-{which}", "document", "invalid", thing, "", "conda", document, conda_body(plain), **both)
    unreadable = "its body cannot be read, or has no files"
    yield wrong("unreadable", "body", unreadable, [Piece(counting(0xF8, 5), "no fields")], SUBDIR)
    yield wrong("without-files", "body", unreadable, [], SUBDIR)
    unsafe = "a file has no proper name, or is out of order"
    for which, path in (("none", ""), ("up", "../tiny-1.0-py_0.conda"), ("two-parts", "tiny-1.0.conda"), ("ending", "tiny-1.0-py_0.zip"), ("quote", 'tiny-1.0-"_0.conda'),
                        ("upper-case", "Tiny-1.0-py_0.conda"), ("other-script", "tinу-1.0-py_0.conda"), ("long", "t" * 245 + "-1-0.conda0.conda")):
        yield wrong(f"file-name-{which}", "name", unsafe, conda_body(conda_file(path)), SUBDIR)
    yield wrong("files-not-sorted", "name", unsafe, conda_body(second, plain), SUBDIR)
    yield wrong("file-twice", "name", unsafe, conda_body(plain, plain), SUBDIR)
    digests = "it has no digest, or is not among the blobs that the record names"
    yield wrong("sha256-of-31-bytes", "file", digests, conda_body(conda_file(sha256=counting(1, 31))))
    yield wrong("file-not-named", "file", digests, conda_body(plain), blobs=(OTHER,))
    for which, cause, metadata in (
            ("no-json", "no JSON object", b"{"), ("a-list", "no JSON object", b"[]"), ("key-twice", "key twice", conda_entry()[:-1] + b', "size": 23}'),
            ("too-long", "256 KiB", conda_entry(summary="s" * 262144)), ("of-another-name", "another name", conda_entry(name="tini")),
            ("of-another-version", "another name", conda_entry(version="1.1")), ("of-another-build", "another name", conda_entry(build=0)),
            ("of-another-file", "another name", conda_entry(fn=older)), ("of-another-subdir", "another name", conda_entry(subdir="noarch")),
            ("with-url", "leads elsewhere", conda_entry(url="http://evil.example/")), ("with-channel", "leads elsewhere", conda_entry(channel="x")),
            ("in-upper-case", "not in lower case", conda_entry(sha256=digest(CONTENT).hex().upper())), ("md5-alone", "MD5 alone", conda_entry(sha256=None)), ("without-digest", "no SHA-256", conda_entry(sha256=None, md5=None)),
            ("without-size", "no size", conda_entry(size=None)), ("with-text-as-size", "no size", conda_entry(size="23")), ("with-odd-md5", "md5 is none", conda_entry(md5="0")),
            ("of-other-bytes", "another digest or size", conda_entry(OTHER)), ("of-another-size", "another digest or size", conda_entry(size=22))):
        yield wrong(f"metadata-{which}", "metadata", cause, conda_body(conda_file(metadata=metadata)))
    yield wrong("file-not-held", "held", "it is not in the store, or of another size", conda_body(plain), held=(OTHER,))
    yield wrong("file-of-another-size", "held", "it is not in the store, or of another size", conda_body(conda_file(size=22, metadata=conda_entry(size=22))))
    yield wrong("file-of-another-md5", "md5", "its md5 is not that of its bytes", conda_body(conda_file(metadata=conda_entry(md5="0" * 32))))
    yield wrong("that-replaces-a-file", "replaced", "it would replace a visible file by other bytes", conda_body(plain), previous=conda_body(conda_file(content=OTHER)))


# --- oci

REPOSITORY = "docker.io/library/tiny"
IMAGE, DOCKER_IMAGE = "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"
INDEX, DOCKER_LIST = "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG, LAYER, FOREIGN = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def descriptor(content, media_type=LAYER, **changes):
    shown = {"mediaType": media_type, "digest": "sha256:" + digest(content).hex(), "size": len(content), **changes}
    return {key: value for key, value in shown.items() if value is not None}


def image(**changes):
    """As its registry has it: the text is kept."""
    shown = {"schemaVersion": 2, "mediaType": IMAGE, "config": descriptor(OTHER, CONFIG), "layers": [descriptor(CONTENT)], **changes}
    return json.dumps({key: value for key, value in shown.items() if value is not None}).encode()


def index(*children, **changes):
    shown = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(children), **changes}
    return json.dumps({key: value for key, value in shown.items() if value is not None}).encode()


def oci_manifest(content, media_type=IMAGE, subject=b"", artifact_type="", annotations=(), sha256=None, size=None):
    return digest(content), message(2, [
        *data(1, digest(content) if sha256 is None else sha256, "sha256"), *number(2, len(content) if size is None else size, "size"),
        *text(3, media_type, "media_type"), *data(4, subject, "subject"), *text(5, artifact_type, "artifact_type"),
        *(piece for key, value in annotations for piece in message(6, [*text(1, key, "key"), *text(2, value, "value")], "annotations"))], "manifests")


def oci_blob(content, sha256=None, size=None):
    return digest(content), message(4, [*data(1, digest(content) if sha256 is None else sha256, "sha256"),
                                        *number(2, len(content) if size is None else size, "size")], "blobs")


def oci_body(manifests, blobs=None, tags=(), name=REPOSITORY, in_order=True):
    """Manifests and blobs by digest, unless they are to be in the order given."""
    def entries(given):
        return [piece for _, pieces in (sorted(given, key=lambda one: one[0]) if in_order else given) for piece in pieces]
    blobs = [oci_blob(OTHER), oci_blob(CONTENT)] if blobs is None else blobs
    return [*text(1, name, "name"), *entries(manifests), *(piece for tag, sha256 in tags for piece in message(3, [*text(1, tag, "key"), *data(2, sha256, "value")], "tags")),
            *entries(blobs)]


SIF_CONFIG, SIF_LAYER = "application/vnd.sylabs.sif.config.v1+json", "application/vnd.sylabs.sif.layer.v1.sif"


def sif(objects=((0x4001, 0xf0000001, 0, b"bootstrap: scratch", b""),), free=1, patch=None):
    """`objects`: type, group, link, data, extra. `patch`: {offset: bytes}"""
    begin = 128 + 585 * (len(objects) + free)
    table, content = b"", b""
    for number, (kind, group, link, data_bytes, extra) in enumerate(objects, 1):
        if kind == 0x4004:
            content += bytes(-(begin + len(content)) % 4096)
        table += (struct.pack("<iBIII7q", kind, 1, number, group, link, begin + len(content), len(data_bytes), len(data_bytes), 1, 1, 0, 0) + b"object".ljust(128, b"\0")
                  + extra.ljust(384, b"\0"))
        content += data_bytes
    header = (b"#!/usr/bin/env run-singularity\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + b"02\0" + counting(1, 16)
              + struct.pack("<8q", 1, 1, free, len(objects) + free, 128, 585 * (len(objects) + free), begin, len(content)))
    made = bytearray(header + table.ljust(begin - 128, b"\0") + content)
    for at, value in (patch or {}).items():
        made[at:at + len(value)] = value
    return bytes(made)


def sif_image(content, **changes):
    return image(config=descriptor(b"{}", SIF_CONFIG), layers=[descriptor(content, SIF_LAYER)], **changes)


def sif_body(content, tag="1.0", **changes):
    made = sif_image(content, **changes)
    return oci_body([oci_manifest(made)], [oci_blob(b"{}"), oci_blob(content)], tags=[(tag, digest(made))])


def oci_sif():
    def holds(content, **changes):
        return {"blobs": (sif_image(content, **changes), b"{}", content), "held": (sif_image(content, **changes), b"{}", content)}

    def fields(content, **changes):
        made = sif_image(content, **changes)
        return {"name": REPOSITORY, "manifests": [{"sha256": digest(made).hex(), "size": len(made), "media_type": IMAGE}], "tags": {"1.0": digest(made).hex()},
                "blobs": [{"sha256": digest(blob).hex(), "size": len(blob)} for blob in sorted((b"{}", content), key=digest)]}
    definition = (0x4001, 0xf0000001, 0, b"bootstrap: scratch", b"")
    root = (0x4004, 0xf0000001, 0, b"hsqs", struct.pack("<ii", 1, 2) + b"02\0")
    signature = (0x4005, 0xf0000000, 0xf0000001, b"-----", struct.pack("<i", 1))
    whole = sif((definition, root, signature))
    for which, content in (("image", sif()), ("with-a-partition", whole), ("without-objects", sif((), free=1))):
        yield vector(f"sif-{which}", "oci", REPOSITORY, sif_body(content), fields=fields(content), **holds(content))
    again = sif_body(sif(), annotations={"a": "b"})
    both = {key: (*holds(sif(), annotations={"a": "b"})[key], sif_image(sif())) if key == "held" else value for key, value in holds(sif(), annotations={"a": "b"}).items()}
    yield vector("sif-of-another-manifest", "oci", REPOSITORY, again, fields=fields(sif(), annotations={"a": "b"}), previous=sif_body(sif()), **both)

    def unsound(which, content):
        return refused(f"sif-{which}", "sif", "integrity", f"oci record {REPOSITORY}: sha256:{digest(content).hex()}", "no sound SIF image", "oci", REPOSITORY, sif_body(content), **holds(content))
    word = struct.Struct("<q").pack
    second, two = 128 + 585, (definition, definition)
    for which, content in (("cut-off", sif()[:-1]), ("without-header", sif()[:127]), ("empty", b""), ("of-another-magic", sif(patch={32: b"SIF_MAGIK"})), ("of-version-2", sif(patch={42: b"02"})),
                           ("of-no-architecture", sif(patch={45: b"x"})), ("with-another-count", sif(patch={80: word(0)})), ("with-more-free-than-all", sif(patch={80: word(3)})),
                           ("with-no-descriptors", sif(patch={88: word(0), 80: word(0), 104: word(0)})), ("with-too-many", sif(patch={88: word(1025), 104: word(1025 * 585)})),
                           ("with-a-smaller-table", sif(patch={104: word(585)})), ("with-a-table-in-the-header", sif(patch={96: word(127)})), ("with-a-negative-table", sif(patch={96: word(-1)})),
                           ("with-data-in-the-table", sif(patch={112: word(128)})), ("with-data-beyond", sif(patch={120: word(19)})), ("half-used", sif(patch={132: b"\2"})),
                           ("of-an-unknown-type", sif(patch={128: b"\x0c"})), ("of-a-lower-type", sif(patch={128: b"\0"})), ("with-id-0", sif(patch={133: b"\0"})), ("with-an-id-twice", sif(two, patch={second + 5: b"\1"})),
                           ("with-an-object-in-the-table", sif(patch={145: word(128)})), ("with-an-object-beyond", sif(patch={153: word(19)})), ("with-a-negative-object", sif(patch={153: word(-1)})),
                           ("with-less-than-its-size", sif(patch={161: word(17)})), ("with-objects-over-each-other", sif(two, patch={second + 17: word(128 + 3 * 585 + 1)})),
                           ("linked-to-no-object", sif(((0x4001, 0xf0000001, 7, b"x", b""),))), ("linked-to-no-group", sif(((0x4005, 0xf0000000, 0xf0000002, b"x", b""), definition))),
                           ("with-a-partition-anywhere", sif((definition, root), patch={second + 17: word(4095)})), ("for-another-architecture", sif((root,), patch={45: b"04"})),
                           ("with-two-primary-partitions", sif((root, root)))):
        yield unsound(which, content)

    def moved(which, before, now):
        (old, old_blobs), (new, new_blobs) = before, now
        held = tuple(dict.fromkeys((old, *old_blobs, new, *new_blobs)))

        def body_of(made, blobs):
            return oci_body([oci_manifest(made)], [oci_blob(blob) for blob in blobs], tags=[("1.0", digest(made))])
        return refused(f"sif-tag-{which}", "sif-tag", "integrity", f"oci record {REPOSITORY}:1.0", "keeps its name", "oci", REPOSITORY, body_of(new, new_blobs),
                       blobs=(new, *new_blobs), held=held, previous=body_of(old, old_blobs))
    first, other, plain = (sif_image(sif()), (b"{}", sif())), (sif_image(whole), (b"{}", whole)), (image(), (OTHER, CONTENT))
    yield moved("to-another", first, other)
    yield moved("to-another-kind", first, plain)
    yield moved("from-another-kind", plain, first)


def oci():
    one = image()
    all_of_one = {"blobs": (one, OTHER, CONTENT), "held": (one, OTHER, CONTENT)}
    body = oci_body([oci_manifest(one)], tags=[("latest", digest(one))])

    def shown(*manifests, tags=None, blobs=(OTHER, CONTENT), name=REPOSITORY):
        found = {"name": name, "manifests": [{"sha256": digest(content).hex(), "size": len(content), **more} for content, more in
                                             sorted(manifests, key=lambda manifest: digest(manifest[0]))],
                 "tags": tags, "blobs": [{"sha256": digest(blob).hex(), "size": len(blob)} for blob in sorted(blobs, key=digest)]}
        return {key: value for key, value in found.items() if value}
    of_one = (one, {"media_type": IMAGE})
    yield vector("image", "oci", REPOSITORY, body, fields=shown(of_one, tags={"latest": digest(one).hex()}), **all_of_one)
    yield vector("that-was-visible", "oci", REPOSITORY, body, previous=oci_body([oci_manifest(one)], tags=[("old", digest(one))]),
                 fields=shown(of_one, tags={"latest": digest(one).hex()}), **all_of_one)
    for which, name in (("a-port", "registry.example.org:5000/team/app"), ("localhost", "localhost/app"), ("separators", "a.b-c/d.e/f_g/h__i/j---k"), ("a-port-alone", "site:65535/x"),
                        ("a-host-alone", "site/x"), ("an-address", "[::1]:5000/x")):
        yield vector(f"of-{which}", "oci", name, oci_body([oci_manifest(one)], name=name), fields=shown(of_one, name=name), **all_of_one)
    for which, tag in (("longest", "t" * 128), ("odd", "_Upper.lower-1")):
        yield vector(f"with-the-{which}-tag", "oci", REPOSITORY, oci_body([oci_manifest(one)], tags=[(tag, digest(one))]),
                     fields=shown(of_one, tags={tag: digest(one).hex()}), **all_of_one)

    untyped, docker = image(mediaType=None), image(mediaType=DOCKER_IMAGE)
    for which, content, media_type in (("without-its-type", untyped, IMAGE), ("of-docker", docker, DOCKER_IMAGE), ("of-docker-without-its-type", untyped, DOCKER_IMAGE),
                                       ("that-says-nothing", image(mediaType="", note=None) [:-1] + b', "mediaType": null, "subject": null, "annotations": null, "artifactType": null}', IMAGE)):
        yield vector(f"image-{which}", "oci", REPOSITORY, oci_body([oci_manifest(content, media_type)]), fields=shown((content, {"media_type": media_type})),
                     blobs=(content, OTHER, CONTENT), held=(content, OTHER, CONTENT))
    empty = image(layers=[], config=descriptor(b"{}", "application/vnd.oci.empty.v1+json"))
    yield vector("image-without-layers", "oci", REPOSITORY, oci_body([oci_manifest(empty)], [oci_blob(b"{}")]), fields=shown((empty, {"media_type": IMAGE}), blobs=(b"{}",)),
                 blobs=(empty, b"{}"), held=(empty, b"{}"))
    foreign = image(layers=[descriptor(CONTENT, FOREIGN)])
    yield vector("image-with-a-foreign-layer", "oci", REPOSITORY, oci_body([oci_manifest(foreign)], [oci_blob(OTHER)]),
                 fields=shown((foreign, {"media_type": IMAGE}), blobs=(OTHER,)), blobs=(foreign, OTHER), held=(foreign, OTHER))

    child = descriptor(one, IMAGE, platform={"architecture": "amd64", "os": "linux"})
    whole = index(child)
    sparse = index(child, descriptor(b"another platform's", IMAGE, platform={"architecture": "arm64", "os": "linux"}))
    for which, content, media_type in (("whole", whole, INDEX), ("sparse", sparse, INDEX), ("docker-list", index(child, mediaType=DOCKER_LIST), DOCKER_LIST),
                                       ("without-its-type", index(child, mediaType=None), INDEX)):
        yield vector(f"index-{which}", "oci", REPOSITORY, oci_body([oci_manifest(content, media_type), oci_manifest(one)], tags=[("latest", digest(content))]),
                     fields=shown((content, {"media_type": media_type}), of_one, tags={"latest": digest(content).hex()}),
                     blobs=(content, one, OTHER, CONTENT), held=(content, one, OTHER, CONTENT))
    alone = index()
    yield vector("index-of-nothing", "oci", REPOSITORY, oci_body([oci_manifest(alone, INDEX)], []), fields=shown((alone, {"media_type": INDEX}), blobs=()), blobs=(alone,), held=(alone,))
    of_blob = index(descriptor(CONTENT, "text/plain"))
    yield vector("index-of-a-blob", "oci", REPOSITORY, oci_body([oci_manifest(of_blob, INDEX)], [oci_blob(CONTENT)]), fields=shown((of_blob, {"media_type": INDEX}), blobs=(CONTENT,)),
                 blobs=(of_blob, CONTENT), held=(of_blob, CONTENT))

    signed = {"subject": descriptor(one, IMAGE), "annotations": {"org.example.by": "nobody"}}
    signature, typed = image(**signed), image(**signed, artifactType="application/vnd.example.signature")
    bare = index(subject=descriptor(one, IMAGE))
    of_subject = {"media_type": IMAGE, "subject": digest(one).hex(), "annotations": signed["annotations"]}
    notes = list(signed["annotations"].items())
    for which, content, kind in (("of-its-configurations-type", signature, CONFIG), ("of-a-type", typed, "application/vnd.example.signature")):
        yield vector(f"referrer-{which}", "oci", REPOSITORY, oci_body([oci_manifest(content, IMAGE, digest(one), kind, notes)]),
                     fields=shown((content, of_subject | {"artifact_type": kind})), blobs=(content, OTHER, CONTENT), held=(content, OTHER, CONTENT))
    yield vector("referrer-without-type", "oci", REPOSITORY, oci_body([oci_manifest(bare, INDEX, digest(one))], []),
                 fields=shown((bare, {"media_type": INDEX, "subject": digest(one).hex()}), blobs=()), blobs=(bare,), held=(bare,))
    noted = image(annotations={"org.example.by": "nobody"}, artifactType="application/vnd.example.thing")
    yield vector("annotations-without-subject", "oci", REPOSITORY, oci_body([oci_manifest(noted)]), fields=shown((noted, {"media_type": IMAGE})),
                 blobs=(noted, OTHER, CONTENT), held=(noted, OTHER, CONTENT))
    yield from oci_refused(one, body, all_of_one)
    yield from oci_sif()


def oci_refused(one, body, all_of_one):
    def wrong(which, reason, cause, body, content=None, **other):
        thing = f"oci record {REPOSITORY}" + (f": sha256:{digest(content).hex()}" if content is not None else "")
        return refused(which, reason, "integrity", thing, cause, "oci", REPOSITORY, body, **(all_of_one | other))
    for which, document in (("no-registry", "nginx"), ("none", "")):
        yield refused(f"name-{which}", "document", "invalid", f'document "{document}"', "no registry and repository", "oci", document, oci_body([oci_manifest(one)], name=document),
                      **all_of_one)
    for which, registry in (("empty", ""), ("in-upper-case", "Docker.io"), ("without-port", "docker.io:"), ("with-port-0", "docker.io:0"), ("with-large-port", "docker.io:65536"),
                            ("with-zero-in-front", "docker.io:080"), ("dot-in-front", ".docker.io"), ("dash-behind", "docker-.io"), ("label-of-64", "l" * 64 + ".io"),
                            ("of-256", "a." * 127 + "aa"), ("underscore", "a_b.io"), ("empty-address", "[]"), ("open-address", "[::1"), ("up", "..")):
        yield refused(f"registry-{which}", "document", "invalid", f'registry "{registry}"', "", "oci", f"{registry}/x", oci_body([oci_manifest(one)], name=f"{registry}/x"), **all_of_one)
    for which, name in (("empty", ""), ("empty-part", "/x"), ("up", "../x"), ("in-upper-case", "Nginx"), ("three-underscores", "a___b"), ("dot-dash", "a.-b"), ("underscore-in-front", "_a"),
                        ("dash-behind", "a-"), ("space", "a b"), ("of-256", "r" * 256), ("with-a-tag", "nginx:latest")):
        yield refused(f"repository-{which}", "document", "invalid", f'repository "{name}"', "", "oci", f"docker.io/{name}", oci_body([oci_manifest(one)], name=f"docker.io/{name}"),
                      **all_of_one)
    unreadable = "its body cannot be read, is of another repository, or has no manifests"
    yield wrong("unreadable", "body", unreadable, [Piece(counting(0xF8, 5), "no fields")])
    yield wrong("of-another-name", "body", unreadable, oci_body([oci_manifest(one)], name="docker.io/library/other"))
    yield wrong("without-manifests", "body", unreadable, oci_body([], []))
    many = [*text(1, REPOSITORY, "name"), Piece(b"\x12\0", "manifests, all empty", 100_001)]
    yield wrong("of-too-many-manifests", "limit", "100000", many)
    listed = "is out of order, has no digest, or is not among the blobs that the record names"
    second = image(layers=[])
    both = {"blobs": (one, second, OTHER, CONTENT), "held": (one, second, OTHER, CONTENT)}
    falling = sorted([oci_manifest(one), oci_manifest(second)], key=lambda manifest: manifest[0], reverse=True)
    yield wrong("manifests-not-sorted", "manifest", listed, oci_body(falling, in_order=False), **both)
    yield wrong("manifest-twice", "manifest", listed, oci_body([oci_manifest(one), oci_manifest(one)]))
    yield wrong("manifest-of-31-bytes", "manifest", listed, oci_body([oci_manifest(one, sha256=counting(1, 31))]))
    yield wrong("manifest-not-named", "manifest", listed, oci_body([oci_manifest(one)]), blobs=(OTHER, CONTENT))
    blobs = sorted([oci_blob(OTHER), oci_blob(CONTENT)], key=lambda blob: blob[0], reverse=True)
    yield wrong("blobs-not-sorted", "blob", listed, oci_body([oci_manifest(one)], blobs, in_order=False))
    yield wrong("blob-twice", "blob", listed, oci_body([oci_manifest(one)], [*blobs, *blobs]))
    yield wrong("blob-of-31-bytes", "blob", listed, oci_body([oci_manifest(one)], [oci_blob(OTHER, sha256=counting(1, 31))]))
    yield wrong("blob-not-named", "blob", listed, body, blobs=(one, OTHER))
    held = "it is not in the store, or of another size"
    yield wrong("manifest-not-held", "held", held, body, one, held=(OTHER, CONTENT))
    yield wrong("manifest-of-another-size", "held", held, oci_body([oci_manifest(one, size=1)]), one)
    yield wrong("blob-not-held", "held", held, body, CONTENT, held=(one, OTHER))
    yield wrong("blob-of-another-size", "held", held, oci_body([oci_manifest(one)], [oci_blob(OTHER), oci_blob(CONTENT, size=22)]), CONTENT)

    def unread(which, content, media_type=IMAGE):
        return wrong(f"manifest-{which}", "reads", "", oci_body([oci_manifest(content, media_type)]), content, blobs=(content, OTHER, CONTENT), held=(content, OTHER, CONTENT))
    deep = b'{"schemaVersion":2,"a":' + b"[" * 33 + b"]" * 33 + b"," + one[1:]
    for which, content in (("no-json", one[:-1]), ("a-list", b"[]"), ("with-more-behind", one + b"{}"), ("too-deep", deep), ("of-schema-1", image(schemaVersion=1)), ("without-schema", image(schemaVersion=None)),
                           ("of-text-as-schema", image(schemaVersion="2")), ("of-another-type", image(mediaType=DOCKER_IMAGE)), ("of-a-number-as-type", image(mediaType=1)),
                           ("without-config", image(config=None)), ("of-text-as-config", image(config="sha256:")), ("without-layers", image(layers=None)), ("of-text-as-layers", image(layers="")), ("of-null-as-layers", image(layers=0).replace(b'"layers": 0', b'"layers": null')),
                           ("of-text-as-layer", image(layers=["x"])), ("with-children", image(manifests=[])), ("of-text-as-subject", image(subject="x")),
                           ("of-a-number-as-artifact-type", image(artifactType=1)), ("of-text-as-annotations", image(annotations="x")), ("of-a-number-as-annotation", image(annotations={"a": 1})),
                           ("with-another-layers", image(Layers=[])), ("with-schema-1s-layers", image(fsLayers=[])), ("of-an-unprintable-type", image(artifactType="a\u00e9")),
                           ("of-a-long-type", image(artifactType="a" * 256)), ("of-2.0-as-schema", one.replace(b'"schemaVersion": 2', b'"schemaVersion": 2.0')),
                           ("of-two-sizes", image(layers=[descriptor(CONTENT), descriptor(CONTENT, size=22)])), ("of-a-subject-of-another-size", image(subject=descriptor(CONTENT, size=22))),
                           ("of-too-many-layers", image(layers=[0] * 10_001))):
        yield unread(which, content)
    for which, changes in (("without-type", {"mediaType": None}), ("with-a-number-as-type", {"mediaType": 1}), ("without-digest", {"digest": None}), ("of-sha512", {"digest": "sha512:" + "0" * 128}),
                           ("in-upper-case", {"digest": "sha256:" + digest(CONTENT).hex().upper()}), ("of-63-digits", {"digest": "sha256:" + "0" * 63}),
                           ("without-size", {"size": None}), ("of-a-negative-size", {"size": -1}), ("of-a-broken-size", {"size": 23.5}), ("of-text-as-size", {"size": "23"}),
                           ("larger-than-can-be", {"size": (1 << 42) + 1}), ("with-another-size-too", {"Size": 23}), ("of-a-number-as-artifact-type", {"artifactType": 1}),
                           ("of-text-as-platform", {"platform": "linux"}), ("of-a-number-as-os", {"platform": {"os": 1}}), ("of-a-long-variant", {"platform": {"variant": "v" * 129}}),
                           ("of-text-as-annotations", {"annotations": "x"})):
        yield unread(f"layer-{which}", image(layers=[descriptor(CONTENT, **changes)]))
    yield unread("of-no-manifests-type", image(mediaType="text/plain"), "text/plain")
    yield unread("of-its-own-type-alone", image(), "text/plain")
    yield unread("of-schema-1s-type", image(mediaType="application/vnd.docker.distribution.manifest.v1+json"), "application/vnd.docker.distribution.manifest.v1+json")
    for which, content in (("without-children", index(manifests=None)), ("of-text-as-child", index("x")), ("with-config", index(config=descriptor(OTHER))), ("with-layers", index(layers=[]))):
        yield unread(f"index-{which}", content, INDEX)

    absent = "is not among the blobs of the record, or of another size"
    yield wrong("configuration-missing", "missing", absent, oci_body([oci_manifest(one)], [oci_blob(CONTENT)]), one)
    yield wrong("layer-missing", "missing", absent, oci_body([oci_manifest(one)], [oci_blob(OTHER)]), one)
    for which, content in (("layer-of-another-size", image(layers=[descriptor(CONTENT, size=22)])), ("foreign-layer-of-another-size", image(layers=[descriptor(CONTENT, FOREIGN, size=22)]))):
        yield wrong(which, "missing", absent, oci_body([oci_manifest(content)]), content, blobs=(content, OTHER, CONTENT), held=(content, OTHER, CONTENT))
    signature = image(subject=descriptor(one, IMAGE), annotations={"a": "b"})
    with_it = {"blobs": (signature, OTHER, CONTENT), "held": (signature, OTHER, CONTENT)}
    says = "says another subject, artifact type or annotations than the record"
    for which, manifest in (("without-subject", oci_manifest(signature)), ("of-another-subject", oci_manifest(signature, IMAGE, digest(CONTENT), CONFIG, [("a", "b")])),
                            ("of-another-artifact-type", oci_manifest(signature, IMAGE, digest(one), LAYER, [("a", "b")])),
                            ("of-other-annotations", oci_manifest(signature, IMAGE, digest(one), CONFIG, [("a", "c")])),
                            ("without-annotations", oci_manifest(signature, IMAGE, digest(one), CONFIG))):
        yield wrong(f"referrer-{which}", "subject", says, oci_body([manifest]), signature, **with_it)
    yield wrong("type-without-subject", "subject", says, oci_body([oci_manifest(one, IMAGE, b"", CONFIG)]), one)
    yield wrong("stray-blob", "stray", "no manifest names it", oci_body([oci_manifest(one)], [oci_blob(OTHER), oci_blob(CONTENT), oci_blob(b"stray")]), b"stray",
                blobs=(one, OTHER, CONTENT, b"stray"), held=(one, OTHER, CONTENT, b"stray"))
    tagged = "a tag has no proper name, or no manifest"
    for which, tag in (("empty", ""), ("dot", ".a"), ("dash", "-a"), ("slash", "a/b"), ("of-129", "t" * 129), ("space", "a b")):
        yield wrong(f"tag-{which}", "tag", tagged, oci_body([oci_manifest(one)], tags=[(tag, digest(one))]))
    for which, sha256 in (("of-a-blob", digest(CONTENT)), ("of-nothing", digest(b"none")), ("of-31-bytes", digest(one)[:31])):
        yield wrong(f"tag-{which}", "tag", tagged, oci_body([oci_manifest(one)], tags=[("latest", sha256)]))


# --- apt


def apt_file(path, sha256=digest(CONTENT), size=len(CONTENT)):
    return message(6, [*text(1, path, "path"), *data(2, sha256, "sha256"), *number(3, size, "size")], "files")


def apt_body(*files, archive="debian", suite="bookworm", mode=0, date=1_700_000_000_000_000):
    return [*text(1, archive, "archive"), *text(2, suite, "suite"), *number(3, mode, "mode"), *number(4, date, "date_micros"),
            *(piece for file in files for piece in file)]


def apt():
    document, index = "debian/bookworm", "dists/bookworm/main/binary-amd64/Packages"

    def wrong(name, reason, code, cause, body, thing="apt debian/bookworm", document=document, **other):
        return refused(name, reason, code, thing, cause, "apt", document, body, **other)
    reads = "the record does not read or is another suite's"
    yield wrong("unreadable", "body", "invalid", reads, [Piece(counting(0xF8, 5), "no fields")])
    yield wrong("of-another-suite", "body", "invalid", reads, apt_body(suite="trixie"))
    for name, archive, suite in (("archive-none", "", "x"), ("archive-up", "..", "x"), ("archive-with-slash", "a/b", "x"), ("suite-up", "debian", "a/../b"),
                                 ("suite-none", "debian", ""), ("suite-with-empty-part", "debian", "a//b"), ("suite-control", "debian", "a\x1fb"),
                                 ("archive-of-1025-bytes", "a" * 1025, "x")):
        both = f"{archive}/{suite}"
        yield wrong(name, "body", "invalid", reads, apt_body(archive=archive, suite=suite), f"apt {both}", both)
    yield wrong("without-keyring", "keyring", "refused", "no keyring is configured for archive ubuntu", apt_body(archive="ubuntu"),
                "apt ubuntu/bookworm", "ubuntu/bookworm")
    yield wrong("older", "date", "outdated", "and one of", apt_body(), previous=apt_body(date=1_700_000_000_000_001))
    nothing = "has neither InRelease nor Release with Release.gpg"
    no_release = "apt debian/bookworm dists/bookworm/"
    yield wrong("older-than-one-of-another-mode", "release", "integrity", nothing, apt_body(), no_release, previous=apt_body(mode=1, date=1_700_000_000_000_001))
    yield wrong("of-the-same-date", "release", "integrity", nothing, apt_body(), no_release, previous=apt_body())
    listed = "its list of files does not read at"
    for size in (31, 33):
        yield wrong(f"file-digest-of-{size}-bytes", "files", "invalid", listed, apt_body(apt_file(index, counting(1, size))))
    for name, path in (("none", ""), ("up", "dists/../x"), ("absolute", "/etc/passwd"), ("of-1025-bytes", "p" * 1025)):
        yield wrong(f"file-path-{name}", "files", "invalid", f'{listed} "{path}"', apt_body(apt_file(path)))
    yield wrong("files-not-sorted", "files", "invalid", f'{listed} "pool/a"', apt_body(apt_file("pool/b"), apt_file("pool/a")))
    yield wrong("file-twice", "files", "invalid", f'{listed} "pool/a"', apt_body(apt_file("pool/a"), apt_file("pool/a")))
    yield wrong("file-not-named", "named", "integrity", "the record does not name its blob", apt_body(apt_file(index)), f"apt {document} {index}", blobs=())
    held = "its blob is not held with the size that the record gives"
    yield wrong("file-not-held", "held", "integrity", held, apt_body(apt_file(index)), f"apt {document} {index}", held=())
    yield wrong("file-of-another-size", "held", "integrity", held, apt_body(apt_file(index, size=22)), f"apt {document} {index}")
    for name, paths in (("no-release", [index]), ("release-without-signature", ["dists/bookworm/Release"]), ("signature-without-release", ["dists/bookworm/Release.gpg"]),
                        ("release-of-another-suite", ["dists/trixie/InRelease"])):
        yield wrong(name, "release", "integrity", nothing, apt_body(*map(apt_file, paths)), no_release)


FILES = {"record": ("A record, the blobs that are held, and what was visible before, if anything was. For apt a keyring is configured for the archive "
                    "\"debian\" only: docs/protocol.md, Records.", lambda: [*files(), *npm(), *pypi(), *huggingface(), *conda(), *oci(), *apt()])}
