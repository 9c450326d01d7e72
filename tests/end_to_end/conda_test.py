#!/usr/bin/env python3
"""A conda channel crosses a real one-way link; a client that asks as conda does gets an index of exactly what is held, and every file of it byte for byte; releases and
removals follow; what proves nothing and what lies is named. (conda itself is not in Debian: this reads repodata and packages as it does.)"""
import contextlib
import hashlib
import json
import signal

from conda_channel import CondaChannel, about_of, zstd
from rig import Namespaces, Rig, check, main
from scene import Scene

WANTED_KEYS = {"name", "version", "build", "build_number", "depends", "sha256", "md5", "size"}


class CondaScene(Scene):
    def _fill(self):
        self.channel = CondaChannel(self.folder / "static/conda/lab")

    def source(self, **settings):
        return ("[conda]", {"name": "lab", "channel": f"http://127.0.0.1:{self.port}/static/conda/lab", "serve_as": "lab", "interval": "1h", **settings})


@contextlib.contextmanager
def crossing(fill, namespaces=None, **settings):
    with CondaScene(namespaces) as scene:
        fill(scene.channel)
        with Rig(namespaces, low_extra=[scene.source(**settings)]) as rig:
            scene.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            yield rig, scene


def repodata(rig, subdir):
    """As conda reads it: the packed form, and the plain one is the same."""
    code, headers, packed = rig.get(f"/conda/lab/{subdir}/repodata.json.zst")
    check(code == 200, f"repodata.json.zst of {subdir} answered {code}")
    code, plain_headers, plain = rig.get(f"/conda/lab/{subdir}/repodata.json")
    check(code == 200 and zstd(packed, "decompress") == plain, f"repodata.json of {subdir} answered {code}, or is another than the packed one")
    for name, head in (("repodata.json.zst", headers), ("repodata.json", plain_headers)):
        code, _, _ = rig.get(f"/conda/lab/{subdir}/{name}", headers={"If-None-Match": head["etag"]})
        check(code == 304, f"{name} that has not changed answered {code}")
    index = json.loads(plain)
    check(index["info"]["subdir"] == subdir and index["repodata_version"] == 1, f"its info is {index['info']}")
    return index


def listed(rig, subdir):
    """Of the newer kind; it may change while it is asked for."""
    return list(json.loads(rig.get(f"/conda/lab/{subdir}/repodata.json")[2])["packages.conda"])


def fetch_all(rig, subdir):
    """{file: bytes} of all that the index lists, each held against its own entry."""
    index, files = repodata(rig, subdir), {}
    for kind, ending in (("packages", ".tar.bz2"), ("packages.conda", ".conda")):
        for file, entry in index[kind].items():
            check(file.endswith(ending) and WANTED_KEYS <= entry.keys(), f"{file} of {kind} has {sorted(entry)}")
            code, headers, data = rig.get(f"/conda/lab/{subdir}/{file}")
            check(code == 200 and int(headers["content-length"]) == len(data) == entry["size"], f"{file} answered {code} with {len(data)} bytes")
            check(hashlib.sha256(data).hexdigest() == entry["sha256"] and hashlib.md5(data).hexdigest() == entry["md5"], f"{file} has other digests")
            about = about_of(data)
            check(all(about[key] == entry[key] for key in ("name", "version", "build", "depends")), f"{file} says of itself {about}")
            files[file] = data
    return files


def poll(rig, until, what):
    rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(until, what)


