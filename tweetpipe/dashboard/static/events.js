// The server's events, reconnecting forever: reports "open", "lost", and each message's text as "snapshot" or "trouble".

const SILENCE = 15_000; // the server sends something every 5 s
const RETRY = 1_000;

export class Events {
  constructor(report) {
    this.report = report;
    this.isOpen = false;
    this.source = null;
    this.heard = 0;
  }

  start() {
    if (this.watch) return;
    this.connect();
    this.watch = setInterval(() => {
      if (Date.now() - this.heard > SILENCE) this.lose();
    }, 3_000);
  }

  stop() {
    clearInterval(this.watch);
    clearTimeout(this.again);
    this.watch = null;
    this.source?.close();
    this.isOpen = false;
  }

  connect() {
    this.heard = Date.now();
    const source = new EventSource("/api/events");
    this.source = source;
    source.addEventListener("beat", () => this.hear());
    for (const kind of ["snapshot", "trouble"]) {
      source.addEventListener(kind, (event) => {
        this.hear();
        this.report(kind, event.data);
      });
    }
    source.addEventListener("end", () => this.lose());
    source.addEventListener("error", () => this.lose());
  }

  hear() {
    this.heard = Date.now();
    if (this.isOpen) return;
    this.isOpen = true;
    this.report("open");
  }

  lose() {
    this.source.close();
    this.isOpen = false;
    this.report("lost");
    clearTimeout(this.again);
    this.heard = Date.now();
    this.again = setTimeout(() => this.connect(), RETRY);
  }
}
