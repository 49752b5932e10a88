// The five states, each with its own word, shape and color.

import { svg } from "./dom.js";

export const WORDS = { ok: "OK", idle: "Idle", warning: "Warning", error: "Error", unknown: "Unknown" };

const RANK = ["idle", "ok", "unknown", "warning", "error"];

const SHAPES = {
  ok: () => [svg("circle", { cx: 8, cy: 8, r: 7, class: "full" }), line("M4.6 8.3l2.3 2.3 4.5-4.8")],
  idle: () => [svg("circle", { cx: 8, cy: 8, r: 6.2, class: "hollow" }), ink("M6.3 5.6v4.8M9.7 5.6v4.8")],
  warning: () => [svg("path", { d: "M8 1.2l7.2 13H.8z", class: "full" }), line("M8 6v4M8 12v.2")],
  error: () => [svg("path", { d: "M5 1h6l4 4v6l-4 4H5l-4-4V5z", class: "full" }), line("M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2")],
  unknown: () => [svg("circle", { cx: 8, cy: 8, r: 6.2, class: "hollow dashed" }), ink("M6.2 6.3a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.7-.8 1.3M8 11.4v.2")],
};

const line = (d) => svg("path", { d, class: "cut" });
const ink = (d) => svg("path", { d, class: "ink" });

export const known = (state) => (state in WORDS ? state : "unknown");

export function icon(state) {
  return svg("svg", { viewBox: "0 0 16 16", class: "state-icon", "aria-hidden": "true" }, SHAPES[known(state)]());
}

/** The state that counts for the whole. */
export const worst = (states) =>
  states.map(known).reduce((a, b) => (RANK.indexOf(b) > RANK.indexOf(a) ? b : a), "idle");
