/** The places on the left, with what is unread. */

import { byId, el, matchChildren } from "./dom.js";
import { icon } from "./icons.js";
import { place, sight } from "./store.js";

/**
 * Draws the sidebar.
 * @param {function(Object): void} visit called with the changes of place
 */
export function drawSidebar(visit) {
  const direct = sight.conversations.filter((row) => row.kind === "im");
  const rooms = sight.conversations.filter((row) => row.kind !== "im");
  const items = [title("Channels"), ...rooms.map((row) => entry(row, visit)), title("Apps"), ...direct.map((row) => entry(row, visit))];
  if (sight.problems.length) items.push(title("Problems"), problems());
  matchChildren(byId("side"), items);
}

function title(words) {
  return { key: words, mark: words, draw: () => el("h2", {}, words) };
}

function entry(row, visit) {
  const isHere = row.id === sight.channel;
  const mark = JSON.stringify([row.name, row.kind, row.unread, isHere, place().as]);
  return { key: row.id, mark, draw: () => drawEntry(row, isHere, visit) };
}

function drawEntry(row, isHere, visit) {
  const unread = row.unread > 0 && el("span", { class: "unread" }, String(row.unread), el("span", { class: "unseen" }, " unread"));
  const go = (event) => {
    event.preventDefault();
    visit({ in: row.id, thread: "", tab: "" });
  };
  const facts = { class: row.unread ? "fresh" : "", "aria-current": isHere ? "page" : null, href: `/?as=${sight.me.id}&in=${row.id}`, onclick: go };
  return el("a", facts, sign(row), el("span", { class: "name" }, row.name), unread);
}

/**
 * The sign before a conversation's name.
 * @param {Object} row
 * @returns {SVGElement}
 */
export function sign(row) {
  return icon({ channel: "hash", group: "lock", mpim: "lock" }[row.kind] ?? "app");
}

function problems() {
  const mark = JSON.stringify(sight.problems);
  const draw = () => el("ul", { class: "problems", "aria-label": "What Slack would not have taken" }, ...sight.problems.slice(-5).map((words) => el("li", {}, words)));
  return { key: "problems", mark, draw };
}
