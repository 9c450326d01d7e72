#!/usr/bin/env python3
"""Upstreams that cannot be trusted or reached: each is named with its reason, the others cross, and it is taken when it is right.

What a single transfer meets (a body that stalls, ends early or never, redirects in a circle) has its tests in tests/unit/lowside/fetch.
"""
import contextlib
import functools
import hashlib
import http.server
import os
import ssl
import threading

from faults import Faults, check, check_alert, events, healthy, main, pair, poll_again
from rig import Rig, run
from scene import Scene, check_apt

CONTENT = {name: os.urandom(50_000) for name in ("good", "untrusted", "other-name", "expired")}


def certificate(folder, name, host, environment=None):
    """A certificate that signs itself, for a month from now, or from what the environment makes of now."""
    key, file = folder / f"{name}.key", folder / f"{name}.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", file, "-days", "30",
        "-subj", f"/CN={host}", "-addext", f"subjectAltName={host}", env={**os.environ, **(environment or {})})
    return file, key


@contextlib.contextmanager
def tls_server(folder, file, key):
    handler = functools.partial(QuietHandler, directory=str(folder))
    with QuietServer(("127.0.0.1", 0), handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file, key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):  # clients that hang up are what the test is about
        pass


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def servers_that_cannot_be_trusted_or_found():
    with Scene() as scene, contextlib.ExitStack() as servers:
        folder = scene.folder
        past = Faults(folder)
        past.set(f"clock - offset={-400 * 86400}")
        made = {"good": certificate(folder, "good", "IP:127.0.0.1"), "untrusted": certificate(folder, "untrusted", "IP:127.0.0.1"),
                "other-name": certificate(folder, "other-name", "DNS:elsewhere.example"),
                "expired": certificate(folder, "expired", "IP:127.0.0.1", past.environment)}
        trusted = folder / "trusted.pem"
        trusted.write_text("".join(file.read_text() for name, (file, _) in made.items() if name != "untrusted"))
        lines = ["0" * 64 + "  http://no-such-host.invalid/lost  lost\n"]
        for name, (file, key) in made.items():
            (folder / "static" / name).write_bytes(CONTENT[name])
            port = servers.enter_context(tls_server(folder, file, key))
            lines.append(f"{hashlib.sha256(CONTENT[name]).hexdigest()}  https://127.0.0.1:{port}/static/{name}  {name}\n")
        (folder / "list").write_text("".join(lines))
        source = ("[files]", {"name": "list", "collection": "list", "list": folder / "list", "interval": "1h"})
        # The first of them wins, as with curl; and no proxy of this machine is asked.
        environment = {"CURL_CA_BUNDLE": str(trusted), "SSL_CERT_FILE": str(trusted), "no_proxy": "*"}
        with Rig(low_extra=[source, ("fetch", {"attempts": 1})]) as rig:
            rig.start("high")
            rig.start("low", environment)
            rig.wait_until_crossed()
            check(rig.get("/files/list/good")[2] == CONTENT["good"], "what can be trusted did not cross")
            for name, reason in (("untrusted", "self-signed certificate"), ("other-name", "no alternative certificate subject name"),
                                 ("expired", "certificate has expired"), ("lost", "resolve host")):
                check(any(reason in line for line in events(rig, "low", "poll.problem", name)), f"{name}: no problem says '{reason}':\n{rig.log('low')}")
                check(any(name in problem for problem in rig.status("low")["sources"][0]["problems"]), f"the status does not name {name}")
                check(rig.get(f"/files/list/{name}")[0] == 404, f"{name} crossed")
            check(rig.metric("low", 'sluice_fetch_failures_total{reason="transport"}') >= 4, "not all were counted")
            rig.stop("low")
            trusted.write_text("".join(file.read_text() for file, _ in made.values()))
            rig.start("low", environment)
            rig.wait_until(lambda: rig.get("/files/list/untrusted")[2] == CONTENT["untrusted"], "it crosses once it is trusted")


def upstream_is_down_for_long():
    """Each poll fails, the third alarms; what is mirrored stays, and the first good answer ends it."""
    with pair(("apt",), low=[("fetch", {"attempts": 1})]) as (rig, scene):
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        scene.fault(rig, "/", "status-503")
        polls = 0
        while healthy(rig, "low"):
            poll_again(rig)
            polls += 1
            check(polls < 10, "/healthz does not alarm")
        check(polls >= 3, "it alarms at once")
        check_alert(rig, "low", "poll.failed", "503", "source=debian")
        check(rig.status("low")["sources"][0]["last_error"], "the status does not show it")
        check(rig.metric("low", 'sluice_fetch_failures_total{reason="http"}') > 0, "it was not counted")
        check_apt(rig, scene)
        scene.fault(rig, "/", "none")
        poll_again(rig)
        check(healthy(rig, "low"), "it alarms on")
        check_apt(rig, scene)


if __name__ == "__main__":
    main([servers_that_cannot_be_trusted_or_found, upstream_is_down_for_long])
