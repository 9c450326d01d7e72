"""A rig whose daemons are killed: their state lies on disks of their own, and what they do at the moment is asked for just before."""
import contextlib
import http.client
import json
import signal

import catalog
import paths
from disk import Disk, Folder
from rig import Failure, Rig, check

SIDES = ("low", "high")


class CrashRig(Rig):
    """`power`: the disks lose what was not synced. The disks can be replaced by new ones while no daemon runs."""

    def __init__(self, power=False, **options):
        self._power = power
        self._generation = 0
        self._disks = {}
        try:
            super().__init__(**options)
            self.new_disks()
        except BaseException:
            self.close()
            raise

    def new_disks(self, power=None):
        """Both sides begin from nothing, with the keys that they have."""
        check(not self._processes, "a daemon runs")
        for disk in self._disks.values():
            disk.close()
        self._disks.clear()
        self._generation += 1
        for side in SIDES:
            self._disks[side] = Disk() if (self._power if power is None else power) else Folder(self.folder / f"state-{side}-{self._generation}")
            self.log_path(side).unlink(missing_ok=True)

    def configure(self, side, extra=(), override=None):
        override = dict(override or {})
        if side in self._disks:
            override["daemon"] = {"state": self.state(side), **override.get("daemon", {})}
        super().configure(side, extra, override)

    def state(self, side):
        return self._disks[side].place / "state"

    def spawn_at_point(self, side, steps, environment=None):
        """With the kill point preloaded, before what `environment` preloads: it may die before it ever answers."""
        environment = dict(environment or {})
        environment["LD_PRELOAD"] = " ".join([str(paths.KILL_POINT), environment.get("LD_PRELOAD", "")])
        environment["SLUICE_KILL_POINT"] = steps
        if self._disks[side].cuts:
            environment["SLUICE_KILL_CUT"] = str(self._disks[side].place)
        self.spawn(side, environment)

    def wait_until_up_or_dead(self, side):
        def known():
            with contextlib.suppress(Failure, ValueError):
                return bool(self.status(side))
            return self.has_died(side)
        self.wait_until(known, f"{side} answers or has been killed", watched=())

    def has_died(self, side):
        return self._processes[side].poll() is not None

    def wait_until_killed(self, side, what):
        """By its kill point, and by nothing else."""
        process = self._processes[side]
        self.wait_until(lambda: self.has_died(side), f"{side} came to the point: {what}", watched={"low", "high"} - {side})
        check(process.returncode == -signal.SIGKILL, f"{side} ended with {process.returncode} and not at the point: {what}\n{self.log(side)[-4000:]}")
        del self._processes[side]
        self._disks[side].restore()

    def kill(self, sides, cut=False, flush=False):
        """At one instant. `cut`: with the power of their disks, and that first, so that nothing gets to a disk afterwards."""
        for side in sides:
            if cut:
                self._disks[side].cut(flush)
        for side in sides:
            self._processes[side].kill()
        for side in sides:
            self._processes.pop(side).wait()
        for side in sides:
            if cut:
                self._disks[side].restore()

    def running(self):
        return set(self._processes)

    def status(self, side):
        """As in Rig, without a process in between: a millisecond."""
        connection = http.client.HTTPConnection("127.0.0.1", self.low_status if side == "low" else self.high_status, timeout=10)
        try:
            with contextlib.closing(connection):
                connection.request("GET", "/status")
                return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{side} does not answer: {error}") from error

    def work_under_way(self, side):
        """What the daemon is busy with at this moment: names of activities, none if it idles."""
        status = self.status(side)
        if side == "low":
            found = {"poll": any(source["state"] == "polling" for source in status["sources"]), "pass": status["link"]["sending"] is not None}
        else:
            assembly = status["assembly"]
            found = {"assembly": assembly["blobs"] > 0 or assembly["queued_bytes"] > 0, "commit": status["commit"]["queued_blobs"] > 0,
                     "shipment": any(stream["open"] > 0 for stream in status["streams"])}
        return {activity for activity, busy in found.items() if busy}

    def resend_gaps(self):
        """What an operator does: carries the command that `gaps` prints to the low side. Returns whether there was one."""
        commands = [line.split("sluice-low ")[1] for line in self.run("high", "gaps").stdout.split("\n") if ": sluice-low resend" in line]
        for command in commands:
            self.run("low", *command.split())
        return bool(commands)

    def settle(self):
        """Nothing new comes any more: until everything has been sent, and no gap is left."""
        def polled():
            sources = self.status("low")["sources"]
            return all(source["state"] == "idle" and source["polls"] > 0 and not source["last_error"] and not source["problems"] for source in sources)

        def gapless():
            spool, high = self.status("low")["spool"], self.status("high")
            if spool["pending_passes"] > 0 or high["streams"][0]["highest"] < spool["last_sequence"] or high["assembly"]["queued_bytes"] > 0:
                return False  # what is missing is known when the last pass has been sent and the next heartbeat has come
            return self.published() >= spool["last_sequence"] or (self.resend_gaps() and False)

        self.wait_until(polled, "every source has been polled")
        self.wait_until(gapless, "no gap is left")
        check("no gaps" in self.run("high", "gaps").stdout, "gaps are left")

    def poll_again(self):
        """Until a poll has ended that began after this call, even if one was under way."""
        for _ in range(2):
            before = [source["polls"] + source["failures"] for source in self.status("low")["sources"]]
            self.send_signal("low", signal.SIGHUP)
            self.wait_until(lambda b=before: all(source["polls"] + source["failures"] > n for source, n in zip(self.status("low")["sources"], b)),
                            "every source has been polled again")

    def catalog(self, with_apt=False):
        return catalog.snapshot(self.serve, with_apt)

    def check_nothing_left_over(self):
        """After a stop: no staging file of any kind, whatever was killed before."""
        for side, patterns in (("low", ("fetch/*", "work/**/*.copy", "work/**/*.new", "quarantine/*.new", "spool/staging/*", "spool/blobs/**/*.new")),
                               ("high", ("staging/*", "assembling/*", "blobs/**/*.new"))):
            left = [path for pattern in patterns for path in self.state(side).glob(pattern)]
            check(not left, f"left over on the {side} side: {left[:5]}")

    def close(self):
        super().close()
        for disk in self._disks.values():
            disk.close()
