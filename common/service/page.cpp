#include "common/service/page.h"

namespace sluice::service {
namespace {

// Shows whatever /status holds: values as a list, objects as sections, lists of objects as tables.
// Every text is set as text, never as HTML: names in it come from outside.
constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PROGRAM</title>
<style>
:root { color-scheme: light dark; --line: #c8ccd0; --soft: #5a6067; --bad: #b3261e; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --line: #44484d; --soft: #a4abb3; --bad: #ff8a80; --warn: #ffca66; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem 1.5rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .25rem 1.2rem .25rem 0;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
#events { font: 13px/1.5 ui-monospace, monospace; max-height: 28rem; overflow-y: auto;
  border: 1px solid var(--line); padding: .5rem; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.error { color: var(--bad); } .warning { color: var(--warn); } .debug { color: var(--soft); }
nav a { margin-right: 1rem; }
</style>
</head>
<body>
<header><h1>PROGRAM</h1><span id="state" role="status" aria-live="polite">loading</span></header>
<nav aria-label="Other formats"><a href="status">status</a><a href="events">events</a><a
href="metrics">metrics</a><a href="healthz">health</a></nav>
<main>
<div id="status"></div>
<h2 id="events-title">Events</h2>
<pre id="events" role="log" tabindex="0" aria-labelledby="events-title"></pre>
</main>
<noscript>This page needs JavaScript; the links above do not.</noscript>
<script>
"use strict";
const make = (tag, text, parent) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
};
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const label = (key) => key.replaceAll("_", " ");
const plain = (value) => Array.isArray(value) ? value.map(plain).join(", ")
  : isObject(value) ? Object.entries(value).map(([k, v]) => label(k) + " " + plain(v)).join(", ")
  : value === null ? "–" : String(value);
function showList(rows, parent) {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = make("table", undefined, make("div", undefined, parent));
  table.parentElement.className = "wide";
  const head = make("tr", undefined, make("thead", undefined, table));
  for (const key of keys) make("th", label(key), head).scope = "col";
  const body = make("tbody", undefined, table);
  for (const row of rows) {
    const line = make("tr", undefined, body);
    for (const key of keys) make("td", row[key] === undefined ? "" : plain(row[key]), line);
  }
}
function showObject(object, parent, title) {
  const inner = ([, v]) => isObject(v) || (Array.isArray(v) && v.length > 0 && v.every(isObject));
  const entries = Object.entries(object);
  if (title) make("h2", title, parent);
  const body = make("tbody", undefined, make("table", undefined, parent));
  for (const [key, value] of entries.filter((entry) => !inner(entry))) {
    const line = make("tr", undefined, body);
    make("th", label(key), line).scope = "row";
    make("td", plain(value), line);
  }
  for (const [key, value] of entries.filter(inner)) {
    const name = (title ? title + ", " : "") + label(key);
    if (isObject(value)) showObject(value, parent, name);
    else { make("h2", name, parent); showList(value, parent); }
  }
}
const state = document.getElementById("state");
async function refresh() {
  try {
    const answer = await fetch("status", { cache: "no-store" });
    if (!answer.ok) throw new Error("status " + answer.status);
    const fresh = document.createElement("div");
    showObject(await answer.json(), fresh, "");
    document.getElementById("status").replaceChildren(...fresh.childNodes);
    const health = await fetch("healthz", { cache: "no-store" });
    state.textContent = health.ok ? "well" : (await health.text()).trim();
    state.className = health.ok ? "" : "error";
  } catch (failure) {
    state.textContent = "does not answer: " + failure.message;
    state.className = "error";
  }
  setTimeout(refresh, 2000);
}
const list = document.getElementById("events");
new EventSource("events?last=200").onmessage = (message) => {
  const event = JSON.parse(message.data);
  const fields = Object.entries(event.fields).map(([k, v]) => " " + k + "=" + v).join("");
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 20;
  make("span", event.time + " " + event.level + " " + event.event + fields + "\n", list).className = event.level;
  while (list.childElementCount > 500) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
};
refresh();
</script>
</body>
</html>
)html";

}  // namespace

std::string status_page(std::string_view program) {
  static constexpr std::string_view kPlace = "PROGRAM";
  std::string page(kPage);
  for (std::size_t at = 0; (at = page.find(kPlace, at)) != std::string::npos;
       at += program.size()) {
    page.replace(at, kPlace.size(), program);
  }
  return page;
}

}  // namespace sluice::service
