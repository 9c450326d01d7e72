// Fetches every tarball that the lock files name from the high side and holds its SHA-512 against the upstream's: the digests in the project's own lock file, and those in the
// lock files that npm wrote on the low side straight from the registry. compare-npm.js HIGH_NPM_URL CI_LOCK FRESH_LOCK LOW_WORK_FOLDER
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");

const [registry, ciLock, freshLock, lowWork] = process.argv.slice(2);

function entries(file) {
  const packages = JSON.parse(fs.readFileSync(file, "utf8")).packages || {};
  return Object.entries(packages)
    .filter(([place, entry]) => place.includes("node_modules/") && entry.integrity)
    .map(([place, entry]) => ({ name: entry.name || place.split("node_modules/").pop(), version: entry.version, integrity: entry.integrity, os: entry.os }));
}

function locksBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "cache" ? [] : locksBelow(full);
    return entry.name === "package-lock.json" ? [full] : [];
  });
}

async function main() {
  const upstream = new Map();
  const lowLocks = locksBelow(lowWork);
  if (lowLocks.length === 0) throw new Error(`no lock file below ${lowWork}`);
  for (const file of [ciLock, ...lowLocks]) for (const e of entries(file)) upstream.set(`${e.name}@${e.version}`, e.integrity);

  const wanted = new Map();
  // Optional packages for other machines stay outside.
  const forThisOne = (entry) => !entry.os || entry.os.includes(process.platform);
  for (const file of [ciLock, freshLock]) for (const e of entries(file).filter(forThisOne)) wanted.set(`${e.name}@${e.version}`, e);
  let bytes = 0;
  for (const [id, entry] of wanted) {
    const expected = upstream.get(id);
    if (!expected) throw new Error(`${id} was installed from the high side, but the upstream was never asked for it`);
    const base = entry.name.split("/").pop();
    const answer = await fetch(`${registry}/${entry.name}/-/${base}-${entry.version}.tgz`);
    if (!answer.ok) throw new Error(`${id}: the high side answers ${answer.status}`);
    const body = Buffer.from(await answer.arrayBuffer());
    const actual = "sha512-" + crypto.createHash("sha512").update(body).digest("base64");
    if (actual !== expected) throw new Error(`${id}: ${actual} from the high side, ${expected} upstream`);
    bytes += body.length;
  }
  console.log(`    ${wanted.size} tarballs, ${bytes} bytes: every SHA-512 equals the upstream's`);
  if (wanted.size < 300) throw new Error(`only ${wanted.size} packages: the project was meant to have at least 300`);
}

main().catch((error) => {
  console.error(`compare-npm.js: ${error.message}`);
  process.exit(1);
});
