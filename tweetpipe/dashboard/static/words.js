// Figures and times in words.

export const NONE = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const small = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const time = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

const isKnown = (value) => value !== null && value !== undefined && Number.isFinite(value);

export const count = (value) => (isKnown(value) ? whole.format(value) : NONE);

export const number = (value) =>
  isKnown(value) ? (Math.abs(value) < 100 ? small : whole).format(value) : NONE;

export const rate = (value) => (isKnown(value) ? `${number(value)}/s` : NONE);

export function seconds(value) {
  if (!isKnown(value)) return NONE;
  if (value < 0.995) return `${whole.format(value * 1000)} ms`;
  if (value < 120) return `${small.format(value)} s`;
  return value < 7200 ? `${whole.format(value / 60)} min` : `${whole.format(value / 3600)} h`;
}

export const clock = (at) => time.format(new Date(at * 1000));

/** A stored Timestamp (ISO 8601 in UTC) in brief; whatever else it holds, as it is. */
export function moment(text) {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(text ?? "");
  return found ? `${found[1]} ${found[2]} UTC` : text || NONE;
}

export const some = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
