#!/usr/bin/env python3
"""A Hugging Face Hub on loopback, as far as clients read one: hub.py PORT FOLDER.

FOLDER/{models,datasets}/<org>/<name>/refs/<branch> holds a commit, …/commits/<commit>/<path> its files. A file above 1 kB counts as one in LFS. As the
real hub does, it answers a download of such a file with a redirect to an address that is good for a while only.
"""
import hashlib
import http.server
import json
import pathlib
import sys
import urllib.parse

LFS_ABOVE = 1000
PAGE = 3  # entries of a tree


def git_oid(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def entry(commit, path):
    data = (commit / path).read_bytes()
    found = {"type": "file", "path": path, "size": len(data), "oid": git_oid(data)}
    if len(data) > LFS_ABOVE:
        found["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        found["xetHash"] = "0" * 64
    return found


def tree(commit):
    for place in sorted(commit.rglob("*")):
        path = str(place.relative_to(commit))
        yield {"type": "directory", "path": path, "size": 0, "oid": hashlib.sha1(path.encode()).hexdigest()} if place.is_dir() else entry(commit, path)


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body=b"", **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, value, **headers):
        self.answer(200, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        parts = [urllib.parse.unquote(part) for part in url.path.strip("/").split("/")]
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            self.route(parts, query)
        except (FileNotFoundError, IndexError, IsADirectoryError):
            self.answer(404, b'{"error":"not found"}', X_Error_Code="RepoNotFound")

    def route(self, parts, query):
        root = self.server.root
        if parts[0] == "cdn":
            return self.answer(200, root.joinpath(*parts[1:]).read_bytes(), ETag='"cdn"')
        if parts[0] != "api":
            kind = "models" if parts[0] not in ("datasets", "spaces") else parts.pop(0)
            repository, commit, path = root / kind / parts[0] / parts[1], parts[3], "/".join(parts[4:])
            place = repository / "commits" / commit / path
            if place.stat().st_size > LFS_ABOVE:
                where = urllib.parse.quote(str(place.relative_to(root)))
                return self.answer(302, Location=f"http://localhost:{self.server.server_port}/cdn/{where}?signed=once")
            return self.answer(200, place.read_bytes())
        repository, verb, revision = root.joinpath(*parts[1:4]), parts[4], parts[5]
        ref = repository / "refs" / revision
        commit = ref.read_text() if ref.exists() else revision
        files = repository / "commits" / commit
        if not files.is_dir():
            raise FileNotFoundError(files)
        if verb == "revision":
            return self.json({"id": "/".join(parts[2:4]), "sha": commit, "tags": ["test"], "likes": 3, "lastModified": "2024-01-01T00:00:00.000Z"}, ETag=f'W/"{commit}"')
        first = int(query.get("cursor", 0))
        entries = list(tree(files))
        more = {}
        if first + PAGE < len(entries):
            more["Link"] = f'<http://{self.headers["Host"]}/api/{"/".join(parts[1:])}?recursive=true&cursor={first + PAGE}>; rel="next"'
        return self.json(entries[first:first + PAGE], **more)


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hub)
    server.root = pathlib.Path(sys.argv[2])
    server.serve_forever()
