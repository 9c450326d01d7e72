#!/usr/bin/env python3
"""The hub's own JavaScript client lists and downloads a repository. npm fetches it from the registry that it is set to; where that cannot be had, skipped (77)."""
import hashlib
import json

from huggingface_test import FIRST, HubScene, model
from rig import Rig, check, main, run

CLIENT = """
import { listFiles, downloadFile, modelInfo, listModels, fileDownloadInfo } from '@huggingface/hub';
import { createHash } from 'node:crypto';
const [hubUrl, name] = process.argv.slice(2);
const found = {};
for await (const file of listFiles({ repo: name, recursive: true, hubUrl })) {
  if (file.type !== 'file') continue;
  const blob = await downloadFile({ repo: name, path: file.path, hubUrl });
  found[file.path] = createHash('sha256').update(Buffer.from(await blob.arrayBuffer())).digest('hex');
}
const info = await modelInfo({ name, hubUrl });
const head = await fileDownloadInfo({ repo: name, path: 'onnx/model.onnx', hubUrl });
const range = await (await downloadFile({ repo: name, path: 'onnx/model.onnx', hubUrl })).slice(10, 20).arrayBuffer();
const names = [];
for await (const model of listModels({ hubUrl, limit: 5 })) names.push(model.name);
const gone = await downloadFile({ repo: name, path: 'gone', hubUrl });
console.log(JSON.stringify({ found, id: info.name, size: head.size, range: Buffer.from(range).toString('hex'), names, gone }));
"""


def the_javascript_client_reads_a_repository():
    with HubScene() as hub:
        files = model(hub.dice, 300_000)
        hub.put("models/org/tiny", FIRST, files)
        with Rig(low_extra=[hub.source("org/tiny")]) as rig:
            hub.wait_until_up(rig)
            project = rig.folder / "client"
            project.mkdir()
            (project / "package.json").write_text('{"name": "client", "version": "1.0.0", "type": "module"}')
            installed = run("npm", "install", "--no-audit", "--no-fund", "@huggingface/hub", cwd=project, ok=False, timeout=300)
            if installed.returncode != 0:
                print(f"skipped: npm cannot install @huggingface/hub: {installed.stderr[-300:]}")
                raise SystemExit(77)
            (project / "client.js").write_text(CLIENT)
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            answer = json.loads(run("node", "client.js", f"http://127.0.0.1:{rig.serve}/hf", "org/tiny", cwd=project).stdout)
            check(answer["found"] == {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}, f"the client got {answer['found']}")
            check(answer["size"] == 300_000 and answer["range"] == files["onnx/model.onnx"][10:20].hex(), f"the client was told {answer}")
            check(answer["id"] == "org/tiny" and answer["names"] == ["org/tiny"] and answer["gone"] is None, f"the client was told {answer}")


if __name__ == "__main__":
    main([the_javascript_client_reads_a_repository])
