// Search runs in a worker, which browsers deny to a page that was opened from a folder. There, a
// frame runs it. Zensical would fetch such a script from elsewhere, unless one of this name is given.
if (location.protocol === "file:") {
  // As from a worker: a copy, once what runs now is through. Otherwise what is typed is lost.
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
