// Rows for events, and the list of the newest ones as they are stored.

import { byId, el, name, roving, setText } from "./dom.js";
import { clock, count, seconds } from "./words.js";

const SHOWN = 50;

/** A row of a list; `open` is called to show the whole event. */
export function eventRow({ title, when, extra, text }, open) {
  return el("li", { class: "event" },
    el("div", { class: "event-head" },
      el("button", { type: "button", class: "open", tabindex: -1, onclick: open },
        el("span", { class: "title" }, name(title)), el("span", { class: "when" }, when)),
      extra ? el("span", { class: "extra" }, extra) : null),
    el("p", { class: "message", dir: "auto" }, text));
}

export class Newest {
  constructor(open) {
    this.open = open;
    this.list = byId("events");
    this.refresh = roving(this.list, ".open");
    this.waiting = [];
    this.known = new Set();
    this.count = 0;
    this.paused = false;
    this.pointed = false;
    this.button = byId("pause");
    this.button.addEventListener("click", () => this.toggle());
    this.list.addEventListener("pointerenter", (event) => { this.pointed = event.pointerType === "mouse"; });
    this.list.addEventListener("pointerleave", () => { this.pointed = false; this.flush(); });
    this.list.addEventListener("focusout", () => setTimeout(() => this.flush()));
    document.addEventListener("visibilitychange", () => this.flush());
    for (const dialog of document.querySelectorAll("dialog")) dialog.addEventListener("close", () => this.flush());
  }

  /** Adds events, newest first; leaves out those already known. */
  add(landed) {
    const fresh = landed.filter((event) => !this.known.has(key(event)));
    this.waiting = [...fresh, ...this.waiting].slice(0, SHOWN);
    this.count += fresh.length;
    this.known = new Set([...landed.map(key), ...this.known].slice(0, 4 * SHOWN));
    this.flush();
  }

  clear() {
    this.waiting = [];
    this.known.clear();
    this.count = 0;
    this.list.replaceChildren();
  }

  toggle() {
    this.paused = !this.paused;
    setText(this.button, this.paused ? "Resume" : "Pause");
    this.flush();
  }

  holds() {
    if (this.paused) return "Paused";
    if (document.querySelector("dialog[open]")) return "Paused while a dialog is open";
    if (this.list.contains(document.activeElement)) return "Paused while the list has the focus";
    return this.pointed ? "Paused under the pointer" : "";
  }

  flush() {
    const held = this.holds();
    const waits = this.count ? `${count(this.count)} new` : "";
    setText(byId("newest-note"), [held, held && waits].filter(Boolean).join(": "));
    if (held || document.hidden || !this.waiting.length) return;
    this.list.prepend(...this.waiting.map((event) => this.row(event)));
    this.waiting = [];
    this.count = 0;
    while (this.list.children.length > SHOWN) this.list.lastChild.remove();
    byId("newest-empty").hidden = true;
    this.refresh();
  }

  row(event) {
    const late = event.latency_s === null ? null : `stored in ${seconds(event.latency_s)}`;
    const row = { title: event.title, when: clock(event.landed_at), extra: late, text: event.text };
    return eventRow(row, () => this.open(event, event));
  }
}

export const itemRow = (item, open) =>
  eventRow({ title: item.key[1], when: item.time, text: item.text }, open);

const key = (event) => JSON.stringify([...event.key, event.landed_at]);
