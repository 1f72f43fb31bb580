/** Messages, as a conversation and as a thread show them. */

import { renderBlocks } from "./blocks.js";
import { emojify, mrkdwn } from "./mrkdwn.js";
import { el, matchChildren } from "./dom.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { report } from "./notices.js";
import { act, knowledge, sight } from "./store.js";
import { clockTime, dateOf, dayKey, dayName, fullTime, now } from "./time.js";

const QUICK = ["thumbsup", "heart", "tada", "eyes", "white_check_mark", "pray", "raised_hands", "thinking_face", "joy", "rocket", "fire", "wave"];
const TOGETHER_S = 300;

/**
 * Draws messages into a list, touching only what changed.
 * @param {HTMLElement} list
 * @param {Object[]} messages oldest first
 * @param {{newSince: string, openThread: ?function(string): void}} how `newSince` is the ts after which messages are new
 */
export function drawMessages(list, messages, how) {
  const items = [];
  messages.forEach((message, at) => {
    const before = messages[at - 1];
    const isNewDay = !before || dayKey(dateOf(before.ts)) !== dayKey(dateOf(message.ts));
    const isFirstNew = how.newSince && isAfter(message.ts, how.newSince) && !(before && isAfter(before.ts, how.newSince));
    if (isNewDay) items.push(divider(`day ${message.ts}`, dayName(dateOf(message.ts)), "day"));
    if (isFirstNew) items.push(divider(`new ${message.ts}`, "New", "new"));
    items.push(item(message, !isNewDay && !isFirstNew && belongsTo(before, message), how));
  });
  matchChildren(list, items);
}

const isAfter = (ts, other) => Number(ts) > Number(other);

/** Whether a message stands under the one before without its author's name. Those of an app stand by themselves. */
function belongsTo(before, message) {
  if (message.bot_id) return false;
  const near = Number(message.ts) - Number(before.ts) < TOGETHER_S;
  return near && before.user === message.user && !before.ephemeral && !message.ephemeral && before.subtype !== "tombstone";
}

function divider(key, words, look) {
  const draw = () => el("div", { class: `divider ${look}`, role: "separator", "aria-label": words }, el("span", {}, words));
  return { key, mark: words, draw };
}

function item(message, isNext, how) {
  const mark = JSON.stringify([message, isNext, sight.me.id, sight.me.tz, dayKey(now())]);
  return { key: message.ts, mark, draw: () => drawMessage(message, isNext, how) };
}

function drawMessage(message, isNext, how) {
  const author = authorOf(message);
  const look = ["message", isNext && "next", message.ephemeral && "ephemeral"].filter(Boolean).join(" ");
  return el(
    "article",
    { class: look, tabindex: "-1", "aria-label": `${author.name}, ${clockTime(dateOf(message.ts))}`, dataset: { ts: message.ts } },
    el("div", { class: "face", "aria-hidden": "true", dataset: { hue: hue(message.user) } }, [...author.name][0].toUpperCase()),
    el("div", { class: "words" }, ...notes(message, how), heading(author, message), body(message), ...under(message, how)),
    tools(message, how),
  );
}

function notes(message, how) {
  const said = [];
  if (message.ephemeral) said.push("Only visible to you");
  if (message.subtype === "thread_broadcast") said.push(broadcastNote(message, how));
  return said.map((words) => el("p", { class: "note" }, words));
}

function broadcastNote(message, how) {
  if (!how.openThread) return "also sent to the conversation";
  const first = sight.messages.find((other) => other.ts === message.thread_ts);
  const words = mrkdwn(first?.text ?? "", context(message)).textContent;
  return el("button", { type: "button", class: "to-thread", onclick: () => how.openThread(message.thread_ts) }, `replied to a thread: ${words}`);
}

function authorOf(message) {
  const known = sight.people.find((person) => person.id === message.user);
  if (!known) console.warn(`a message is by ${message.user}, who is not known here`);
  return known ?? { name: message.subtype === "tombstone" ? "Slackbot" : `unknown person ${message.user}` };
}

function heading(author, message) {
  const when = dateOf(message.ts);
  return el(
    "p",
    { class: "by" },
    el("b", {}, author.name),
    message.bot_id && el("span", { class: "app" }, "APP"),
    el("time", { datetime: when.toISOString(), title: fullTime(when) }, clockTime(when)),
  );
}

