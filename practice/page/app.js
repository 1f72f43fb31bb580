/** The page's shell: asks what the person sees whenever the workspace changes, and draws it. */

import { renderBlocks } from "./blocks.js";
import { byId, el, swap } from "./dom.js";
import { drawComposer } from "./composer.js";
import { drawGuide, showGuide } from "./guide.js";
import { icon } from "./icons.js";
import { drawMessages } from "./messages.js";
import { mrkdwn } from "./mrkdwn.js";
import { drawModal, homeContext, watchEscape } from "./modal.js";
import { hear, report } from "./notices.js";
import { drawSidebar, sign } from "./sidebar.js";
import { act, go, here, keep, kept, knowledge, listen, look, place, post, sight } from "./store.js";
import { clockFace, now, setClock } from "./time.js";

const NEAR_PX = 60;
const AGAIN_MS = 2000;

let drawnAt = ""; // person and place of the last drawing
let newSince = "";
let latest = new Map();
let isLooking = false;
let isStale = false;

/** Looks, and draws what it sees; changes that come meanwhile are looked at right after. */
async function refresh() {
  isStale = true;
  if (isLooking) return;
  isLooking = true;
  try {
    while (isStale) {
      isStale = false;
      if (await look()) draw();
    }
  } catch (error) {
    console.warn("the workspace could not be looked at", error);
  } finally {
    isLooking = false;
  }
}

function draw() {
  const at = JSON.stringify([sight.me.id, sight.channel, place().tab]);
  const isNew = at !== drawnAt;
  drawnAt = at;
  if (isNew) arrive();
  setClock();
  drawTop();
  drawSidebar(visit);
  drawGuide(actAs);
  drawPlace();
  const isAtEnd = drawMiddle(isNew);
  drawThread();
  if (isAtEnd) toEnd(byId("messages"));
  drawModal();
  drawTrouble();
  announce(isNew);
  markRead();
}

/** What happens once when a place is entered. */
function arrive() {
  newSince = here()?.unread ? here().last_read : "";
  byId("messages").replaceChildren();
  if (here()?.kind === "im") act("open_home", { tab: place().tab === "home" ? "home" : "messages" });
}

function drawTop() {
  const people = sight.people.filter((person) => !person.is_bot && !person.deleted);
  const mark = JSON.stringify(people);
  const box = byId("who");
  if (box.shownMark !== mark) box.replaceChildren(...people.map(personOption));
  box.shownMark = mark;
  box.value = sight.me.id;
  document.title = `${title()} – ${sight.workspace.name} (practice workspace)`;
  tick();
}

function personOption(person) {
  const zone = person.locale.startsWith("en") ? "" : ` (${person.locale})`;
  return el("option", { value: person.id }, person.title ? `${person.name} – ${person.title}${zone}` : person.name + zone);
}

const title = () => (here() ? `${here().kind === "im" ? "" : "#"}${here().name}` : (sight.unknown ?? ""));

function drawPlace() {
  byId("place").replaceChildren(...(here() ? [sign(here()), " ", here().name] : [`Unknown place ${sight.unknown}`]));
  const hasTabs = here()?.kind === "im" && sight.app.home_tab;
  const names = [["home", "Home"], ["", "Messages"]];
  byId("tabs").replaceChildren(...(hasTabs ? names.map(([name, words]) => tab(name, words)) : []));
}

function tab(name, words) {
  return el("button", { type: "button", "aria-pressed": String(place().tab === name), onclick: () => visit({ tab: name, thread: "" }) }, words);
}

const toEnd = (list) => {
  list.scrollTop = list.scrollHeight;
};

const standsAtEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;

/** Draws the open conversation or the Home tab; says whether its end is to stay in sight. */
function drawMiddle(isNew) {
  const list = byId("messages");
  const isHome = place().tab === "home" && here()?.kind === "im";
  byId("composer").hidden = isHome;
  if (!here()) list.replaceChildren(placeholder(`${sight.me.name} has no conversation ${sight.unknown}.`));
  else if (isHome) drawHome(list);
  else return drawConversation(list, isNew);
  return false;
}

function drawConversation(list, isNew) {
  const wasAtEnd = standsAtEnd(list);
  const messages = sight.messages.filter((message) => message.top_level);
  drawMessages(list, messages, { newSince, openThread: (ts) => visit({ thread: ts }) });
  if (!messages.length) list.replaceChildren(placeholder("Nothing here yet."));
  drawComposer(byId("composer"));
  if (isNew) enter(list);
  return isNew ? standsAtEnd(list) : wasAtEnd;
}

function drawHome(list) {
  const mark = `${sight.home?.id} ${sight.home?.hash}`;
  const before = list.firstElementChild;
  if (before?.shownMark === mark) return;
  const home = sight.home ? renderBlocks(sight.home.blocks, homeContext(sight.home)) : placeholder(`${sight.app.name} has not published a Home tab for ${sight.me.name}.`);
  const root = el("div", { class: "home" }, home);
  root.shownMark = mark;
  if (before) swap(before, root);
  else list.append(root);
}

const placeholder = (words) => el("p", { class: "nothing", dataset: { key: "nothing" } }, words);

/** Goes to where the person was, to the first new message, or to the end. */
function enter(list) {
  const spot = sessionStorage.getItem(`scroll ${sight.me.id} ${sight.channel}`);
  const firstNew = list.querySelector(".divider.new");
  list.scrollTop = firstNew || spot === null || spot === "end" ? list.scrollHeight : Number(spot);
  if (firstNew && firstNew.offsetTop < list.offsetTop + list.scrollTop) firstNew.scrollIntoView({ block: "start" });
}

