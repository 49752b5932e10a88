// Three charts of the last 15 minutes; their latest values stand beside them as text.

import { el, setText } from "./dom.js";
import { number, rate, seconds } from "./words.js";

const SPAN = 15 * 60;
const HEIGHT = 150;
const GAP = 4; // times the usual distance between points; a wider gap means no data

const CHARTS = [
  { title: "Throughput", lines: [["records_per_s", "into the stream", "--line-1"], ["items_per_s", "stored", "--line-2", [6, 4]]], words: rate },
  { title: "Latency, end to end", lines: [["p50_s", "p50", "--line-1"], ["p99_s", "p99", "--line-2", [6, 4]]], words: seconds },
  { title: "Errors", lines: [["failed", "failed calls", "--line-3"], ["rejected", "rejected records", "--line-3", [6, 4]]], words: number, counts: true },
];
const NAMES = ["at", ...CHARTS.flatMap(({ lines }) => lines.map(([name]) => name))];

export class Series {
  constructor(root) {
    this.root = root;
    this.data = empty();
    this.charts = CHARTS.map((chart) => figure(chart));
    root.append(...this.charts.map(({ node }) => node));
    this.make();
    new ResizeObserver(() => this.resize()).observe(root);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", () => this.make());
    }
    document.addEventListener("visibilitychange", () => this.draw());
  }

  reset(history) {
    this.data = empty();
    history.at.forEach((_, n) => this.push(Object.fromEntries(NAMES.map((name) => [name, history[name][n]]))));
    this.draw();
  }

  add(point) {
    const { at } = this.data;
    if (at.length && point.at <= at[at.length - 1]) return;
    this.push(point);
    this.draw();
  }

  push(point) {
    const { at } = this.data;
    const last = at[at.length - 1];
    const usual = at.length > 2 ? Math.max(1, last - at[at.length - 2]) : 10;
    if (at.length && point.at - last > usual * GAP && this.data.records_per_s.at(-1) !== null) {
      for (const name of NAMES) this.data[name].push(name === "at" ? last + 0.5 : null);
    }
    for (const name of NAMES) this.data[name].push(point[name] ?? null);
    const old = at.findIndex((moment) => moment >= point.at - SPAN - 5);
    if (old > 0) for (const name of NAMES) this.data[name].splice(0, old);
  }

  draw() {
    for (const chart of this.charts) {
      this.legend(chart, null);
      if (!document.hidden) chart.plot?.setData([this.data.at, ...chart.lines.map(([name]) => this.data[name])]);
    }
  }

  /** The values at a point, or else the latest ones; of what is counted, all that there were. */
  legend(chart, n) {
    chart.lines.forEach(([name], i) => {
      const values = this.data[name];
      const all = chart.counts ? sum(values) : values.at(-1);
      setText(chart.values[i], chart.words((n === null ? all : values[n]) ?? null));
    });
  }

  make() {
    for (const chart of this.charts) {
      chart.plot?.destroy();
      chart.plot = new uPlot(options(chart, this), [this.data.at, ...chart.lines.map(([name]) => this.data[name])], chart.canvas);
    }
    this.resize();
  }

  resize() {
    for (const { plot, canvas } of this.charts) {
      const width = canvas.clientWidth;
      if (width > 0 && plot.width !== width) plot.setSize({ width, height: HEIGHT });
    }
  }
}

const sum = (values) => {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((a, b) => a + b, 0) : null;
};

const empty = () => Object.fromEntries(NAMES.map((name) => [name, []]));

function figure(chart) {
  const values = chart.lines.map(() => el("b", {}, "–"));
  const canvas = el("div", { class: "canvas", "aria-hidden": "true" });
  const keys = chart.lines.map(([, label, , dash], n) =>
    el("span", { class: `key key-${n + 1}${chart.counts ? " key-filled" : ""}${dash ? " key-dashed" : ""}` }, label, " ", values[n]));
  const node = el("figure", { class: "card chart" }, el("figcaption", {}, el("h3", {}, chart.title), el("span", { class: "keys" }, keys)), canvas);
  return { ...chart, node, canvas, values, plot: null };
}

function options(chart, series) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--muted"), font: "11px system-ui, sans-serif", grid: { stroke: color("--grid"), width: 1 }, ticks: { show: false } };
  const tell = (value) => chart.words(value).replace("/s", "");
  return {
    width: Math.max(chart.canvas.clientWidth, 200),
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { range: () => span(series.data.at) },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.12 : 1] },
    },
    axes: [
      { ...axis, size: 24, space: 70, values: (_, ticks) => ticks.map((at) => new Date(at * 1000).toTimeString().slice(0, 5)) },
      { ...axis, size: 52, space: 32, values: (_, ticks) => ticks.map(tell) },
    ],
    series: [{}, ...chart.lines.map(([, , stroke, dash]) => ({
      stroke: color(stroke), width: 1.75, dash, spanGaps: false, points: { show: false },
      fill: chart.counts ? color("--fill-3") : undefined,
    }))],
    hooks: { setCursor: [(plot) => series.legend(chart, plot.cursor.idx ?? null)] },
  };
}

function span(at) {
  const now = at.length ? at[at.length - 1] : Date.now() / 1000;
  return [now - SPAN, now];
}
