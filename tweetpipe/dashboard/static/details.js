// One item: its text, its path through the pipeline, its JSON.

import { get } from "./api.js";
import { byId, el, name } from "./dom.js";
import { clock, seconds } from "./words.js";

/** Shows the item as the page knows it, then as the table has it. */
export async function showItem(item, way, lookUp) {
  const dialog = byId("details");
  fill(dialog, item, way, lookUp, "Reading the item from the table…");
  if (!dialog.open) dialog.showModal();
  const opened = dialog.dataset.opened = String(Number(dialog.dataset.opened ?? 0) + 1);
  try {
    const found = await get("/api/item", { partition: item.key[0], sort: item.key[1] });
    if (dialog.dataset.opened === opened) fill(dialog, found.item, found.way ?? way, lookUp, "");
  } catch (error) {
    if (dialog.dataset.opened === opened) fill(dialog, item, way, lookUp, error.message);
  }
}

function fill(dialog, item, way, lookUp, note) {
  const close = el("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const theirs = el("button", { type: "button", onclick: () => { dialog.close(); lookUp(item.key[0]); } }, `All items of this ${byId("partition-name").textContent}`);
  const title = el("h2", { id: "details-title", tabindex: -1, autofocus: true }, name(item.title));
  const focused = dialog.contains(document.activeElement) ? document.activeElement.textContent : null;
  dialog.replaceChildren(
    title,
    el("p", { class: "message whole", dir: "auto" }, item.text),
    el("p", { class: "note", role: "status" }, note),
    el("h3", {}, "Path"),
    facts({ Key: item.key.join(" · "), Time: item.time, ...ways(way) }),
    el("h3", {}, "JSON"),
    el("pre", { tabindex: 0, "aria-label": "The item as JSON" }, el("code", {}, JSON.stringify(item.attributes ?? item, null, 2))),
    el("div", { class: "buttons" }, theirs, close));
  if (focused !== null) ([theirs, close].find((one) => one.textContent === focused) ?? title).focus();
}

function ways(way) {
  if (!way) return { Stream: "not seen: the event was stored before this dashboard started, or between two samples" };
  return {
    Shard: way.shard ?? "not seen",
    "Sequence number": way.sequence_number ?? "not seen",
    "Stream to table": seconds(way.latency_s),
    "Found in the table": way.landed_at ? clock(way.landed_at) : null,
  };
}

function facts(known) {
  const rows = Object.entries(known).filter(([, value]) => value);
  return el("dl", { class: "facts wide" }, rows.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, name(value)))));
}