function rememberScroll(event) {
  const list = event.currentTarget;
  if (sight) sessionStorage.setItem(`scroll ${sight.me.id} ${sight.channel}`, standsAtEnd(list) ? "end" : String(list.scrollTop));
}

function drawThread() {
  const root = byId("thread");
  const ts = place().thread;
  root.hidden = !ts;
  document.body.classList.toggle("with-thread", Boolean(ts));
  if (!ts) return root.replaceChildren();
  let isFresh = false;
  if (root.dataset.ts !== ts || !root.children.length) {
    root.dataset.ts = ts;
    root.replaceChildren(...threadFrame());
    isFresh = true;
  }
  const messages = sight.messages.filter((message) => message.ts === ts || (message.reply && message.thread_ts === ts));
  const list = root.querySelector(".messages");
  const before = list.children.length;
  drawMessages(list, messages, { newSince: "", openThread: null });
  if (!messages.length) list.replaceChildren(placeholder(`There is no message ${ts} here.`));
  drawComposer(root.querySelector(".reply"), ts);
  if (list.children.length !== before) list.scrollTop = before ? list.scrollHeight : 0;
  if (isFresh) (root.querySelector("textarea") ?? root.querySelector("button")).focus();
}

function closeThread() {
  visit({ thread: "" });
  byId("messages").focus({ preventScroll: true });
}

function threadFrame() {
  const close = el("button", { type: "button", class: "plain cross", "aria-label": "Close the thread", onclick: closeThread }, icon("close"));
  return [
    el("header", { class: "place" }, el("h2", {}, "Thread"), close),
    el("div", { class: "messages", role: "log", "aria-live": "off", "aria-label": "Thread", tabindex: "0" }),
    el("div", { class: "reply" }),
  ];
}

function drawTrouble() {
  const box = byId("trouble");
  box.hidden = !sight.app.trouble;
  if (box.textContent !== sight.app.trouble) box.textContent = sight.app.trouble;
}

/** Says what is new since the last look, for those who listen to the page. */
function announce(isNew) {
  const seen = new Map(sight.conversations.map((row) => [row.id, row.unread]));
  const fresh = sight.conversations.filter((row) => row.id !== sight.channel && row.unread > (latest.get(row.id) ?? row.unread));
  const last = sight.messages.at(-1);
  if (!isNew && last && latest.get("last") !== last.ts && last.user !== sight.me.id) {
    hear(`New message from ${knowledge().names[last.user] ?? last.user}: ${mrkdwn(last.text, knowledge()).textContent}`);
  } else if (!isNew && fresh.length) hear(`New messages in ${fresh.map((row) => row.name).join(", ")}`);
  latest = seen.set("last", last?.ts);
}

function markRead() {
  const isLooked = document.visibilityState === "visible" && place().tab !== "home";
  if (isLooked && here()?.unread) act("read", { channel: sight.channel });
}

function visit(changes) {
  go(changes);
  byId("side").classList.remove("open");
  byId("drawer").setAttribute("aria-expanded", "false");
  refresh();
}

/** Looks through another person's eyes; where they cannot be, their direct message with the app shows instead. */
async function actAs(person, channel = "") {
  const wanted = channel || (sight.channel?.startsWith("D") ? "" : (sight.channel ?? ""));
  go({ as: person, in: wanted, thread: "", tab: "" });
  await refresh();
  if (sight.me.id === person && sight.unknown) visit({ in: "" });
}

function tick() {
  if (!sight) return;
  const time = byId("now");
  time.textContent = clockFace(now());
  time.title = sight.me.tz;
}

async function moveClock(facts) {
  report(await post("/practice/clock", facts));
}

async function lookAgain() {
  if (!sight?.app.trouble) return;
  await fetch("/practice/app").catch(() => {});
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const present = document.documentElement.dataset.theme || dark;
  const other = present === "dark" ? "light" : "dark";
  setTheme(other);
  keep("theme", other);
}

function connected(isConnected) {
  document.body.classList.toggle("alone", !isConnected);
  if (isConnected) return refresh();
  const box = byId("trouble");
  box.hidden = false;
  box.textContent = "The practice workspace does not answer. Is it still running?";
}

function toggleDrawer() {
  const isOpen = byId("side").classList.toggle("open");
  byId("drawer").setAttribute("aria-expanded", String(isOpen));
}

function wire() {
  byId("who").addEventListener("change", (event) => actAs(event.target.value));
  byId("hour").addEventListener("click", () => moveClock({ advance_s: 3600 }));
  byId("day").addEventListener("click", () => moveClock({ advance_s: 86_400 }));
  byId("monday").addEventListener("click", () => moveClock({ weekday: 0, hour: 9, tz: sight.me.tz }));
  byId("theme").addEventListener("click", switchTheme);
  byId("drawer").addEventListener("click", toggleDrawer);
  byId("show-guide").addEventListener("click", () => showGuide(actAs));
  byId("thread").addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && closeThread());
  byId("messages").addEventListener("scroll", rememberScroll, { passive: true });
  byId("theme").append(icon("theme"));
  byId("drawer").prepend(icon("menu"));
  addEventListener("popstate", refresh);
  document.addEventListener("visibilitychange", () => sight && markRead());
  watchEscape();
  setInterval(tick, 5000);
  setInterval(lookAgain, AGAIN_MS);
}

/** A first visitor begins where the guide does. */
async function beginWithGuide() {
  await look();
  const first = sight?.guide.find((step) => !step.done)?.links?.[0];
  if (first) go({ as: first.as, in: first.channel ?? "" });
}

async function start() {
  setTheme(place().theme || kept("theme"));
  wire();
  if (!place().as) await beginWithGuide();
  await refresh();
  listen(refresh, connected);
}

start();
