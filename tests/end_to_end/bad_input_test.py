#!/usr/bin/env python3
"""What bad input gets: a message that names the thing, the cause and the cure, a counter, and nothing lost once the cause has gone."""
import contextlib
import signal
import socket

from rig import HIGH, LOW, Rig, check, main, run
from scene import Scene, check_apt, check_files, check_npm, drop_contents, npm

ANNOUNCES = "sluice_link_announces_total"
REJECTED = "sluice_link_rejected_total"


@contextlib.contextmanager
def rig_and_scene(kinds=("npm", "apt", "files"), **options):
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=kinds), **options) as rig:
        rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})])
        scene.wait_until_up(rig)
        yield rig, scene


def poll_again(rig, source=0):
    """Asks for a poll by SIGHUP and waits until it has ended, well or badly."""
    def ended():
        s = rig.status("low")["sources"][source]
        return s["polls"] + s["failures"]
    before = ended()
    rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(lambda: ended() > before, "the source was polled again")


def says(rig, side, *words):
    """One line of the log has all the words; waited for, because what is counted is told a moment later."""
    rig.wait_until(lambda: any(all(word in line for word in words) for line in rig.log(side).split("\n")), f"a line of the {side} log has all of {words}")


def wrong_sender_key():
    with rig_and_scene(("files",)) as (rig, scene):
        originals = drop_contents(scene)
        run(LOW, "init", rig.folder / "other")
        rig.configure("high", override={"[stream]": {"key": rig.folder / "other/signing.pub"}})
        rig.start("high")
        rig.start("low")
        rig.wait_until(lambda: rig.metric("high", ANNOUNCES + '{result="wrong-sender-key"}') > 0, "the announce was refused")
        rig.wait_until(lambda: rig.metric("low", "sluice_link_sent_passes_total") > 0, "the low side has sent everything")
        says(rig, "high", "announce", "cure=")
        check(rig.published() == 0, "something was published from a stranger")
        # The operator mends it; what was sent meanwhile is a gap, and one command brings it.
        rig.stop("high")
        rig.configure("high")
        rig.start("high")
        rig.wait_until(lambda: "1" in rig.run("high", "gaps").stdout and "no gaps" not in rig.run("high", "gaps").stdout, "the gap is listed")
        rig.run("low", "resend", "1")
        rig.wait_until_published(1)
        check_files(rig, scene, originals)


def sealed_to_another_receiver():
    with rig_and_scene(("files",)) as (rig, _):
        run(HIGH, "init", rig.folder / "other")
        rig.configure("high", override={"keys": {"opening": rig.folder / "other/opening.key"}})
        rig.start("high")
        rig.start("low")
        rig.wait_until(lambda: rig.metric("high", ANNOUNCES + '{result="sealed-to-others"}') > 0, "the announce was not for us")
        says(rig, "high", "announce", "receivers", "cure=")
        rig.wait_until(lambda: rig.metric("high", REJECTED + '{reason="unknown-session"}') > 0, "symbols of that session are counted")


def strangers_on_the_wire():
    with rig_and_scene(("files",)) as (rig, scene):
        originals = drop_contents(scene)
        rig.start("high")
        host, _, port = rig.link_address.rpartition(":")
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.connect((host, int(port)))
        symbol = b"SLC\x01\x01\x00"
        for datagram, reason in ((b"x", "too-short"), (b"GET / HTTP/1.1\r\n" * 4, "bad-magic"), (b"SLC\x09" + bytes(100), "unknown-version"),
                                 (b"SLC\x01\x63" + bytes(100), "unknown-kind"), (symbol + b"\xff\xff" + bytes(60), "bad-length")):
            rig.wait_until(lambda d=datagram, r=reason: stranger.send(d) and rig.metric("high", f'{REJECTED}{{reason="{r}"}}') > 0, f"{reason} is counted")
        rig.start("low")
        rig.wait_until_crossed()
        check_files(rig, scene, originals)


