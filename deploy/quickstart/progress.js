// Prints one line on how far the two sides are: "done …", "failed …" or what is going on. progress.js LOW_STATUS_URL HIGH_STATUS_URL
const [lowUrl, highUrl] = process.argv.slice(2);

async function status(url) {
  return (await fetch(url)).json();
}

function describe(low, high) {
  const failed = low.sources.find((s) => s.last_error && s.polls === 0);
  if (failed) return `failed ${failed.name}: ${failed.last_error}`;
  const polling = low.sources.filter((s) => s.polls === 0 || s.state === "polling");
  const published = (high.streams[0] || {}).published_through || 0;
  if (polling.length === 0 && published >= low.spool.last_sequence) {
    const problems = low.sources.flatMap((s) => s.problems);
    if (problems.length) return `failed ${problems[0]}`;
    return `done all ${published} shipments are visible, edition ${high.catalog.edition}`;
  }
  const parts = polling.map((s) => `${s.name}: ${s.stage || "waiting"}${s.total ? ` ${s.done}/${s.total}` : ""}`);
  const sending = low.link.sending;
  if (sending) parts.push(`sending shipment ${sending.sequence}: ${sending.bytes_done} of ${sending.bytes_total} bytes`);
  parts.push(`published ${published}/${low.spool.last_sequence}`);
  return parts.join(", ");
}

Promise.all([status(lowUrl), status(highUrl)]).then(
  ([low, high]) => console.log(describe(low, high)),
  (error) => console.log(`waiting for the status pages (${error.message})`),
);
