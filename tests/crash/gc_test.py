#!/usr/bin/env python3
"""Kills the high side at named points of a garbage collection, on a file system that loses what was not synced at that moment, while clients publish and pull: what is
shown, what a snapshot holds and what a publisher was told stay whole, and the next collection frees what that one promised."""
import http.client
import os
import sys
import threading

import paths  # noqa: F401
from crash_rig import CrashRig
from disk import Unavailable
from points import BLOB, LOG, Point, steps
from publish_test import put, request, token
from rig import check, main
from scrub_test import stored_file

RETIRED = f"after write {LOG} 1 catalog.oldest"
LET_GO = steps(RETIRED, f"after write {LOG} 1 blob-unsettled/")
POINTS = [
    Point("editions_not_retired", "high", f"before write {LOG} 1 catalog.oldest", "a collection that begins; the mark of the oldest edition that stays"),
    Point("editions_retired", "high", steps(RETIRED, f"after fdatasync {LOG}"), "the mark on disk; the index entries of old editions"),
    Point("blob_not_let_go", "high", LET_GO, "the batch that lets go of a blob in the log; the log on disk"),
    Point("blob_let_go", "high", steps(LET_GO, f"after fdatasync {LOG}"), "no index entry of the blob on disk; its file"),
    Point("file_there", "high", steps(RETIRED, f"before unlink {BLOB}"), "the entry gone; the file removed"),
    Point("file_removed", "high", steps(RETIRED, f"after unlink {BLOB}"), "the file removed; its folder synced"),
    Point("folder_synced", "high", steps(RETIRED, f"after unlink {BLOB}", "after fsync */blobs/??/??"), "one blob gone for good; the next"),
    Point("third_removed", "high", steps(RETIRED, f"after unlink {BLOB} 3"), "three blobs gone; the others"),
]
BIG = 300_000  # a file of its own
VERSIONS, NAMED = 7, 3
SETTINGS = [("publish", {"namespaces": ["files:internal/*"]}), ("catalog", {"keep_editions_for": "1s", "gc_every": "0s"})]


class Busy:
    """A client that publishes and pulls until the server is gone."""

    def __init__(self, rig):
        self._rig = rig
        self.history = []  # (content, whether it was told to be published)
        self.wrong = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        while True:
            content = os.urandom(BIG)
            try:
                self.history.append((content, False))
                told = put(self._rig, "/files/internal/busy", content)
                if told not in (200, 201):
                    self.wrong.append((len(self.history), told))
                    continue
                self.history[-1] = (content, True)
                code, _, shown = request(self._rig, "GET", "/files/internal/busy")
            except (OSError, http.client.HTTPException):
                return
            if code != 200 or shown != content:
                self.wrong.append((len(self.history), code))

    def wait(self):
        self._thread.join()

    def possible(self):
        """What may be shown: the last that was told, or one of which nothing was heard."""
        last = max((at for at, (_, told) in enumerate(self.history) if told), default=None)
        return [content for content, _ in self.history[last or 0:]], last is None


def die_and_collect(point):
    with CrashRig(power=True) as rig:
        rig.configure("high", SETTINGS)
        rig.start("high")
        rig.tokens = {"publisher": token(rig, "publisher", "--role", "publisher", "--namespace", "files:internal/*")}
        versions = [os.urandom(BIG) for _ in range(VERSIONS)]
        for number, version in enumerate(versions):
            check(put(rig, "/files/internal/big", version) in (200, 201), "it was not published")
            if number == NAMED:
                rig.run("high", "snapshot", "create", "kept")
        rig.stop("high")
        rig.spawn_at_point("high", point.steps)
        rig.wait_until_up_or_dead("high")
        busy = Busy(rig)
        # What is old enough to go is told by the clock: until then a collection finds nothing.
        rig.wait_until(lambda: (rig.run("high", "gc", ok=False), rig.has_died("high"))[1], f"a collection comes to the point: {point.between}", watched=())
        rig.wait_until_killed("high", point.between)
        busy.wait()
        # The disk is gone a moment before the process is: in that moment as many are refused as the client asks for, and none is taken.
        refused_from = min((at for at, _ in busy.wrong), default=len(busy.history))
        taken_after = any(told for _, told in busy.history[refused_from:])
        check(all(code >= 500 for _, code in busy.wrong) and not taken_after, f"before the kill, wrong answers to publications {busy.wrong}")
        rig.start("high")
        held = {"/files/internal/big": [versions[-1]], "/snapshot/kept/files/internal/big": [versions[NAMED]]}
        contents, may_lack = busy.possible()
        for path, allowed in held.items():
            code, _, shown = rig.get(path)
            check(code == 200 and shown in allowed, f"{path} answers {code} after the kill")
        code, _, shown = rig.get("/files/internal/busy")
        check(shown in contents or (may_lack and code == 404), f"what was told to be published is not there: {code}")
        # What was being published when it died may stay for a day: its record may be on its way.
        maybe = {stored_file(rig.state("high"), content) for content, told in busy.history if not told}
        needed = {stored_file(rig.state("high"), one) for one in (versions[-1], versions[NAMED], *([shown] if code == 200 else []))}

        def left():
            return {path for path in (rig.state("high") / "blobs").rglob("*") if path.is_file()}
        rig.wait_until(lambda: (rig.run("high", "gc"), left() <= needed | maybe)[1], f"all is freed but {len(needed)} files")
        check(needed <= left(), "what is needed is gone")
        check(rig.get("/files/internal/big")[2] == versions[-1], "what is shown is gone")
        check(rig.get("/snapshot/kept/files/internal/big")[2] == versions[NAMED], "what a snapshot holds is gone")
        rig.run("high", "scrub")
        check(rig.status("high")["gaps"] == 0, "there are gaps")
        rig.stop("high")


def case(point):
    def test():
        die_and_collect(point)
    test.__name__ = point.name
    return test


if __name__ == "__main__":
    try:
        CrashRig(power=True).close()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    main([case(point) for point in POINTS])
