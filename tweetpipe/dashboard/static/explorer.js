// Looks up a partition's items in the table, page by page.

import { get } from "./api.js";
import { byId, roving, setText } from "./dom.js";
import { some } from "./words.js";
import { itemRow } from "./landed.js";

export class Explorer {
  constructor(open) {
    this.open = open;
    this.list = byId("items");
    this.refresh = roving(this.list, ".open");
    this.partition = "";
    this.sort = "sort key";
    this.starts = [null]; // where each page begins, up to the one shown
    this.next = null;
    byId("lookup").addEventListener("submit", (event) => {
      event.preventDefault();
      this.lookUp(byId("partition").value);
    });
    byId("older").addEventListener("click", () => this.show([...this.starts, this.next]));
    byId("newer").addEventListener("click", () => this.show(this.starts.slice(0, -1)));
  }

  /** Sets the names of the table's keys. */
  named(partition, sort) {
    this.sort = sort;
    setText(byId("partition-name"), partition);
  }

  lookUp(partition) {
    byId("partition").value = partition;
    this.partition = partition;
    byId("explorer").scrollIntoView({ block: "nearest" });
    byId("partition").focus({ preventScroll: true });
    return this.show([null]);
  }

  async show(starts) {
    const partition = this.partition;
    const after = starts.at(-1);
    setText(byId("found"), "Reading…");
    let page;
    try {
      page = await get("/api/items", after === null ? { partition } : { partition, after });
    } catch (error) {
      setText(byId("found"), error.message);
      return;
    }
    if (partition !== this.partition) return;
    this.starts = starts;
    this.next = page.next;
    this.fill(page.items);
  }

  fill(items) {
    const first = this.starts.length === 1;
    this.list.replaceChildren(...items.map((item) => itemRow(item, () => this.open(item, null))));
    this.refresh();
    const none = first ? "No items found. The value must match the stored one exactly, including case." : "No more items.";
    setText(byId("found"), items.length ? `${some(items.length, "item", "items")}, highest ${this.sort} first` : none);
    setText(byId("page-number"), `Page ${this.starts.length}`);
    byId("newer").disabled = first;
    byId("older").disabled = this.next === null;
    byId("pager").hidden = first && this.next === null;
  }
}
