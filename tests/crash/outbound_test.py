#!/usr/bin/env python3
"""The high side opens no outbound connection: all its system calls of a run with transfers, clients, a kill and gaps are traced and looked through."""
import re
import shutil
import sys

import paths  # noqa: F401
from crash_rig import CrashRig
from poller import Poller, Watch
from releases import Releases
from rig import check, main, run

CALLS = "socket,connect,bind,listen,shutdown,sendto,sendmsg,sendmmsg,close"
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
HARMLESS = ("listening", "receiving")
BEGUN, ENDED = " <unfinished ...>", re.compile(r"^<\.\.\. \w+ resumed>")


class TracedRig(CrashRig):
    """Its high side runs under strace, which is the daemon's grandchild (-D), so that signals go to the daemon itself."""

    def __init__(self, **options):
        self._starts = 0
        super().__init__(**options)

    def command(self, side, *arguments):
        command = super().command(side, *arguments)
        if side == "high" and arguments == ("run",):
            self._starts += 1
            return ["strace", "-f", "-D", "-q", "-o", str(self.folder / f"trace-{self._starts}"), "-e", "trace=" + CALLS, *command]
        return command

    def traces(self):
        """The calls of each run of the high side."""
        return [list(calls_in(path.read_text())) for path in sorted(self.folder.glob("trace-*"))]


def calls_in(trace):
    """(name, arguments, result) of each call; one that another thread's line has cut in two is put together."""
    begun = {}
    for line in trace.split("\n"):
        thread, _, text = line.partition(" ")
        text = text.strip()
        if text.endswith(BEGUN):
            begun[thread] = text.removesuffix(BEGUN)
            continue
        if ENDED.match(text):
            text = begun.pop(thread) + ENDED.sub("", text)
        if found := CALL.match(text):
            yield found.groups()
    for text in begun.values():  # the process ended within
        name, _, arguments = text.partition("(")
        yield name, arguments, "-1"


def is_local(arguments):
    return "AF_UNIX" in arguments or "AF_LOCAL" in arguments


def look_through(calls):
    """What kinds of calls were seen; fails at one that could reach out."""
    inet = {}  # descriptor → kind, of the sockets that were made here and are not local
    seen = set()
    for call, arguments, result in calls:
        seen.add(call)
        descriptor = arguments.split(",")[0]
        if call == "socket" and not is_local(arguments):
            check(re.search(r"AF_INET6?, SOCK_(STREAM|DGRAM)", arguments), f"a socket of another kind: {arguments}")
            inet[result] = "stream" if "SOCK_STREAM" in arguments else "datagram"
        elif call == "close":
            check(inet.pop(descriptor, "receiving") in HARMLESS, f"a socket that could have sent was closed: {descriptor}")
        elif call == "connect":
            check(is_local(arguments), f"an outbound connection: connect({arguments})")
        elif call == "listen":
            check(inet.get(descriptor) == "stream", f"listens on {arguments}")
            inet[descriptor] = "listening"
        elif call == "shutdown" and "SHUT_WR" in arguments and inet.get(descriptor) == "datagram":
            inet[descriptor] = "receiving"
        elif call in ("sendto", "sendmsg", "sendmmsg"):
            check(int(result) < 0 or not re.search(r"sin6?_addr|sa_family=AF_INET", arguments), f"sends to an address: {call}({arguments})")
            check(inet.get(descriptor) not in ("datagram", "receiving") or int(result) < 0, f"sends on the link's socket: {call}({arguments})")
    left = {descriptor: kind for descriptor, kind in inet.items() if kind not in HARMLESS}
    check(not left, f"sockets that neither listen nor only receive: {left}")
    return seen


def the_high_side_connects_to_nobody():
    with Releases(seed=1) as releases, TracedRig(loss=100, spool={"passes": ["0s", "1s"]}) as rig:
        rig.configure("low", releases.sources())
        rig.configure("high")
        watch = Watch()
        rig.start("high")
        rig.start("low")
        with Poller(rig.serve, releases, watch) as poller:
            for _ in range(2):
                rig.settle()
                releases.release()
                rig.poll_again()
                watch.down()
                rig.kill(["high"])
                rig.start("high")
                watch.up()
            rig.settle()
            done = poller.sweeps
            rig.wait_until(lambda: poller.sweeps > done + 1, "a client has read everything")
            poller.assert_well()
        rig.stop("high")
        check(len(rig.traces()) == 3, "there are not three runs")
        for calls in rig.traces():
            seen = look_through(calls)
            check({"socket", "bind", "listen", "shutdown", "sendto"} <= seen, f"the trace shows only {seen}")


def the_check_sees_what_it_is_there_to_see():
    bad = [("connect", '7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16', "0")], \
          [("socket", "AF_INET, SOCK_DGRAM, IPPROTO_UDP", "5"), ("sendto", '5, "x", 1, 0, NULL, 0', "1")], \
          [("socket", "AF_INET, SOCK_STREAM, IPPROTO_TCP", "5")], \
          [("socket", "AF_NETLINK, SOCK_RAW, NETLINK_ROUTE", "5")]
    for calls in bad:
        try:
            look_through(calls)
        except AssertionError:
            continue
        check(False, f"nothing was found wrong with {calls}")
    look_through([("connect", '3, {sa_family=AF_UNIX, sun_path="/run/systemd/notify"}, 22', "0")])


if __name__ == "__main__":
    if not shutil.which("strace") or run("strace", "-o", "/dev/null", "true", ok=False).returncode != 0:
        print("skipped: strace is missing, or may not trace here")
        sys.exit(77)
    main([the_high_side_connects_to_nobody, the_check_sees_what_it_is_there_to_see])
