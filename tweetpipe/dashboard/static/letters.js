// Dead letters: why they could not be stored, what they hold, and how to redrive them.

import { get, post } from "./api.js";
import { confirmed } from "./confirm.js";
import { byId, el, name, setText } from "./dom.js";
import { count, moment, some } from "./words.js";

const KINDS = {
  rejected: "Rejected record",
  exhausted: "Retries exhausted",
  unknown: "Unknown message",
};

export class Letters {
  constructor() {
    this.list = byId("letter-list");
    this.mayAct = false;
    this.options = "";
    this.busy = false;
    byId("read-letters").addEventListener("click", () => this.read());
    byId("redrive-all").addEventListener("click", () => this.redriveAll());
  }

  /** Sets whether letters may be changed here, and the options that select the stack in a command. */
  allow(mayAct, options) {
    this.mayAct = mayAct;
    this.options = options;
    byId("letters-only-reads").replaceChildren(
      "This dashboard is read-only. To redrive, run:", el("pre", {}, `tweetpipe dead-letters redrive${options} --all`),
      "Or stop the dashboard and start it with:", el("pre", {}, `tweetpipe dashboard${options} --allow-actions`));
    byId("letters-only-reads").hidden = mayAct;
  }

  total(seen) {
    const words = seen.total === null ? "" : seen.total === 0 ? "The queue is empty" : `${count(seen.total)} in the queue`;
    setText(byId("letters-count"), words);
  }

  async read() {
    await this.work("Reading the queue…", async () => {
      const { letters, about } = await get("/api/dead-letters");
      this.list.replaceChildren(...letters.map((letter) => this.row(letter)));
      byId("redrive-all").hidden = !this.mayAct || !letters.length;
      setText(byId("read-letters"), "Read again");
      if (!letters.length) return about ? `About ${count(about)} in the queue, but another reader holds them all. Try again in half a minute.` : "No dead letters.";
      return `Showing ${count(letters.length)} of about ${some(about, "dead letter", "dead letters")}.`;
    });
  }

  row(letter) {
    const act = (label, work) => el("button", { type: "button", "aria-label": `${label} ${letter.id.slice(0, 8)}`, onclick: work }, label);
    return el("li", { class: "letter", "data-id": letter.id },
      el("div", { class: "letter-about" },
        el("p", { class: "letter-head" },
          el("span", { class: "kind" }, KINDS[letter.kind] ?? letter.kind),
          el("b", {}, name(letter.reason || "no reason given")),
          letter.detail ? el("span", { class: "detail" }, name(letter.detail)) : null),
        el("p", { class: "note" }, this.facts(letter).join(" · "))),
      this.mayAct ? el("div", { class: "buttons" },
        letter.kind === "unknown" ? null : act("Redrive", () => this.redriveOne(letter)),
        act("Delete", () => this.purge(letter))) : null,
      el("details", {},
        el("summary", {}, letter.is_body ? "Message" : "Payload"),
        el("pre", { dir: "auto", tabindex: 0 }, letter.payload),
        letter.is_cut ? el("div", { class: "note" }, "Cut off here. To see all of it, run:", el("pre", {}, `tweetpipe dead-letters show${this.options} ${letter.id.slice(0, 8)}`)) : null));
  }

  facts(letter) {
    const size = letter.kind === "exhausted" ? some(letter.records, "record", "records") : letter.bytes === null ? "" : some(letter.bytes, "byte", "bytes");
    const position = letter.sequence_number.split("-").map((part) => (part.length > 16 ? `…${part.slice(-16)}` : part)).join("–");
    return [letter.id.slice(0, 8), moment(letter.arrived_at || letter.sent_at), letter.shard, position && `at ${position}`, size].filter(Boolean);
  }

  async redriveOne(letter) {
    const text = letter.kind === "exhausted"
      ? `The ${some(letter.records, "record", "records")} of this batch will be read from the stream again and sent to the function.`
      : "Its record will be sent to the function again.";
    if (await confirmed("Redrive this dead letter?", `${text} The message is deleted from the queue once everything is stored. Storing a record twice does no harm.`, "Redrive")) {
      await this.redrive({ ids: [letter.id] });
    }
  }

  async redriveAll() {
    const text = "The records of each dead letter will be sent to the function again, up to 500 letters at a time. A letter is deleted once its records are stored. Letters that can’t be stored stay in the queue.";
    if (await confirmed("Redrive all dead letters?", text, "Redrive all")) await this.redrive({ all: true });
  }

  redrive(which) {
    return this.act("Redriving…", async () => {
      const { done, stored, rejected, missed, kept } = await post("/api/dead-letters/redrive", which);
      const said = [`${some(stored, "record", "records")} stored, ${some(done, "dead letter", "dead letters")} removed`];
      if (rejected) said.push(`${some(rejected, "record", "records")} rejected`);
      if (missed) said.push(`${count(missed)} held by another reader or already gone`);
      if (kept.length) said.push(`${count(kept.length)} kept: ${kept[0].why}`);
      return `${said.join("; ")}.`;
    });
  }

  async purge(letter) {
    const text = "The message is deleted permanently, and its record is not stored. This can’t be undone.";
    if (!(await confirmed("Delete this dead letter?", text, "Delete permanently", "danger"))) return;
    await this.act("Deleting…", async () => {
      const { deleted } = await post("/api/dead-letters/purge", { ids: [letter.id] });
      return deleted ? "1 dead letter deleted." : "Nothing deleted: the letter is already gone, or another reader holds it.";
    });
  }

  /** Runs an action, then lists the queue again with the outcome above it. */
  async act(text, change) {
    let outcome = "";
    await this.work(text, async () => (outcome = await change()));
    if (!outcome) return;
    await this.read();
    setText(byId("letters-note"), `${outcome} ${byId("letters-note").textContent}`);
  }

  async work(text, task) {
    if (this.busy) return;
    this.busy = true;
    const note = byId("letters-note");
    setText(note, text);
    note.classList.remove("failed");
    try {
      setText(note, await task());
    } catch (error) {
      note.classList.add("failed");
      setText(note, error.message);
    } finally {
      this.busy = false;
    }
  }
}
