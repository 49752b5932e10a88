// One connection for all open pages: a browser opens at most six to a server, and an endless response
// holds one for good.

import { Events } from "./events.js";

const pages = new Set();
const events = new Events((kind, text) => {
  for (const page of pages) page.postMessage({ kind, text });
});

self.addEventListener("connect", ({ ports: [page] }) => {
  pages.add(page);
  page.addEventListener("message", () => {
    pages.delete(page);
    if (!pages.size) events.stop();
  });
  page.start();
  events.start();
  if (events.isOpen) page.postMessage({ kind: "open" });
});
