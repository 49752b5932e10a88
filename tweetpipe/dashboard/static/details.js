// One item: its text, its way, its JSON.

import { get } from "./api.js";
import { byId, el, name } from "./dom.js";
import { clock, moment, seconds } from "./words.js";

/** Shows the item as known, and then as the table has it. */
export async function showItem(item, way, lookUp) {
  const dialog = byId("details");
  fill(dialog, item, way, lookUp, "Reading it from the table…");
  if (!dialog.open) dialog.showModal();
  const opened = dialog.dataset.opened = String(Number(dialog.dataset.opened ?? 0) + 1);
  try {
    const found = await get("/api/item", { author: item.Username, id: item.Id });
    if (dialog.dataset.opened === opened) fill(dialog, found.item, found.way ?? way, lookUp, "");
  } catch (error) {
    if (dialog.dataset.opened === opened) fill(dialog, item, way, lookUp, error.message);
  }
}

function fill(dialog, item, way, lookUp, note) {
  const close = el("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const theirs = el("button", { type: "button", onclick: () => { dialog.close(); lookUp(item.Username); } }, "All by this author");
  const title = el("h2", { id: "details-title", tabindex: -1, autofocus: true }, name(item.Username ?? ""));
  const focused = dialog.contains(document.activeElement) ? document.activeElement.textContent : null;
  dialog.replaceChildren(
    title,
    el("p", { class: "message whole", dir: "auto" }, item.Message ?? ""),
    el("p", { class: "note", role: "status" }, note),
    el("h3", {}, "Its way"),
    facts({ Id: item.Id, Timestamp: moment(item.Timestamp), ...ways(way) }),
    el("h3", {}, "JSON"),
    el("pre", { tabindex: 0, "aria-label": "The item as JSON" }, el("code", {}, JSON.stringify(item, null, 2))),
    el("div", { class: "buttons" }, theirs, close));
  if (focused !== null) ([theirs, close].find((one) => one.textContent === focused) ?? title).focus();
}

function ways(way) {
  if (!way) return { Stream: "not seen on its way: it landed before this dashboard looked, or between two looks" };
  return {
    Shard: way.shard ?? "not seen",
    "Sequence number": way.sequence_number ?? "not seen",
    "Stream to table": seconds(way.latency_s),
    "Seen in the table": way.landed_at ? clock(way.landed_at) : null,
  };
}

function facts(known) {
  const rows = Object.entries(known).filter(([, value]) => value);
  return el("dl", { class: "facts wide" }, rows.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, name(value)))));
}
