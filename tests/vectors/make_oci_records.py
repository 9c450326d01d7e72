"""Vectors of records of image repositories, SIF images among them."""
import json
import struct

from build import Piece, counting, data, message, number, text
from record_vector import CONTENT, OTHER, digest, refused, vector

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
