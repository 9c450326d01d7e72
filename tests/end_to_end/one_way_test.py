#!/usr/bin/env python3
"""npm, apt and files cross a real one-way link: two network namespaces, with loss, with reordering and duplication, at MTU 1500 and 9000."""
from rig import Namespaces, Rig, check, main
from scene import Scene, check_apt, check_files, check_npm, drop_contents


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


if __name__ == "__main__":
    main([crosses_with_one_percent_loss, crosses_with_one_percent_loss_at_mtu_9000, crosses_with_reordering_and_duplication])
