/** Where people write: messages, and commands with what the app offers. */

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { emojify } from "./mrkdwn.js";
import { openMenu } from "./menu.js";
import { hear, report, toast, wrong } from "./notices.js";
import { act, here, sight } from "./store.js";

const drafts = new Map();
let numbers = 0;

/**
 * Draws the composer of a conversation or a thread, unless it stands there already.
 * @param {HTMLElement} root
 * @param {string} [thread] the ts of the thread's first message
 */
export function drawComposer(root, thread = "") {
  const row = here();
  const closed = row && why(row);
  const key = JSON.stringify([sight.me.id, sight.channel, thread, closed ?? ""]);
  if (root.dataset.shown === key) return;
  root.dataset.shown = key;
  root.replaceChildren(...(row ? parts(row, thread, closed, key) : []));
}

function why(row) {
  if (row.archived) return "This channel is archived.";
  if (row.kind === "im" && !sight.app.dm_writable) return "Sending messages to this app has been turned off.";
  return "";
}

function parts(row, thread, closed, key) {
  const bolt = !thread && shortcutButton();
  if (closed) return [el("div", { class: "composer closed" }, bolt, el("p", {}, closed))];
  return [form(row, thread, key, bolt)];
}

function shortcutButton() {
  const use = async (one) => report(await act("shortcut", { callback_id: one.callback_id }));
  const open = (event) => {
    const offered = sight.app.shortcuts.filter((one) => one.type === "global");
    const items = offered.map((one) => ({ label: one.name, hint: one.description, run: () => use(one) }));
    openMenu(event.currentTarget, items.length ? items : [{ label: "The app has no shortcuts", run: () => {} }], "Shortcuts");
  };
  return el("button", { type: "button", class: "bolt", "aria-label": "Shortcuts", title: "Shortcuts", "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, icon("bolt"));
}

function form(row, thread, key, bolt) {
  const list = el("div", { class: "offers", role: "listbox", id: `offers-${++numbers}`, "aria-label": "Commands", hidden: true });
  const label = thread ? "Reply" : `Message ${row.kind === "im" ? "" : "#"}${row.name}`;
  const box = el("textarea", { rows: "1", placeholder: thread ? "Reply…" : label, "aria-label": label, "aria-autocomplete": "list", "aria-controls": list.id });
  const hint = el("p", { class: "usage", "aria-live": "polite" });
  const send = el("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("send"));
  const submit = (event) => {
    event.preventDefault();
    deliver(box, thread, key);
    offer(box, list, hint);
  };
  box.value = drafts.get(key) ?? "";
  box.addEventListener("input", () => typed(box, list, hint, key));
  box.addEventListener("keydown", (event) => pressed(event, box, list, hint));
  return el("form", { class: "composer", onsubmit: submit }, list, hint, el("div", { class: "line" }, bolt, box, send));
}

function typed(box, list, hint, key) {
  drafts.set(key, box.value);
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
  offer(box, list, hint);
}

/** Offers the commands that begin as typed; once one is complete, says how it is used. */
function offer(box, list, hint) {
  const [, word, space] = /^(\/\S*)(\s?)/.exec(box.value) ?? [];
  const found = word && !space ? sight.app.commands.filter((one) => one.command.startsWith(word)) : [];
  const chosen = word && space && sight.app.commands.find((one) => one.command === word);
  hint.textContent = chosen ? `${chosen.command} ${chosen.usage_hint}` : "";
  list.replaceChildren(...found.map((one, at) => option(one, at, box, list, hint)));
  list.hidden = !found.length;
  mark(box, list, 0);
  if (found.length) hear(`Commands: ${found.map((one) => one.command).join(", ")}. Tab takes the first one.`);
}

function option(one, at, box, list, hint) {
  const take = (event) => {
    event.preventDefault();
    complete(box, list, hint, one.command);
  };
  const words = [el("b", {}, one.command), " ", el("span", {}, one.usage_hint), el("small", {}, one.description)];
  return el("div", { role: "option", id: `${list.id}-${at}`, dataset: { command: one.command }, onpointerdown: take }, ...words);
}

function mark(box, list, at) {
  [...list.children].forEach((node, place) => node.setAttribute("aria-selected", String(place === at)));
  if (list.children[at]) box.setAttribute("aria-activedescendant", list.children[at].id);
  else box.removeAttribute("aria-activedescendant");
}

function complete(box, list, hint, command) {
  box.value = `${command} `;
  box.dispatchEvent(new Event("input"));
  box.focus();
}

function pressed(event, box, list, hint) {
  if (event.isComposing) return;
  const entries = [...list.children];
  const at = entries.findIndex((node) => node.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const isWhole = entries[at]?.dataset.command === box.value;
  if (entries.length && step) mark(box, list, (at + step + entries.length) % entries.length);
  else if (entries.length && event.key === "Escape") list.replaceChildren();
  else if (entries.length && (event.key === "Tab" || (event.key === "Enter" && !isWhole))) complete(box, list, hint, entries[at].dataset.command);
  else if (event.key === "Enter" && !event.shiftKey) box.form.requestSubmit();
  else return;
  list.hidden = !list.children.length;
  event.preventDefault();
}

async function deliver(box, thread, key) {
  const text = box.value.trim();
  if (!text) return;
  if (thread && text.startsWith("/")) {
    toast(`${text.split(" ")[0]} is not supported in threads.`);
    return;
  }
  clear(box, key);
  const told = text.startsWith("/") ? await act("send", { text, channel: sight.channel }) : await say(text, thread);
  if (wrong(report(told)) && !box.value) {
    box.value = text;
    drafts.set(key, text);
  }
}

function clear(box, key) {
  box.value = "";
  box.style.height = "auto";
  drafts.delete(key);
}

/** Sends a message with names and emoji as Slack's client sends them: "@Bob" as a mention, ":tada:" as the character. */
function say(typed, thread) {
  const text = mentioned(emojify(typed));
  return act("say", { text, channel: sight.channel, ...(thread && { ts: thread }) });
}

function mentioned(text) {
  const longestFirst = sight.people.toSorted((one, other) => other.name.length - one.name.length);
  return longestFirst.reduce((words, person) => words.replaceAll(`@${person.name}`, `<@${person.id}>`), text);
}
