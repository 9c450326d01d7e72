#!/usr/bin/env python3
"""Reloads, restarts and kills in the middle of a transfer: nothing is lost, and nothing that is held is taken again."""
import signal

from rig import Rig, check, main
from scene import Scene, check_files, drop_contents

SLOW = "20Mbit/s"  # 5 MB take two seconds: time to interfere


def link(rig):
    return rig.status("low")["link"]


def files_rig(scene, **options):
    return Rig(low_extra=scene.sources(kinds=("files",)), rate=SLOW, **options)


def wait_until_under_way(rig):
    """Some of the large file has arrived, and some has not."""
    rig.wait_until(lambda: (link(rig)["sending"] or {}).get("bytes_done", 0) > 0 and rig.status("high")["assembly"]["held_bytes"] > 0,
                   "a part of the shipment has arrived")


def reload_takes_a_want_list_and_loses_nothing_in_flight():
    with Scene() as scene, files_rig(scene, link={"outage": "1ms"}) as rig:
        originals = drop_contents(scene)
        rig.start("high")
        rig.start("low")
        wait_until_under_way(rig)
        before = link(rig)
        rig.configure("low", scene.sources(kinds=("files", "npm")))
        rig.send_signal("low", signal.SIGHUP)
        rig.wait_until(lambda: len(rig.status("low")["sources"]) == 2, "the new source is there")
        rig.wait_until_crossed()
        check(link(rig)["session"] == before["session"], "the reload began a new session")
        check_files(rig, scene, originals)
        check(rig.get("/npm/pkg-0")[0] == 200, "what the new want-list names did not cross")
        check(rig.metric("high", 'sluice_link_blocks_total{result="lost"}') == 0, "blocks were lost")


def a_bad_configuration_is_refused_at_a_reload():
    with Scene() as scene, files_rig(scene) as rig:
        rig.start("low")
        rig.configure("low", override={"link": {"rate": "fast"}})
        rig.send_signal("low", signal.SIGHUP)
        rig.wait_for_event("low", "config.refused")
        check(len(rig.status("low")["sources"]) == 1, "the settings of before are not in effect any more")


def killed_low_side_sends_again_what_was_in_flight():
    with Scene() as scene, files_rig(scene, link={"outage": "1ms"}) as rig:
        originals = drop_contents(scene)
        rig.start("high")
        rig.start("low")
        wait_until_under_way(rig)
        before = link(rig)
        rig.stop("low", signal.SIGKILL)
        rig.start("low")
        rig.wait_until_published(1)
        check(link(rig)["epoch"] > before["epoch"], "the epoch did not grow")
        check_files(rig, scene, originals)
        check(rig.metric("high", 'sluice_assemble_parts_total{result="not-needed"}') > 0, "the parts that were held were taken again")
        rig.wait_until(lambda: rig.status("low")["spool"]["pending_passes"] == 0, "the pass is marked as sent")


def killed_high_side_goes_on_with_what_it_holds():
    with Scene() as scene, files_rig(scene, link={"outage": "1ms"}) as rig:
        originals = drop_contents(scene)
        rig.start("high")
        rig.start("low")
        wait_until_under_way(rig)
        rig.stop("high", signal.SIGKILL)
        rig.start("high")
        rig.wait_until(lambda: rig.status("low")["spool"]["pending_passes"] == 0, "the pass has been sent")
        # What was sent meanwhile is missing: it is named, and one command brings it.
        rig.wait_until(lambda: rig.status("high")["gaps"] > 0 or rig.published() == 1, "the gap is known")
        if rig.published() == 0:
            check("rig/1" in rig.run("high", "gaps").stdout, "the gap is not listed")
            rig.run("low", "resend", "1")
        rig.wait_until_published(1)
        check_files(rig, scene, originals)


def a_second_pass_fills_only_the_holes():
    with Scene() as scene, files_rig(scene, link={"outage": "1ms"}, spool={"passes": ["0s", "1s"]}) as rig:
        originals = drop_contents(scene)
        rig.start("high")
        rig.start("low")
        wait_until_under_way(rig)
        rig.stop("high")
        rig.start("high")
        rig.wait_until_published(1)
        check_files(rig, scene, originals)
        check(rig.metric("high", 'sluice_assemble_parts_total{result="not-needed"}') > 0, "what was held was taken again")


if __name__ == "__main__":
    main([reload_takes_a_want_list_and_loses_nothing_in_flight, a_bad_configuration_is_refused_at_a_reload,
          killed_low_side_sends_again_what_was_in_flight, killed_high_side_goes_on_with_what_it_holds, a_second_pass_fills_only_the_holes])