def fill_lab(channel):
    for number in range(40):
        channel.add("linux-64", f"node-{number}", depends=[f"node-{number + 1} >=1.0"] if number < 39 else [], payload=bytes([number]) * 20000)
    channel.add("linux-64", "large", payload=b"".join(hashlib.sha256(bytes([i % 256, i // 256])).digest() for i in range(60000)))
    channel.add("linux-64", "node-0", ending=".tar.bz2", payload=b"older")
    channel.add("noarch", "pure-python", "4.9.0", "pyha770c72_0", depends=["python >=3.8"], noarch="python")
    channel.publish()


def a_channel_crosses_whole():
    with Namespaces(loss_per_10000=50) as namespaces, crossing(fill_lab, namespaces) as (rig, scene):
        for subdir, count in (("linux-64", 42), ("noarch", 1)):
            got = fetch_all(rig, subdir)
            check(got == scene.channel.files(subdir) and len(got) == count, f"{subdir} has {sorted(got)}")
            shown, said = repodata(rig, subdir), scene.channel.index(subdir)
            check(all(shown[kind] == said[kind] for kind in ("packages", "packages.conda")), "the metadata is another than the channel's")
        large = "/conda/lab/linux-64/large-1.0-h1_0.conda"
        code, headers, part = rig.get(large, headers={"Range": "bytes=1000000-1000999"})
        check(code == 206 and part == fetch_all(rig, "linux-64")["large-1.0-h1_0.conda"][1000000:1001000], f"a range answered {code}: {headers}")
        check(rig.get(large, method="HEAD")[0] == 200, "HEAD does not answer")
        for absent in ("current_repodata.json", "repodata.json.bz2", "repodata_shards.msgpack.zst"):
            check(rig.get(f"/conda/lab/linux-64/{absent}")[0] == 404, f"{absent} is there")
        check(rig.get("/conda/lab/win-64/repodata.json")[0] == 404 and rig.get("/conda/other/noarch/repodata.json")[0] == 404, "what is not held is not 404")
        code, headers, _ = rig.get("/conda/lab/linux-64/scipy-1.11.4-py311_0.conda")
        check(code == 404 and headers["sluice-wanted"] == "pkg:conda/scipy@1.11.4", f"a miss answered {code}: {headers}")
        check(rig.run("high", "wanted", "--export", "conda").stdout == "scipy 1.11.4\n", "the miss is no want-list")
        check("no gaps" in rig.run("high", "gaps").stdout, "there are gaps")
        rig.stop("low")
        rig.stop("high")
        check(namespaces.high_sent_packets() == 0 and namespaces.high_tried_to_send() == 0, "the high side sent packets")


def releases_and_removals_follow():
    def fill(channel):
        channel.add("linux-64", "tool", "1.0")
        channel.add("linux-64", "tool", "1.1")
        channel.publish(packed=False)

    with crossing(fill) as (rig, scene):
        first = fetch_all(rig, "linux-64")
        check(repodata(rig, "noarch")["packages.conda"] == {}, "noarch of a channel that is held is not empty")
        scene.channel.add("linux-64", "tool", "1.2", payload=b"new")
        scene.channel.remove("linux-64", "tool-1.0-h1_0.conda")
        scene.channel.publish(packed=False)
        poll(rig, lambda: "tool-1.2-h1_0.conda" in listed(rig, "linux-64"), "the release shows")
        check(fetch_all(rig, "linux-64") == scene.channel.files("linux-64"), "the index shows another state than the channel's")
        check(repodata(rig, "linux-64")["removed"] == ["tool-1.0-h1_0.conda"], "what was removed is not named")
        code, _, data = rig.get("/conda/lab/linux-64/tool-1.0-h1_0.conda")
        check(code == 200 and data == first["tool-1.0-h1_0.conda"], f"what was removed answered {code}: lock files name it still")
        edition = json.loads(rig.get("/edition/1/conda/lab/linux-64/repodata.json")[2])
        check(set(edition["packages.conda"]) == set(first), "the first edition has changed")


def what_proves_nothing_and_what_lies_is_named():
    def fill(channel):
        channel.add("linux-64", "good")
        channel.add("linux-64", "unwanted")
        del channel.index("linux-64")["packages.conda"][channel.add("linux-64", "old")]["sha256"]
        channel.index("linux-64")["packages.conda"]["../../etc/passwd"] = {}
        channel.add("noarch", "tool")
        channel.add("noarch", "liar")
        path = channel.folder / "noarch/liar-1.0-h1_0.conda"
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        channel.publish()

    with crossing(fill, exclude=["unwanted"]) as (rig, scene):
        check(list(fetch_all(rig, "linux-64")) == ["good-1.0-h1_0.conda"], "others than the good one crossed")
        for words in ("old-1.0-h1_0.conda", "MD5 alone", "../../etc/passwd", "lab/noarch is shipped when all its wanted files can be had"):
            rig.wait_for_event("low", words)
        check(repodata(rig, "noarch")["packages.conda"] == {}, "a part of the subdir that lies crossed")
        scene.channel.add("noarch", "liar")
        scene.channel.publish()
        poll(rig, lambda: len(listed(rig, "noarch")) == 2, "the mended subdir shows")
        check(fetch_all(rig, "noarch") == scene.channel.files("noarch"), "the bytes are others than the channel's")


def what_is_asked_for_crosses_once_it_is_approved():
    with CondaScene() as scene:
        fill_lab(scene.channel)
        with Rig(low_extra=[scene.source(pattern="request")]) as rig:
            scene.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_listening()
            asked = json.loads(rig.run("low", "request", "add", "--json", "node-1", "pure-python 4.*").stdout)
            check(sorted(node["item"] for node in asked["plan"]["nodes"]) == ["node-1-1.0-h1_0.conda", "pure-python-4.9.0-pyha770c72_0.conda"], f"the plan is {asked['plan']['nodes']}")
            check(rig.status("low")["spool"]["last_sequence"] == 0, "something was sent before anybody approved it")
            rig.run("low", "request", "approve", asked["id"], asked["digest"])
            rig.wait_until(lambda: rig.get("/conda/lab/noarch/repodata.json")[0] == 200, "what was approved is there")
            check(set(fetch_all(rig, "linux-64")) == {"node-1-1.0-h1_0.conda"} and len(fetch_all(rig, "noarch")) == 1, "something else crossed")


if __name__ == "__main__":
    main([a_channel_crosses_whole, releases_and_removals_follow, what_proves_nothing_and_what_lies_is_named,
          what_is_asked_for_crosses_once_it_is_approved])