function body(message) {
  const root = el("div", { class: "body" });
  if (message.blocks?.length) root.append(renderBlocks(message.blocks, context(message)));
  else root.append(message.mrkdwn ? mrkdwn(message.text, context(message)) : message.text);
  if (message.edited) root.append(el("span", { class: "edited" }, "(edited)"));
  root.append(...(message.attachments ?? []).map((part) => attachment(part, message)), ...(message.files ?? []).map(file));
  return root;
}

function attachment(part, message) {
  const shown = part.blocks ? renderBlocks(part.blocks, context(message)) : mrkdwn(part.text ?? part.fallback ?? "", context(message));
  return el("div", { class: "attachment" }, shown);
}

function file(facts) {
  return el("p", { class: "file" }, icon("file"), ` ${facts.title ?? facts.name ?? facts.id}`);
}

function context(message) {
  const where = { channel: sight.channel, ts: message.ts };
  const ids = (block, element) => ({ block_id: block.block_id, action_id: element.action_id });
  return {
    surface: "message",
    ...knowledge(),
    values: {},
    errors: {},
    onAction: async (block, element, state) => report(await act("press_element", { ...where, ...ids(block, element), state })),
    onInput: () => {},
    suggest: async (block, element, query) => (await act("suggest", { ...where, ...ids(block, element), query })).result ?? [],
  };
}

function under(message, how) {
  const parts = [];
  if (message.reactions) parts.push(el("div", { class: "reactions" }, ...message.reactions.map((one) => reaction(one, message))));
  if (how.openThread && message.reply_count) parts.push(threadLine(message, how));
  return parts;
}

function reaction(one, message) {
  const mine = one.users.includes(sight.me.id);
  const who = one.users.map((id) => sight.people.find((person) => person.id === id)?.name ?? id).join(", ");
  const label = `${one.name.replaceAll("_", " ")}, ${one.count}: ${who}`;
  const toggle = () => react(one.name, message);
  return el("button", { type: "button", class: "reaction", "aria-pressed": String(mine), "aria-label": label, title: label, onclick: toggle }, `${emojify(`:${one.name}:`)} ${one.count}`);
}

async function react(name, message) {
  const mine = (message.reactions ?? []).some((one) => one.name === name && one.users.includes(sight.me.id));
  report(await act(mine ? "unreact" : "react", { name, channel: sight.channel, ts: message.ts }));
}

function threadLine(message, how) {
  const words = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  const last = dateOf(message.latest_reply);
  const when = el("time", { title: fullTime(last) }, `last ${dayName(last)}, ${clockTime(last)}`);
  return el("button", { type: "button", class: "replies", onclick: () => how.openThread(message.ts) }, el("b", {}, words), " ", when);
}

function tools(message, how) {
  const isLasting = !message.ephemeral && message.subtype !== "tombstone";
  if (!isLasting) return null;
  const root = message.reply ? message.thread_ts : message.ts;
  return el(
    "div",
    { class: "tools" },
    tool("face", "Add a reaction", (event) => openMenu(event.currentTarget, reactions(message), "Reactions", "emoji")),
    how.openThread && tool("reply", "Reply in thread", () => how.openThread(root)),
    tool("more", "More actions", (event) => openMenu(event.currentTarget, shortcuts(message), "Message actions")),
  );
}

function tool(sign, label, run) {
  const opens = label === "Reply in thread" ? {} : { "aria-haspopup": "menu", "aria-expanded": "false" };
  return el("button", { type: "button", "aria-label": label, title: label, ...opens, onclick: run }, icon(sign));
}

function reactions(message) {
  return QUICK.map((name) => ({ label: emojify(`:${name}:`), title: name.replaceAll("_", " "), run: () => react(name, message) }));
}

function shortcuts(message) {
  const offered = sight.app.shortcuts.filter((one) => one.type === "message");
  const use = async (one) => report(await act("message_shortcut", { callback_id: one.callback_id, channel: sight.channel, ts: message.ts }));
  const items = offered.map((one) => ({ label: one.name, hint: sight.app.name, run: () => use(one) }));
  return [...items, { label: "Copy text", run: () => navigator.clipboard?.writeText(message.text) }];
}

function hue(id) {
  return String([...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6);
}
