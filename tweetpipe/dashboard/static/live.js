// The server's events, through one shared worker for all pages where the browser has one.

import { Events } from "./events.js";

const WORKER = "/static/worker.js";

/** Calls report("open"), report("lost"), report("snapshot", text) and report("trouble", text) as these happen. */
export function listen(report) {
  const own = () => {
    const events = new Events(report);
    events.start();
    return () => events.stop();
  };
  let leave = () => {};
  try {
    const worker = new SharedWorker(trusted(WORKER), { type: "module" });
    worker.port.addEventListener("message", ({ data }) => report(data.kind, data.text));
    worker.port.start();
    worker.addEventListener("error", () => { leave = own(); }, { once: true });
    leave = () => worker.port.postMessage("bye");
  } catch {
    leave = own();
  }
  addEventListener("pagehide", () => leave());
  // A page restored by the back button has missed too much.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

function trusted(path) {
  if (!window.trustedTypes) return path;
  const policy = trustedTypes.createPolicy("worker", {
    createScriptURL(url) {
      if (url !== WORKER) throw new TypeError("not the worker");
      return url;
    },
  });
  return policy.createScriptURL(path);
}