def upstream_lies_about_a_digest():
    with rig_and_scene(("npm",)) as (rig, scene):
        scene.fault(rig, "/npm/pkg-7/-/", "flip")
        rig.start("high")
        rig.start("low")
        rig.wait_until(lambda: rig.metric("low", 'sluice_upstream_rejected_total{reason="digest"}') > 0, "the lie was seen")
        rig.wait_until(lambda: rig.status("low")["sources"][0]["problems"] or rig.status("low")["sources"][0]["last_error"], "it is named in the status")
        says(rig, "low", "pkg-7", "sha512")
        check(rig.metric("low", "sluice_quarantined_files_total") > 0, "it was not quarantined")
        code, _, _ = rig.get("/npm/pkg-0")
        check(code == 404, "half a closure became visible")
        scene.fault(rig, "/npm/pkg-7/-/", "none")
        poll_again(rig)
        rig.wait_until_crossed()
        check_npm(rig, scene)


def upstream_answers_garbage():
    with rig_and_scene(("npm", "apt")) as (rig, scene):
        rig.start("high")
        scene.fault(rig, "/", "garbage")
        rig.start("low")
        rig.wait_until(lambda: all(s["polls"] + s["failures"] > 0 for s in rig.status("low")["sources"]), "both sources were polled")
        for source in rig.status("low")["sources"]:
            check(source["last_error"] or source["problems"], f"{source['name']} took garbage for good")
        check(rig.published() == 0, "garbage became visible")
        scene.fault(rig, "/", "none")
        poll_again(rig, 0)
        poll_again(rig, 1)
        rig.wait_until_crossed()
        check_npm(rig, scene)
        check_apt(rig, scene)


def upstream_times_out():
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("apt",)) + [("fetch", {"stall_time": "1s", "attempts": 2})]) as rig:
        rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})])
        scene.wait_until_up(rig)
        rig.start("high")
        scene.fault(rig, "/static/", "hang")
        rig.start("low")
        rig.wait_until(lambda: rig.status("low")["sources"][0]["last_error"], "the poll gave up")
        check(rig.metric("low", 'sluice_fetch_failures_total{reason="timeout"}') > 0, "no time-out was counted")
        says(rig, "low", "InRelease", "cause=")
        scene.fault(rig, "/static/", "none")
        poll_again(rig)
        rig.wait_until_crossed()
        check_apt(rig, scene)


def want_list_with_an_unknown_package():
    with Scene() as scene, Rig(low_extra=scene.sources(want=["pkg-0@^1.0.0", "no-such-package@^1.0.0"], packages=["tool", "no-such-deb"],
                                                       kinds=("npm", "apt"))) as rig:
        rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})])
        scene.wait_until_up(rig)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        problems = [p for source in rig.status("low")["sources"] for p in source["problems"]]
        for name in ("no-such-package", "no-such-deb"):
            check(any(name in p for p in problems), f"{name} is not named in {problems}")
        check(rig.metric("low", "sluice_want_unresolved_total") >= 2, "they were not counted")
        check_npm(rig, scene)
        check_apt(rig, scene)
        code, _, body = rig.get("/npm/no-such-package")
        check(code == 404 and b"no-such-package" in body, f"the high side answered {code} {body}")
        refused = npm(rig, rig.folder, "view", "no-such-package", ok=False)
        check(refused.returncode != 0 and "404" in refused.stdout + refused.stderr, "npm did not see a 404")


def configuration_mistakes_are_named():
    with rig_and_scene(("files",)) as (rig, _):
        for section, key, value, expected in (("link", "rate", "fast", ("rate", "fast")), ("link", "mtu", 20, ("mtu", "20")),
                                              ("daemon", "stat", "/x", ("stat", "state"))):
            rig.configure("low", override={section: {key: value}})
            refused = rig.run("low", "check-config", ok=False)
            text = refused.stdout + refused.stderr
            check(refused.returncode != 0 and all(word in text for word in expected) and "low.toml:" in text, f"check-config said: {text}")


if __name__ == "__main__":
    main([wrong_sender_key, sealed_to_another_receiver, strangers_on_the_wire, upstream_lies_about_a_digest, upstream_answers_garbage, upstream_times_out,
          want_list_with_an_unknown_package, configuration_mistakes_are_named])
