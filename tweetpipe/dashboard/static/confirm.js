// Asks for confirmation before a change.

import { byId, el } from "./dom.js";

/** Resolves to true if the person agrees. Escape and Cancel mean no, and Cancel has the focus. */
export function confirmed(title, text, agree, style = "primary") {
  const dialog = byId("confirm");
  dialog.returnValue = "";
  const answer = (value) => () => dialog.close(value);
  dialog.replaceChildren(
    el("h2", { id: "confirm-title" }, title),
    el("p", { id: "confirm-text" }, text),
    el("div", { class: "buttons" },
      el("button", { type: "button", autofocus: true, onclick: answer("") }, "Cancel"),
      el("button", { type: "button", class: style, onclick: answer("yes") }, agree)));
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
