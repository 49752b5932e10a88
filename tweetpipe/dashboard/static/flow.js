// The data flow: a card for each part, joined by arrows that move while records flow.

import { el, setText, svg } from "./dom.js";
import { icon, known, WORDS } from "./icons.js";
import { count, NONE, number, rate, seconds, some } from "./words.js";

const SHARDS = 6; // rows; of more shards, the busiest

const NODES = [
  { id: "source", title: "Source", unit: "records/s sent" },
  { id: "stream", title: "Kinesis stream", unit: "records/s" },
  { id: "function", title: "Function", unit: "invocations/s" },
  { id: "table", title: "EventData", unit: "items/s" },
  { id: "dead", title: "Dead letters", unit: "in the queue" },
];
const ARROWS = [["source", "stream"], ["stream", "function"], ["function", "table"], ["function", "dead"]];

export class Flow {
  constructor(root) {
    this.root = root;
    this.cards = Object.fromEntries(NODES.map((node) => [node.id, card(node)]));
    this.arrows = ARROWS.map(([from, to]) => ({ from, to, path: svg("path", { class: "arrow" }), dots: svg("path", { class: "dots" }) }));
    this.lines = svg("svg", { class: "lines", "aria-hidden": "true" },
      svg("defs", {}, svg("marker", { id: "head", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
        svg("path", { d: "M0 .8L7 4 0 7.2z", class: "head-of-arrow" }))),
      this.arrows.flatMap(({ path, dots }) => [path, dots]));
    root.append(this.lines, ...NODES.map(({ id }) => this.cards[id].node));
    new ResizeObserver(() => this.draw()).observe(root);
    for (const { node } of Object.values(this.cards)) new ResizeObserver(() => this.draw()).observe(node);
  }

  show(seen) {
    const { stream, function: func, table, dead_letters: dead } = seen;
    this.card("source", sourceHealth(stream), stream.records_per_s, { "": "producers of this stream" });
    this.card("stream", stream.health, stream.records_per_s, { name: stream.name });
    this.shards(stream.shards);
    this.card("function", func.health, func.invocations_per_s, {
      name: func.name,
      "average duration": func.duration_ms === null ? NONE : `${number(func.duration_ms)} ms`,
      "failed calls": rate(func.errors_per_s),
      "rejected records": rate(func.rejected_per_s),
      "iterator age": seconds(func.iterator_age_s),
    });
    this.card("table", table.health, table.items_per_s, {
      name: table.name,
      [seen.target === "aws" ? "items (hours old)" : "items"]: count(table.total),
    });
    this.card("dead", dead.health, dead.total, {
      rejected: dead.rejected === null ? null : count(dead.rejected),
      "retries exhausted": dead.exhausted === null ? null : count(dead.exhausted),
    });
    setText(this.cards.dead.figure, count(dead.total));
    this.move({ stream: stream.records_per_s, function: func.invocations_per_s, table: table.items_per_s, dead: 0 });
  }

  card(id, health, figure, facts) {
    const parts = this.cards[id];
    const state = known(health.state);
    if (parts.node.dataset.state !== state) {
      parts.node.dataset.state = state;
      parts.badge.replaceChildren(icon(state), WORDS[state]);
    }
    setText(parts.figure, number(figure));
    setText(parts.why, health.why);
    parts.why.hidden = !health.why;
    for (const [label, value] of Object.entries(facts)) fact(parts, label, value);
  }

  shards(shards) {
    const { list, node } = this.cards.stream;
    const busiest = [...shards].sort((a, b) => (b.records_per_s ?? 0) - (a.records_per_s ?? 0)).slice(0, SHARDS);
    const shown = shards.filter((shard) => busiest.includes(shard));
    const most = Math.max(1e-9, ...shown.map((shard) => shard.records_per_s ?? 0));
    while (list.children.length > shown.length) list.lastChild.remove();
    while (list.children.length < shown.length) list.append(shardRow());
    shown.forEach((shard, n) => {
      const [id, bar, figures] = list.children[n].children;
      setText(id, shortId(shard.id));
      id.title = shard.id;
      bar.firstChild.style.width = `${(100 * (shard.records_per_s ?? 0)) / most}%`;
      setText(figures, `${rate(shard.records_per_s)}, age ${seconds(shard.iterator_age_s)}`);
    });
    const left = shards.length - shown.length;
    setText(node.querySelector(".more"), left > 0 ? `and ${some(left, "quieter shard", "quieter shards")}` : "");
  }

  move(rates) {
    for (const { to, dots } of this.arrows) {
      const speed = rates[to] ?? 0;
      dots.classList.toggle("moving", speed > 0);
      dots.classList.toggle("fast", speed >= 50);
    }
  }

  draw() {
    const around = this.root.getBoundingClientRect();
    this.lines.setAttribute("viewBox", `0 0 ${around.width} ${around.height}`);
    for (const { from, to, path, dots } of this.arrows) {
      const d = between(this.cards[from].node.getBoundingClientRect(), this.cards[to].node.getBoundingClientRect(), around);
      path.setAttribute("d", d);
      dots.setAttribute("d", d);
    }
  }
}

function card({ id, title, unit }) {
  const parts = {
    badge: el("span", { class: "badge" }),
    figure: el("span", { class: "figure" }, NONE),
    facts: el("dl", { class: "facts" }),
    list: el("ul", { class: "shards", "aria-label": "Shards" }),
    why: el("p", { class: "why", hidden: true }),
    values: new Map(),
  };
  parts.node = el("article", { class: "node card", id: `node-${id}`, "data-node": id, "aria-labelledby": `node-${id}-title` },
    el("div", { class: "node-head" }, el("h3", { id: `node-${id}-title` }, title), parts.badge),
    el("p", { class: "rate" }, parts.figure, " ", el("span", { class: "unit" }, unit)),
    parts.why,
    parts.facts,
    id === "stream" ? [parts.list, el("p", { class: "more note" })] : null);
  return parts;
}

function fact(parts, label, value) {
  let shown = parts.values.get(label);
  if (!shown) {
    shown = el("dd", { class: label === "name" || !label ? "own-line" : null });
    parts.values.set(label, shown);
    parts.facts.append(el("div", {}, el("dt", { class: label === "name" || !label ? "unseen" : null }, label || "what"), shown));
  }
  setText(shown, value);
  shown.parentElement.hidden = value === null;
}

const shardRow = () => el("li", {}, el("span", { class: "shard" }), el("span", { class: "bar" }, el("i")), el("span", { class: "figures" }));

const shortId = (id) => id.replace(/^shardId-0*(?=\d)/, "shard ");

function sourceHealth(stream) {
  if (stream.records_per_s === null) return { state: "unknown", why: "" };
  return stream.records_per_s > 0 ? { state: "ok", why: "" } : { state: "idle", why: "" };
}

/** From the side of one card to the facing side of the other. */
function between(a, b, around) {
  const at = (x, y) => `${(x - around.left).toFixed(1)} ${(y - around.top).toFixed(1)}`;
  if (b.left >= a.right) {
    const [y1, y2] = [a.top + Math.min(48, a.height / 2), b.top + Math.min(48, b.height / 2)];
    const bend = (b.left - a.right) / 2;
    return `M${at(a.right + 2, y1)}C${at(a.right + bend, y1)} ${at(b.left - bend, y2)} ${at(b.left - 3, y2)}`;
  }
  const x = a.left + 34;
  if (b.top - a.bottom < 80) return `M${at(x, a.bottom + 2)}L${at(x, b.top - 3)}`;
  // Around the cards in between.
  const side = around.right - 6;
  return `M${at(a.right + 1, a.bottom - 24)}C${at(side + 8, a.bottom - 24)} ${at(side + 8, b.top + 24)} ${at(b.right + 3, b.top + 24)}`;
}
