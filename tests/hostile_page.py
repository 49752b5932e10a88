"""A web page that tries to make an emulator run code, and browsers that open it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from tests import browsers

# Tries one way after another, waits for the outcome of each, and reports them all.
PAGE = """<!doctype html><meta charset="utf-8"><title>hostile</title><body><script>
const {create, send, invoke, read, socket, go} = %s;
const outcomes = {};
const within = (seconds, promise) => Promise.race([
  promise, new Promise(end => setTimeout(() => end("no answer"), 1000 * seconds))]);
const loaded = element => new Promise(end => {
  element.onload = () => end("loaded");
  element.onerror = () => end("failed");
  document.body.append(element);
});
const made = (tag, properties) => Object.assign(document.createElement(tag), properties);
const quiet = {mode: "no-cors", referrerPolicy: "no-referrer"};
const sent = (url, options) => fetch(url, options).then(
  async answer => answer.type === "opaque" ? "opaque" : "READ " + await answer.text(), String);
const posted = url => {
  const frame = made("iframe", {name: "posted"});
  const form = made("form", {action: url, method: "post", target: "posted"});
  form.append(made("input", {name: "a", value: "b"}));
  const end = loaded(frame);
  document.body.append(form);
  form.submit();
  return end;
};
const opened = async url => {
  const page = window.open(url);
  if (!page) return "blocked";
  for (;;) {
    await new Promise(end => setTimeout(end, 20));
    try { page.location.href; } catch { break; }
  }
  return "opened";
};
const tries = {
  image: () => loaded(made("img", {referrerPolicy: "no-referrer", src: create})),
  imageWithReferrer: () => loaded(made("img", {src: create})),
  script: () => loaded(made("script", {referrerPolicy: "no-referrer", src: create})),
  frame: () => loaded(made("iframe", {referrerPolicy: "no-referrer", src: create})),
  form: () => posted(create),
  window: () => opened(go),
  get: () => sent(create, quiet),
  post: () => sent(create, {...quiet, method: "POST", body: "x"}),
  beacon: async () => String(navigator.sendBeacon(create, "x")),
  signed: () => sent(create, {headers: {authorization: "AWS4-HMAC-SHA256 Credential=a/b/c/d/e"}}),
  read: () => sent(read, {}),
  readWithoutReferrer: () => sent(read, {referrerPolicy: "no-referrer"}),
  socket: () => new Promise(end => {
    const open = new WebSocket(socket);
    open.onopen = () => end("open");
    open.onerror = () => end("failed");
  }),
  queue: () => loaded(made("img", {referrerPolicy: "no-referrer", src: send})),
  invoke: () => sent(invoke, {...quiet, method: "POST", body: "{}"}),
};
(async () => {
  for (const [name, attempt] of Object.entries(tries))
    outcomes[name] = await within(20, attempt());
  await fetch("/report", {method: "POST", body: JSON.stringify(outcomes)});
})();
</script>"""

FIREFOX_SETTINGS = {
    "network.dns.localDomains": "hostile.example",
    "dom.disable_open_during_load": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
}


@contextmanager
def hostile_site(calls: Mapping[str, str]) -> Iterator[tuple[str, SimpleQueue[dict[str, str]]]]:
    """The page's address, and the reports of browsers that opened it; it tries the `calls`."""
    reports: SimpleQueue[dict[str, str]] = SimpleQueue()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            go = f"http://{self.headers['Host']}/go"
            page = PAGE % json.dumps({**calls, "go": go})
            self.send_response(302 if self.path == "/go" else 200)
            if self.path == "/go":
                self.send_header("Location", calls["create"])
                self.send_header("Referrer-Policy", "no-referrer")
            self._end(page.encode())

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self._end(b"")
            reports.put(json.loads(content))

        def _end(self, content: bytes) -> None:
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://hostile.example:{server.server_port}/", reports
        server.shutdown()


@contextmanager
def opened(name: str, url: str, folder: Path) -> Iterator[None]:
    """A real browser, chromium or firefox, without a window and with this page open."""
    folder.mkdir()
    if name == "firefox":
        settings = (
            f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"
            for key, value in FIREFOX_SETTINGS.items()
        )
        (folder / "user.js").write_text("".join(settings))
        command = [browsers.required(browsers.FIREFOX), "--headless", "--no-remote"]
        command += ["--profile", str(folder), url]
    else:
        command = [browsers.required(), "--headless", "--no-sandbox", "--no-first-run"]
        command += [f"--user-data-dir={folder}", "--disable-popup-blocking"]
        command += ["--host-resolver-rules=MAP hostile.example 127.0.0.1", url]
    with subprocess.Popen(
        command,
        # Without the user's browser profile, and without a proxy.
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
