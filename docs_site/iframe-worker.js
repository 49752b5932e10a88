// Search runs in a worker, which browsers don't allow on a page that was opened from a folder. There, a
// frame runs it instead. A script of this name keeps Zensical from loading one from another site.
if (location.protocol === "file:") {
  // Like a worker, deliver a copy after the current script has run. Otherwise typed text is lost.
  const later = (data, take) => setTimeout(take, 0, { data: structuredClone(data) });
  window.Worker = class {
    constructor(url) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentDocument;
      inside.open();
      inside.write("<!doctype html><body></body>");
      inside.close();
      this.frame.contentWindow.postMessage = (data) => later(data, (event) => this.onmessage?.(event));
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
      later(data, (event) =>
        this.ready.then(() => this.frame.contentWindow?.onmessage(event), () => {}),
      );
    }

    terminate() {
      this.frame.remove();
    }
  };
}
