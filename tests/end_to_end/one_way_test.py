#!/usr/bin/env python3
"""npm, apt and files cross a real one-way link: two network namespaces, with loss, with reordering and duplication, at MTU 1500 and 9000."""
from rig import Namespaces, Rig, check, main
from scene import Scene, apt_options, check_apt, check_files, check_npm, drop_contents, inside


def cross(namespaces, impair=0, mtu=1500):
    with Scene(namespaces) as scene:
        originals = drop_contents(scene)
        with Rig(namespaces, impair=impair, low_extra=scene.sources(), mtu=mtu, rate="100Mbit/s") as rig:
            rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})])
            scene.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            check_npm(rig, scene)
            check_apt(rig, scene)
            check_files(rig, scene, originals)
            gaps = rig.run("high", "gaps").stdout
            check("no gaps" in gaps, f"gaps says: {gaps}")
            check(rig.metric("high", 'sluice_link_blocks_total{result="lost"}') == 0, "blocks were lost")
            check(rig.metric("high", 'sluice_link_blocks_total{result="recovered"}') > 0, "no block was counted")
            seen = {name: rig.metric("high", name) for name in ("sluice_link_recovered_symbols_total", 'sluice_link_rejected_total{reason="replayed"}')}
            rig.stop("low")
            rig.stop("high")
            if impair:
                seen.update(rig.relay_counts())
    check(namespaces.high_sent_packets() == 0, f"the high side's interface sent {namespaces.high_sent_packets()} packets")
    check(namespaces.high_tried_to_send() == 0, f"the high side's stack tried to send {namespaces.high_tried_to_send()} packets")
    check(namespaces.low_received_packets() == 0, "the low side's interface received packets")
    return seen


def crosses_with_one_percent_loss():
    with Namespaces(loss_per_10000=100) as namespaces:
        seen = cross(namespaces)
        check(namespaces.lost() > 50, f"only {namespaces.lost()} packets were dropped: the loss did not happen")
    check(seen["sluice_link_recovered_symbols_total"] > 0, "no symbol had to be recovered")


def crosses_with_one_percent_loss_at_mtu_9000():
    with Namespaces(mtu=9000, loss_per_10000=100) as namespaces:
        cross(namespaces, mtu=9000)
        check(namespaces.lost() > 5, "the loss did not happen")


def crosses_with_reordering_and_duplication():
    with Namespaces() as namespaces:
        seen = cross(namespaces, impair=100)
    check(seen["duplicated"] > 20 and seen["reordered"] > 20, f"the relay did too little: {seen}")
    check(seen['sluice_link_rejected_total{reason="replayed"}'] >= seen["duplicated"], f"not every duplicate was seen as one: {seen}")


def apt_installs_for_two_architectures():
    with Namespaces() as namespaces, Scene(namespaces) as scene:
        for name, depends in (("tool", "libtool-two"), ("libtool-two", "")):
            scene.debian.add(name, depends=depends, payload=name.encode() * 1000, architecture="arm64")
        scene.debian.publish()
        sources = scene.sources(kinds=("apt",))
        sources[0][1]["architectures"] = ["amd64", "arm64"]
        with Rig(namespaces, low_extra=sources) as rig:
            rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})])
            scene.wait_until_up(rig)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            (rig.folder / "site.asc").write_bytes(rig.get("/apt/debian/debian.asc")[2])
            upstream = {deb.name: deb.read_bytes() for deb in (scene.debian.root / "pool/main").glob("*.deb")}
            for machine, other, expected in (("amd64", "arm64", {"tool_1.0-1_amd64.deb", "libtool-one_1.0-1_amd64.deb", "libtool-two_1.0-1_amd64.deb"}),
                                             ("arm64", "amd64", {"tool_1.0-1_arm64.deb", "libtool-two_1.0-1_arm64.deb"})):
                folder = rig.folder / machine
                options = apt_options(rig, folder, rig.folder / "site.asc", (machine, other))
                inside(rig, "apt-get", "-q", *options, "update")
                inside(rig, "apt-get", "-q", "-y", *options, "install", "--download-only", "tool")
                got = {deb.name: deb.read_bytes() for deb in (folder / "archives").glob("*.deb")}
                check(got == {name: upstream[name] for name in expected}, f"apt on {machine} downloaded {sorted(got)}, or digests differ")


if __name__ == "__main__":
    main([apt_installs_for_two_architectures, crosses_with_one_percent_loss, crosses_with_one_percent_loss_at_mtu_9000, crosses_with_reordering_and_duplication])
