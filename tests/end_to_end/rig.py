"""Both daemons and what stands around them, for end-to-end tests: keys, configuration, namespaces, waiting for conditions.

Everything lives in one temporary folder and dies with the Rig. Nothing here waits for a time: wait_until() polls a condition and fails loudly, with
both logs, when it does not come true within a generous limit.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

LIMIT_SECONDS = float(os.environ.get("SLUICE_TEST_LIMIT", "300"))  # nothing here takes a tenth of it on an idle machine

BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build/release"))
LOW = BUILD / "lowside/daemon/sluice-low"
HIGH = BUILD / "highside/daemon/sluice-high"


class Failure(AssertionError):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def run(*command, ok=True, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if ok and done.returncode != 0:
        raise Failure(f"{' '.join(str(p) for p in command)} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return str(value) if isinstance(value, int) else json.dumps(str(value))


def toml_document(sections):
    """[("link", {...}), ("[npm]", {...})] as TOML; a name in brackets is one of a repeated section."""
    lines = []
    for name, values in sections:
        lines.append(f"[{name}]")
        lines += [f"{key} = {toml(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


class Namespaces:
    """Two network namespaces joined by a veth pair on which nothing can come back: no ARP, no ICMP, and what the high side's stack would emit is dropped and counted."""

    LOW_IP, HIGH_IP = "10.99.0.1", "10.99.0.2"

    def __init__(self, mtu=1500, loss_per_10000=0):
        tag = str(os.getpid())
        self.low, self.high = "sl" + tag, "sh" + tag
        self.low_if, self.high_if = "l" + tag, "h" + tag
        self._mtu, self._loss = mtu, loss_per_10000
        self._addresses = {}  # by namespace: interface, own address, the peer's address and MAC

    def __enter__(self):
        try:
            self._join()
        except Failure:
            self.__exit__()
            raise
        return self

    def _join(self):
        for name in (self.low, self.high):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", self.low_if, "netns", self.low, "type", "veth", "peer", "name", self.high_if, "netns", self.high)
        macs = {ns: run("ip", "-n", ns, "-br", "link", "show", dev).stdout.split()[2]
                for ns, dev in ((self.low, self.low_if), (self.high, self.high_if))}
        for ns, dev, own, peer, peer_mac in ((self.low, self.low_if, self.LOW_IP, self.HIGH_IP, macs[self.high]),
                                             (self.high, self.high_if, self.HIGH_IP, self.LOW_IP, macs[self.low])):
            run("ip", "-n", ns, "link", "set", "lo", "up")
            run("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
            run("ip", "-n", ns, "link", "set", dev, "mtu", str(self._mtu), "arp", "off")
            self._addresses[ns] = (dev, own, peer, peer_mac)
            self.connect(ns)
            # One datagram is one packet, as on a wire: a drop takes a datagram, not a whole GSO batch.
            run("ip", "netns", "exec", ns, "ethtool", "-K", dev, "tx-udp-segmentation", "off", "tso", "off", "gso", "off", ok=False)
        self._rules(self.high, 'table inet diode { chain out { type filter hook output priority 0; policy drop; oifname "lo" accept; counter; } }')
        self._rules(self.low, f'table netdev diode {{ chain in {{ type filter hook ingress device "{self.low_if}" priority 0; policy drop; counter; }} }}')
        if self._loss:
            self._rules(self.high, f'table ip lossy {{ chain pre {{ type filter hook prerouting priority -300; iifname "{self.high_if}" '
                                   f'numgen random mod 10000 < {self._loss} counter drop; }} }}')

    def connect(self, ns):
        """Brings the interface up, with its address and its neighbour, which go when it goes down."""
        dev, own, peer, peer_mac = self._addresses[ns]
        run("ip", "-n", ns, "link", "set", dev, "up")
        run("ip", "-n", ns, "addr", "replace", own + "/24", "dev", dev)
        run("ip", "-n", ns, "neigh", "replace", peer, "lladdr", peer_mac, "dev", dev, "nud", "permanent")

    def disconnect(self, ns):
        """Takes the interface down, and its address away."""
        dev, own, _, _ = self._addresses[ns]
        run("ip", "-n", ns, "addr", "del", own + "/24", "dev", dev)
        run("ip", "-n", ns, "link", "set", dev, "down")

    @staticmethod
    def _rules(ns, text):
        # nft wants each closing brace on a line of its own.
        run("ip", "netns", "exec", ns, "nft", "-f", "-", input=text.replace("}", "\n}"))

    def high_sent_packets(self):
        return int(run("ip", "netns", "exec", self.high, "cat", f"/sys/class/net/{self.high_if}/statistics/tx_packets").stdout)

    def low_received_packets(self):
        return int(run("ip", "netns", "exec", self.low, "cat", f"/sys/class/net/{self.low_if}/statistics/rx_packets").stdout)

    def high_tried_to_send(self):
        text = run("ip", "netns", "exec", self.high, "nft", "list", "table", "inet", "diode").stdout
        return int(text.split("counter packets ")[1].split()[0])

    def lost(self):
        text = run("ip", "netns", "exec", self.high, "nft", "list", "table", "ip", "lossy").stdout
        return int(text.split("counter packets ")[1].split()[0])

    def __exit__(self, *_):
        for name in (self.low, self.high):
            run("ip", "netns", "del", name, ok=False)


class Rig:
    """A low and a high side in one folder. A relay on the low side duplicates and reorders `impair` of 10000 datagrams each, and loses `loss` of them."""

    def __init__(self, namespaces=None, impair=0, loss=0, low_extra=(), high_extra=(), rate="300Mbit/s", mtu=1500, link=None, spool=None, high_state=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-rig-"))
        self.namespaces = namespaces
        self._processes = {}
        self.low_status, self.high_status, self.serve = free_port(), free_port(), free_port()
        self.link_port = free_port(socket.SOCK_DGRAM)
        host = Namespaces.HIGH_IP if namespaces else "127.0.0.1"
        self.link_address = f"{host}:{self.link_port}"
        self._relay, relay_port = None, free_port(socket.SOCK_DGRAM)
        relayed = impair > 0 or loss > 0
        if relayed:
            prefix = ["ip", "netns", "exec", namespaces.low] if namespaces else []
            self._relay = subprocess.Popen(prefix + [sys.executable, str(pathlib.Path(__file__).parent / "impair.py"), str(relay_port), self.link_address,
                                                     str(impair), "1", str(loss)], stdout=subprocess.PIPE, text=True)
        for side, program in (("low", LOW), ("high", HIGH)):
            run(program, "init", self.folder / side)
        self._low_base = [
            ("daemon", {"stream": "rig", "state": self.folder / "low/state"}),
            ("status", {"listen": f"127.0.0.1:{self.low_status}"}),
            ("keys", {"signing": self.folder / "low/signing.key", "receivers": [self.folder / "high/opening.pub"]}),
            ("link", {"destination": [f"127.0.0.1:{relay_port}" if relayed else self.link_address], "rate": rate, "mtu": mtu, **(link or {})}),
            ("spool", {"passes": ["0s"], **(spool or {})}),
        ]
        self._high_base = [
            ("daemon", {"state": high_state or self.folder / "high/state"}),
            ("status", {"listen": f"127.0.0.1:{self.high_status}"}),
            ("keys", {"opening": self.folder / "high/opening.key"}),
            ("link", {"listen": [self.link_address]}),
            ("serve", {"listen": [f"127.0.0.1:{self.serve}"]}),
            ("[stream]", {"name": "rig", "key": self.folder / "low/signing.pub"}),
        ]
        self.configure("low", low_extra)
        self.configure("high", high_extra)

    def configure(self, side, extra=(), override=None):
        """Writes the side's configuration: the base, with single values replaced by `override` {section: {key: value}}, then `extra` sections."""
        sections = [(name, {**values, **(override or {}).get(name, {})}) for name, values in (self._low_base if side == "low" else self._high_base)]
        (self.folder / f"{side}.toml").write_text(toml_document(sections + list(extra)))

    def command(self, side, *arguments):
        program = LOW if side == "low" else HIGH
        prefix = ["ip", "netns", "exec", getattr(self.namespaces, side)] if self.namespaces else []
        return prefix + [str(program), *(str(a) for a in arguments), "--config", str(self.folder / f"{side}.toml")]

    def run(self, side, *arguments, ok=True):
        return run(*self.command(side, *arguments), ok=ok)

    def log_path(self, side):
        return self.folder / f"{side}.log"

    def log(self, side):
        return self.log_path(side).read_text(errors="replace") if self.log_path(side).exists() else ""

    def start(self, side, environment=None, limits=()):
        """`limits`: a command that sets limits and then runs what follows it, such as ["prlimit", "--nofile=100"]."""
        self.spawn(side, environment, limits)
        self.wait_until(lambda: self.healthy(side), f"{side} answers its status address")

    def spawn(self, side, environment=None, limits=()):
        """Starts it and does not wait until it answers."""
        check(side not in self._processes, f"{side} runs already")
        with open(self.log_path(side), "ab") as log:
            self._processes[side] = subprocess.Popen([*limits, *self.command(side, "run")], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                                     env={**os.environ, **(environment or {})})

    def healthy(self, side):
        if self._processes[side].poll() is not None:
            raise Failure(f"{side} ended with {self._processes[side].returncode}:\n{self.log(side)[-4000:]}")
        with contextlib.suppress(Failure, ValueError):
            return bool(self.status(side))
        return False

    def send_signal(self, side, number):
        """To the daemon itself, not to `ip netns exec` (which execs, so they are the same process)."""
        self._processes[side].send_signal(number)

    def stop(self, side, number=signal.SIGTERM):
        process = self._processes.pop(side)
        process.send_signal(number)
        code = process.wait(timeout=LIMIT_SECONDS)
        if number == signal.SIGTERM:
            check(code == 0, f"{side} exited {code} when asked to stop:\n{self.log(side)[-4000:]}")

    def pid(self, side):
        return self._processes[side].pid

    def running(self, side):
        return self._processes[side].poll() is None

    def wait_until_ended(self, side):
        """The exit code of a side that ends by itself."""
        try:
            code = self._processes[side].wait(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{side} did not end:\n{self.log(side)[-4000:]}") from error
        del self._processes[side]
        return code

    def http(self, port, path, side="high", headers=None, method="GET"):
        """(status, headers, body) of a request made inside the side's namespace."""
        command = ["ip", "netns", "exec", getattr(self.namespaces, side)] if self.namespaces else []
        command += ["curl", "-s", "-S", "--path-as-is", *(["--head"] if method == "HEAD" else ["-X", method]), "-D", "-", "-o", str(self.folder / "body"), "--max-time", "60"]
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        (self.folder / "body").unlink(missing_ok=True)
        done = run(*command, f"http://127.0.0.1:{port}{path}")
        lines = done.stdout.replace("\r", "").strip().split("\n")
        got = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:] if ":" in line}
        body = (self.folder / "body").read_bytes() if (self.folder / "body").exists() else b""
        return int(lines[0].split()[1]), got, body

    def get(self, path, **options):
        return self.http(self.serve, path, **options)

    def status(self, side):
        code, _, body = self.http(self.low_status if side == "low" else self.high_status, "/status", side=side)
        check(code == 200, f"{side} /status answered {code}")
        return json.loads(body)

    def metric(self, side, name):
        """The value of a metric, labels included in the name as /metrics prints them; 0 where it is not there."""
        _, _, body = self.http(self.low_status if side == "low" else self.high_status, "/metrics", side=side)
        for line in body.decode().split("\n"):
            if line.rpartition(" ")[0] == name:
                return int(float(line.rpartition(" ")[2]))
        return 0

    def wait_until(self, condition, what, watched=("low", "high")):
        """Fails at once when a side of `watched` ends meanwhile."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            for side, process in self._processes.items():
                if side in watched and process.poll() is not None:
                    raise Failure(f"while waiting until {what}: {side} ended with {process.returncode}\n{self.log(side)[-6000:]}")
            time.sleep(0.05)
        raise Failure(f"not so within {LIMIT_SECONDS} s: {what}\n--- low\n{self.log('low')[-6000:]}\n--- high\n{self.log('high')[-6000:]}")

    def wait_for_event(self, side, text):
        self.wait_until(lambda: text in self.log(side), f"{side} logs '{text}'")

    def wait_until_listening(self):
        """What is sent before the session's announce, which comes once a second, is lost."""
        self.wait_until(lambda: any(s["alive"] for s in self.status("high")["streams"]), "the high side hears the stream")

    def wait_until_published(self, sequence):
        self.wait_until(lambda: self.published() >= sequence, f"shipment {sequence} is published")

    def published(self):
        return next((s["published_through"] for s in self.status("high")["streams"] if s["name"] == "rig"), 0)

    def wait_until_crossed(self):
        """Every source has been polled, everything is sent, and the high side shows it."""
        def crossed():
            low = self.status("low")
            if not all(source["polls"] > 0 for source in low["sources"]) or low["spool"]["pending_passes"] > 0:
                return False
            return self.published() >= low["spool"]["last_sequence"]
        self.wait_until(crossed, "everything has crossed")

    def relay_counts(self):
        """Stops the relay; what it did."""
        self._relay.terminate()
        return json.loads(self._relay.communicate()[0])

    def close(self):
        if self._relay and self._relay.poll() is None:
            self._relay.kill()
            self._relay.wait()
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._processes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for side in ("low", "high"):
                print(f"--- {side} log\n{self.log(side)[-8000:]}", file=sys.stderr)
        self.close()


def main(tests):
    """Runs the named test functions of a script; prints a line for each and exits 1 if one fails."""
    wanted = sys.argv[1:]
    failed = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        started = time.monotonic()
        try:
            test()
            print(f"ok    {test.__name__}  {time.monotonic() - started:.1f} s", flush=True)
        except Exception as error:  # a test's failure is reported, then the next one runs
            failed += 1
            print(f"FAIL  {test.__name__}: {error}", flush=True)
    sys.exit(1 if failed else 0)
