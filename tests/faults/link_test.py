#!/usr/bin/env python3
"""Faults of the link: a receiver that is held up, an interface that goes, bits that flip. What is lost is counted and named, and a resend brings it."""
import signal
import socket
import subprocess
import sys
from pathlib import Path

from faults import LOST, MIB, check, check_alert, check_whole, drop, healthy, main, metrics, pair, poll_again, send_again_until_whole, wait_until_idle
from rig import Namespaces, free_port

REJECTED = "sluice_link_rejected_total"


def kernel_buffer_overflows():
    """The receiver is stopped while the sender goes on at full rate, and the buffer holds a fraction of what comes meanwhile."""
    with pair(rate="1Gbit/s") as (rig, scene):
        rig.configure("high", override={"link": {"receive_buffer": "256KiB"}})
        rig.start("high")
        rig.start("low")
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == 1, "the first shipment is made")
        send_again_until_whole(rig, scene)  # on a busy machine the small buffer may lose some of it already
        drops, lost = rig.metric("high", "sluice_link_kernel_drops"), rig.metric("high", LOST)
        rig.send_signal("high", signal.SIGSTOP)
        drop(scene, "more.bin", 8 * MIB)
        poll_again(rig)
        wait_until_idle(rig)
        rig.send_signal("high", signal.SIGCONT)
        rig.wait_until(lambda: rig.metric("high", "sluice_link_kernel_drops") > drops, "the kernel's drops are counted")
        rig.wait_until(lambda: rig.metric("high", LOST) > lost, "lost blocks are counted")
        check_alert(rig, "high", "blocks.lost", "stream=rig", "lane=0", "first=", "count=")
        rig.wait_until(lambda: "rig/2" in rig.run("high", "gaps").stdout, "the shipment is named")
        check("sluice-low resend 2" in rig.run("high", "gaps").stdout, "the command for the low side is not given")
        send_again_until_whole(rig, scene)


def interface_goes_down_and_comes_up(side):
    with Namespaces() as namespaces, pair(namespaces=namespaces, rate="20Mbit/s") as (rig, scene):
        rig.configure("high", override={"link": {"silence": "2s"}})
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        namespaces.disconnect(getattr(namespaces, side))
        drop(scene, "more.bin", 3 * MIB)
        poll_again(rig)
        if side == "low":
            check_alert(rig, "low", "link.send_failed", "cause=", "cure=")
            rig.wait_until(lambda: rig.metric("low", "sluice_link_send_errors_total") > 0, "failed sends are counted")
        check_alert(rig, "high", "link.silent", "stream=rig")
        check(rig.metric("high", "sluice_link_alive") == 0, "the link is still said to be alive")
        rig.wait_until(lambda: not healthy(rig, "high"), "/healthz says so too")
        namespaces.connect(getattr(namespaces, side))
        rig.wait_until(lambda: rig.metric("high", "sluice_link_alive") == 1, "the link is alive again")
        if side == "low":
            check_alert(rig, "low", "link.send_resumed", "lane=0")
        send_again_until_whole(rig, scene)


def interface_of_the_low_side():
    interface_goes_down_and_comes_up("low")


def interface_of_the_high_side():
    interface_goes_down_and_comes_up("high")


class Flips:
    """flip.py between both sides."""

    def __init__(self, rig, scene):
        port = free_port(socket.SOCK_DGRAM)
        self._relay = subprocess.Popen([sys.executable, str(Path(__file__).parent / "flip.py"), str(port), rig.link_address],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        rig.configure("low", scene.sources(kinds=("files",)), override={"link": {"destination": [f"127.0.0.1:{port}"]}})

    def one_in(self, count):
        """From now on; how many have been spoiled so far."""
        print(count, file=self._relay.stdin, flush=True)
        return int(self._relay.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._relay.kill()
        self._relay.communicate()


def refused(rig):
    """Datagrams that the high side has counted as not usable, announces among them: a flipped bit can make a symbol look like one."""
    return sum(value for name, value in metrics(rig, "high").items()
               if name.startswith(REJECTED) or (name.startswith("sluice_link_announces_total") and "accepted" not in name))


def bits_flip_in_datagrams():
    with pair(rate="50Mbit/s", link={"outage": "1ms"}) as (rig, scene), Flips(rig, scene) as flips:
        flips.one_in(30)  # less than parity mends
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        spoiled = flips.one_in(30)
        rig.wait_until(lambda: refused(rig) >= spoiled, "every spoiled datagram is counted")
        check(spoiled > 100 and refused(rig) == spoiled, f"{spoiled} were spoiled, {refused(rig)} refused")
        counts = metrics(rig, "high")
        for reason in ("bad-tag", "bad-magic", "unknown-version", "unknown-kind", "bad-length", "unknown-session", "bad-lane", "bad-geometry"):
            check(counts[f'{REJECTED}{{reason="{reason}"}}'] > 0, f"none was refused as {reason}: {counts}")
        check(counts[LOST] == 0 and counts["sluice_link_recovered_symbols_total"] > 0, "parity did not mend it")
        check(counts['sluice_link_blocks_total{result="bad"}'] == 0, "a spoiled symbol came as far as a block")
        check_whole(rig, scene)

        flips.one_in(3)  # more than parity mends
        drop(scene, "more.bin", 3 * MIB)
        poll_again(rig)
        wait_until_idle(rig)
        rig.wait_until(lambda: rig.metric("high", LOST) > 0, "lost blocks are counted")
        check_alert(rig, "high", "blocks.lost", "lane=0", "first=", "count=")
        flips.one_in(0)
        send_again_until_whole(rig, scene)
        spoiled = flips.one_in(0)
        rig.wait_until(lambda: refused(rig) >= spoiled, "every spoiled datagram is counted")
        check(refused(rig) == spoiled, f"{spoiled} were spoiled, {refused(rig)} refused")


if __name__ == "__main__":
    main([kernel_buffer_overflows, interface_of_the_low_side, interface_of_the_high_side, bits_flip_in_datagrams])
