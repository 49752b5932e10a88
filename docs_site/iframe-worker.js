// Search runs in a worker, which browsers deny to a page that was opened from a folder. There, a
// frame runs it. Zensical would fetch such a script from elsewhere, unless one of this name is given.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentDocument;
      inside.open();
      inside.write("<!doctype html><body></body>");
      inside.close();
      this.frame.contentWindow.postMessage = (data) =>
        queueMicrotask(() => this.onmessage?.({ data }));
      const script = inside.createElement("script");
      script.src = new URL(url, location.href);
      this.ready = new Promise((loaded, failed) => {
        script.onload = loaded;
        script.onerror = failed;
      });
      this.ready.catch((error) => this.onerror?.(error));
      inside.body.append(script);
    }

    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow?.onmessage({ data }), () => {});
    }

    terminate() {
      this.frame.remove();
    }
  };
}
