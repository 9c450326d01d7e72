#!/usr/bin/env python3
"""A clock that steps, of either side, while it runs and over a restart. Intervals are measured by the clock that never steps; times of day only mark things."""
import datetime
import email.utils
import shutil
import time

from faults import Faults, check, check_alert, check_whole, drop, events, main, pair, poll_again, wait_until_idle

DAY = 86400


def today(days):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)


def check_shows(rig, side, days):
    """What people and clients read follows the clock: /status, the Date header, the log."""
    for text in (rig.status(side)["time"], rig.log(side).strip().split("\n")[-1].split()[0]):
        shown = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        check(abs(shown - today(days)) < datetime.timedelta(hours=1), f"{side} shows {text}, {days} days from today")
    if side == "high":
        date = email.utils.parsedate_to_datetime(rig.get("/files/drop/empty")[1]["date"])
        check(abs(date - today(days)) < datetime.timedelta(hours=1), f"the Date header says {date}")


def check_undisturbed(rig):
    for name in ("link.silent", "link.session_refused", "link.announce_refused", "blocks.lost"):
        check(not events(rig, "high", name), f"the high side tells {name}")
    check(rig.status("high")["streams"][0]["alive"], "the link is said to be silent")


def steps_while_both_run():
    with pair(spool={"passes": ["0s", "2s"]}) as (rig, scene):
        clocks = {side: Faults(rig.folder, f"{side}.faults") for side in ("low", "high")}
        for side in ("high", "low"):
            rig.start(side, clocks[side].environment)
        rig.wait_until_crossed()
        session = rig.status("low")["link"]["session"]
        for number, (side, days) in enumerate((("high", 3), ("low", 40), ("low", -10), ("high", -400), ("high", 0), ("low", 0))):
            drop(scene, f"more-{number}.bin", 200_000)
            clocks[side].set(f"clock - offset={days * DAY}")
            poll_again(rig)  # its repeat is planned by the clock of before or after the step
            wait_until_idle(rig)  # with the repeats of it and of those before it
            check_whole(rig, scene)
            check_shows(rig, side, days)
        check_undisturbed(rig)
        check(rig.status("low")["link"]["session"] == session, "there is another session")
        sent = [event for event in events(rig, "low", "shipment.sent") if "urgency=carousel" not in event]  # a round is due by the time of day
        check(len(sent) == 2 * rig.status("low")["spool"]["last_sequence"], f"{len(sent)} planned passes were sent")


def restarts_with_another_clock():
    with pair() as (rig, scene):
        clocks = {side: Faults(rig.folder, f"{side}.faults") for side in ("low", "high")}
        for side in ("high", "low"):
            rig.start(side, clocks[side].environment)
        rig.wait_until_crossed()
        for number, (low, high) in enumerate(((-10, 0), (0, -30), (2, 300), (1, 0), (-4000, -4000))):
            epoch = rig.status("low")["link"]["epoch"]
            rig.stop("low")
            rig.stop("high")
            clocks["low"].set(f"clock - offset={low * DAY}")
            clocks["high"].set(f"clock - offset={high * DAY}")
            rig.start("high", clocks["high"].environment)
            rig.start("low", clocks["low"].environment)
            drop(scene, f"more-{number}.bin", 200_000)
            poll_again(rig)
            wait_until_idle(rig)
            rig.wait_until(lambda e=epoch: rig.status("high")["streams"][0]["epoch"] > e, "the new session is accepted")
            check_whole(rig, scene)
        check_undisturbed(rig)


def state_is_lost_while_the_clock_is_behind():
    """Then nothing says which session is newer: it is refused, with the reason and the cure, until the clock is right."""
    with pair() as (rig, scene):
        clock = Faults(rig.folder)
        rig.start("high")
        rig.start("low", clock.environment)
        rig.wait_until_crossed()
        rig.stop("low")
        shutil.rmtree(rig.folder / "low/state")
        clock.set(f"clock - offset={-10 * DAY}")
        rig.start("low", clock.environment)
        check_alert(rig, "high", "link.session_refused", "epoch=", "cure=", "clock")
        rig.wait_until(lambda: rig.metric("high", 'sluice_link_announces_total{result="outdated-epoch"}') > 0, "it is counted")
        rig.stop("low")
        clock.set()
        rig.wait_until(lambda: time.time() >= rig.status("high")["streams"][0]["epoch"] + 1, "the right clock is past the second in which the stream began")
        rig.start("low", clock.environment)
        rig.wait_until(lambda: rig.status("high")["streams"][0]["session"] == rig.status("low")["link"]["session"], "the session is accepted")


if __name__ == "__main__":
    main([steps_while_both_run, restarts_with_another_clock, state_is_lost_while_the_clock_is_behind])
