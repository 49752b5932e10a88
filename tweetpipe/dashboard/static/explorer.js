// Looks an author's tweets up in the table, page by page.

import { get } from "./api.js";
import { byId, roving, setText } from "./dom.js";
import { some } from "./words.js";
import { itemRow } from "./tweets.js";

export class Explorer {
  constructor(open) {
    this.open = open;
    this.list = byId("items");
    this.refresh = roving(this.list, ".open");
    this.author = "";
    this.starts = [null]; // where each page up to the present one begins
    this.next = null;
    byId("lookup").addEventListener("submit", (event) => {
      event.preventDefault();
      this.lookUp(byId("author").value);
    });
    byId("older").addEventListener("click", () => this.show([...this.starts, this.next]));
    byId("newer").addEventListener("click", () => this.show(this.starts.slice(0, -1)));
  }

  lookUp(author) {
    byId("author").value = author;
    this.author = author;
    byId("explorer").scrollIntoView({ block: "nearest" });
    byId("author").focus({ preventScroll: true });
    return this.show([null]);
  }

  async show(starts) {
    const author = this.author;
    const after = starts.at(-1);
    setText(byId("found"), "Reading…");
    let page;
    try {
      page = await get("/api/items", after === null ? { author } : { author, after });
    } catch (error) {
      setText(byId("found"), error.message);
      return;
    }
    if (author !== this.author) return;
    this.starts = starts;
    this.next = page.next;
    this.fill(page.items);
  }

  fill(items) {
    const first = this.starts.length === 1;
    this.list.replaceChildren(...items.map((item) => itemRow(item, () => this.open(item, null))));
    this.refresh();
    const none = first ? "No tweets by this author. The name must be exactly as stored." : "No more.";
    setText(byId("found"), items.length ? `${some(items.length, "tweet", "tweets")}, the newest first` : none);
    setText(byId("page-number"), `Page ${this.starts.length}`);
    byId("newer").disabled = first;
    byId("older").disabled = this.next === null;
    byId("pager").hidden = first && this.next === null;
  }
}
