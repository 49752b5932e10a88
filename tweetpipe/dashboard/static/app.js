// The page: passes the server's events to its parts, and says when something is wrong.

import { get, setToken } from "./api.js";
import { showItem } from "./details.js";
import { byId, el, setText } from "./dom.js";
import { Explorer } from "./explorer.js";
import { Flow } from "./flow.js";
import { icon, known, WORDS, worst } from "./icons.js";
import { Letters } from "./letters.js";
import { listen } from "./live.js";
import { Series } from "./series.js";
import { Newest } from "./landed.js";
import { number } from "./words.js";

const LOST = "The dashboard’s server does not answer: it has stopped or is busy. This page keeps trying and reconnects automatically. If it doesn’t, open the address that the dashboard printed.";
const OLD = "No news from the stack for a while: the figures here are out of date. This page keeps waiting for new ones.";
const SERVICES = {
  cloudformation: "CloudFormation", cloudwatch: "CloudWatch", dynamodb: "DynamoDB",
  kinesis: "Kinesis", lambda: "Lambda", logs: "CloudWatch Logs", sqs: "SQS",
};
const LATE = 15; // seconds without a new snapshot of the stack

const explorer = new Explorer((item, way) => showItem(item, way, lookUp));
const newest = new Newest((item, way) => showItem(item, way, lookUp));
const flow = new Flow(byId("flow"));
const series = new Series(byId("series"));
const letters = new Letters();

let opening = 0;
let early = null; // events that arrived before the first state was loaded
let lookedAt = null;
let problem = null;

const lookUp = (partition) => explorer.lookUp(partition);

async function open() {
  const mine = ++opening;
  early = [];
  try {
    const now = await get("/api/now");
    if (mine !== opening) return;
    setToken(now.token);
    letters.allow(now.may_act, now.options);
    setText(byId("newest-hint"), `tweetpipe produce fake${now.options}`);
    explorer.named(...now.key);
    series.reset(now.history);
    if (now.snapshot) show(now.snapshot, now.asked);
    else trouble("", "Waiting for the first figures from the stack");
    const told = early.filter((seen) => !now.snapshot || seen.at > now.snapshot.at);
    early = null;
    for (const seen of told) show(seen, seen.asked);
  } catch (error) {
    if (mine !== opening) return;
    trouble(error.message, "");
    setTimeout(() => mine === opening && open(), 1000);
  }
}

function show(seen, asked) {
  lookedAt = performance.now();
  place(seen);
  flow.show(seen);
  series.add(seen.latest);
  newest.add(seen.newest);
  letters.total(seen.dead_letters);
  reads(seen.reads, asked);
  const isThere = seen.reachable.state === "ok" || seen.reachable.state === "idle";
  trouble(isThere ? "" : seen.reachable.why || "The stack can’t be reached.", "");
  overall(isThere ? worst([seen.stream, seen.function, seen.table, seen.dead_letters].map((part) => part.health.state)) : known(seen.reachable.state));
  tick();
}

function place({ stack, target, region, endpoint }) {
  const where = target === "aws" ? `AWS, ${region}` : `emulator at ${endpoint}`;
  setText(byId("where"), `${stack} · ${where}`);
  document.title = `${stack} · tweetpipe`;
}

function overall(state) {
  const node = byId("overall");
  if (node.dataset.state === state && node.firstElementChild) return;
  node.dataset.state = state;
  node.replaceChildren(icon(state), WORDS[state]);
  setText(byId("status"), `Pipeline: ${WORDS[state]}`);
}

/** What stands in the way of everything else; with none, the page is as it should be. */
function trouble(text, waiting) {
  const alert = byId("alert");
  document.body.classList.toggle("stale", Boolean(text));
  if (waiting && !text) setText(byId("updated"), waiting);
  if (problem === text) return;
  if (problem && !text) setText(byId("status"), "Connected again.");
  problem = text;
  alert.hidden = !text;
  setText(alert, text);
  tick();
}

function tick() {
  if (lookedAt === null) return;
  const age = Math.round((performance.now() - lookedAt) / 1000);
  setText(byId("updated"), age < 3 && !problem ? "live" : `last updated ${age} s ago`);
  byId("updated").classList.toggle("late", age > LATE);
  if (age > LATE && !problem) {
    overall("unknown");
    trouble(OLD, "");
  }
}

function reads({ per_s: perS, limit_per_s: limits }, asked) {
  const all = Object.keys(limits).filter((service) => limits[service] > 0)
    .map((service) => [SERVICES[service] ?? service, perS[service] ?? 0, limits[service]]);
  if (asked) all.push(["Explorer and dead letters, on demand", asked.per_s, asked.limit_per_s]);
  const rows = all.map(([label, value, limit]) => [label, `${number(value)} of ${number(limit)} at most`]);
  const node = byId("reads");
  if (node.children.length !== rows.length) {
    node.replaceChildren(...rows.map(() => el("div", {}, el("dt"), el("dd"))));
  }
  rows.forEach(([label, text], n) => {
    setText(node.children[n].firstChild, label);
    setText(node.children[n].lastChild, text);
  });
}

setText(byId("overall"), "Connecting");
listen((kind, text) => {
  if (kind === "open") open();
  if (kind === "lost") {
    opening += 1;
    overall("unknown");
    trouble(LOST, "");
  }
  if (kind === "trouble") {
    overall("error");
    trouble(JSON.parse(text), "");
  }
  if (kind === "snapshot") {
    const seen = JSON.parse(text);
    if (early) early = [...early.slice(-9), seen];
    else show(seen, seen.asked);
  }
});
setInterval(tick, 1000);
