// Makes elements; untrusted text only ever becomes an element's text, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners ("onclick") and children; what is null is left out. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Sets the text if it is another one: what stays the same is neither painted nor read out. */
export function setText(node, text) {
  if (node.textContent !== (text ?? "")) node.textContent = text;
}

/** A stranger's name in a line of ours, which it can't turn around. */
export const name = (text) => el("bdi", {}, text);

/** One tab stop for a whole list: the arrow keys, Home and End go through its buttons. */
export function roving(list, selector) {
  const stops = () => [...list.querySelectorAll(selector)];
  list.addEventListener("keydown", (event) => {
    const all = stops();
    const at = all.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    all[Math.min(Math.max(to, 0), all.length - 1)].focus();
  });
  list.addEventListener("focusin", (event) => {
    if (event.target.matches(selector)) mark(stops(), event.target);
  });
  return () => mark(stops(), null);
}

function mark(stops, focused) {
  const stop = focused ?? stops.find((one) => one.tabIndex === 0 && one === document.activeElement);
  stops.forEach((one, n) => {
    one.tabIndex = (stop ? one === stop : n === 0) ? 0 : -1;
  });
}
