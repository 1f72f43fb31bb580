/** Menus of choices as comboboxes: what can be chosen is filtered while typing, by mouse or by keyboard alone. */

import { el } from "./dom.js";
import { changed, isMany, register, startValue } from "./fields.js";
import { complain, plainText } from "./mrkdwn.js";
import { freshId, openAt, shut } from "./popups.js";
import { sourceOf } from "./sources.js";

const PAUSE_MS = 250;
const SILENT = "The app did not answer.";

/**
 * Draws a select of any kind, for one choice or several.
 * @param {Object} block
 * @param {Object} element
 * @param {Object} ctx
 * @returns {HTMLElement}
 */
export function menuOfChoices(block, element, ctx) {
  const menu = newMenu(block, element, ctx);
  write(menu, startValue(block, element, ctx));
  const field = { block, element, ctx, target: menu.box };
  register(menu.node, { ...field, read: () => read(menu), write: (value) => write(menu, value) });
  listen(menu);
  return menu.node;
}

/** A menu is a plain object: its nodes, what is chosen, and what the open list offers. */
function newMenu(block, element, ctx) {
  const list = el("ul", { class: "bk-popup", role: "listbox", popover: "manual", id: freshId("list") });
  const box = comboBox(element, list.id);
  const status = el("span", { class: "bk-heard", role: "status" });
  const chips = el("ul", { class: "bk-chips", "aria-label": "Chosen", hidden: true });
  const clear = el("button", { type: "button", class: "bk-clear", "aria-label": "Clear the choice" }, "×");
  const frame = el("div", { class: isMany(element) ? "bk-combo bk-many" : "bk-combo" }, chips, box, clear);
  const node = el("div", { class: "bk-field" }, frame, list, status);
  list.setAttribute("aria-label", plainText(element.placeholder) || "Choices");
  list.setAttribute("aria-multiselectable", String(isMany(element)));
  const nodes = { node, frame, box, list, status, chips, clear };
  const source = sourceOf(block, element, ctx);
  const rest = { chosen: [], items: [], active: -1, asked: 0, pause: 0 };
  return { ...nodes, ...rest, element, source, many: isMany(element), canClear: Boolean(block.optional) };
}

function comboBox(element, listId) {
  const aria = { role: "combobox", "aria-controls": listId, "aria-expanded": "false", "aria-autocomplete": "list" };
  const plain = { type: "text", autocomplete: "off", spellcheck: "false", dataset: { target: "" } };
  const box = el("input", { class: "bk-box", id: freshId("field"), ...plain, ...aria });
  box.autofocus = Boolean(element.focus_on_load);
  return box;
}

function read({ many, chosen }) {
  const values = chosen.map(({ value }) => value);
  return many ? values : (values[0] ?? null);
}

function write(menu, value) {
  menu.chosen = [value ?? []].flat().map(menu.source.item);
  paint(menu);
}

/** Shows what is chosen: one choice stands in the box, several are chips before it. */
function paint(menu) {
  const { box, chips, clear, chosen, many, element } = menu;
  box.value = many ? "" : (chosen[0]?.text ?? "");
  box.placeholder = many && chosen.length ? "" : plainText(element.placeholder) || "Choose…";
  chips.replaceChildren(...(many ? chosen.map((item) => chip(menu, item)) : []));
  chips.hidden = !chips.childElementCount;
  clear.hidden = many || !menu.canClear || !chosen.length;
}

function chip(menu, item) {
  const remove = (event) => {
    event.stopPropagation();
    toggle(menu, item);
    menu.box.focus();
  };
  const facts = { type: "button", class: "bk-chip", "aria-label": `Remove ${item.text}`, onclick: remove };
  return el("li", {}, el("button", facts, item.text, el("span", { "aria-hidden": "true" }, "×")));
}

function listen(menu) {
  const { node, frame, box, list, clear } = menu;
  frame.addEventListener("click", () => (box.focus(), show(menu)));
  box.addEventListener("input", () => typed(menu));
  box.addEventListener("keydown", (event) => keyed(menu, event));
  node.addEventListener("focusout", (event) => node.contains(event.relatedTarget) || leave(menu));
  // The list never takes the keyboard from the box; so a press in it does not count as leaving.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  clear.addEventListener("click", (event) => {
    event.stopPropagation();
    choose(menu, []);
    box.focus();
  });
}

const isOpen = ({ box }) => box.getAttribute("aria-expanded") === "true";

function show(menu) {
  if (isOpen(menu)) return;
  menu.box.setAttribute("aria-expanded", "true");
  if (!menu.many) menu.box.select();
  offer(menu, "");
}

function close(menu) {
  clearTimeout(menu.pause);
  menu.asked += 1;
  menu.active = -1;
  menu.box.setAttribute("aria-expanded", "false");
  menu.box.removeAttribute("aria-activedescendant");
  menu.status.textContent = "";
  shut(menu.list);
}

function leave(menu) {
  close(menu);
  paint(menu);
}

function typed(menu) {
  menu.box.setAttribute("aria-expanded", "true");
  offer(menu, menu.box.value.trim());
}

/** Offers what a query finds: at once where the choices are known, after a pause where the app is asked. */
function offer(menu, query) {
  clearTimeout(menu.pause);
  const mine = ++menu.asked;
  const { least = 0, find } = menu.source;
  if (query.length < least) return say(menu, `Type at least ${least} character${least === 1 ? "" : "s"}`);
  if (!menu.source.isAsked) return fill(menu, find(query), query);
  say(menu, "Looking…");
  menu.pause = setTimeout(() => ask(menu, mine, query), query ? PAUSE_MS : 0);
}

async function ask(menu, mine, query) {
  let groups = null;
  try {
    groups = await menu.source.find(query);
  } catch (trouble) {
    complain(`suggestions for ${menu.element.action_id}: ${trouble}`);
  }
  if (mine !== menu.asked) return;
  if (groups) fill(menu, groups, query);
  else say(menu, SILENT);
}

function say(menu, sentence) {
  menu.items = [];
  mark(menu, -1);
  menu.list.replaceChildren(el("li", { class: "bk-list-note", role: "option", "aria-disabled": "true" }, sentence));
  menu.status.textContent = sentence;
  openAt(menu.list, menu.frame);
}

function fill(menu, groups, query) {
  const filled = groups.filter(({ items }) => items.length);
  if (!filled.length) return say(menu, "Nothing found");
  menu.items = [];
  menu.list.replaceChildren(...filled.flatMap((group) => groupNodes(menu, group)));
  openAt(menu.list, menu.frame);
  mark(menu, startAt(menu, query));
  menu.status.textContent = `${menu.items.length} to choose from`;
}

function startAt({ items, chosen, many }, query) {
  const at = many || query ? -1 : items.findIndex(({ key }) => key === chosen[0]?.key);
  return Math.max(at, 0);
}

function groupNodes(menu, { label, items }) {
  const rows = items.map((item) => choiceNode(menu, item));
  if (!label) return rows;
  const id = freshId("group");
  const heading = el("div", { class: "bk-group-label", id, role: "presentation" }, label);
  return [el("li", { role: "presentation" }, heading, el("ul", { role: "group", "aria-labelledby": id }, ...rows))];
}

function choiceNode(menu, item) {
  const picked = isChosen(menu, item);
  const closed = !picked && isFull(menu);
  const note = item.note && el("span", { class: "bk-choice-note" }, item.note);
  const aria = { role: "option", "aria-selected": String(picked), "aria-disabled": closed && "true" };
  const at = menu.items.length;
  const mouse = { onclick: () => pick(menu, item), onpointermove: () => menu.active === at || mark(menu, at) };
  const facts = { class: "bk-choice", id: freshId("choice"), ...mouse };
  const node = el("li", { ...facts, ...aria }, el("span", {}, item.text), note);
  menu.items.push({ ...item, node });
  return node;
}

const isChosen = ({ chosen }, { key }) => chosen.some((item) => item.key === key);
const isFull = ({ many, chosen, element }) => many && chosen.length >= (element.max_selected_items ?? Infinity);

function mark(menu, at) {
  menu.items.forEach(({ node }, place) => node.classList.toggle("bk-active", place === at));
  menu.active = at;
  const node = menu.items[at]?.node;
  if (!node) return menu.box.removeAttribute("aria-activedescendant");
  menu.box.setAttribute("aria-activedescendant", node.id);
  node.scrollIntoView({ block: "nearest" });
}

function keyed(menu, event) {
  if (event.isComposing) return;
  const deed = { ArrowDown: down, ArrowUp: up, Enter: enter, Escape: escape, Backspace: backspace }[event.key];
  if (event.key === "Tab") leave(menu);
  if (!deed?.(menu)) return;
  event.preventDefault();
  event.stopPropagation();
}

function down(menu) {
  if (isOpen(menu)) step(menu, 1);
  else show(menu);
  return true;
}

function up(menu) {
  if (isOpen(menu)) step(menu, -1);
  return isOpen(menu);
}

function step(menu, by) {
  const count = menu.items.length;
  if (count) mark(menu, (menu.active + by + count) % count);
}

function enter(menu) {
  if (!isOpen(menu)) show(menu);
  else if (menu.active >= 0) pick(menu, menu.items[menu.active]);
  return true;
}

/** Closes the list and leaves the modal around it open. */
function escape(menu) {
  const wasOpen = isOpen(menu);
  if (wasOpen) leave(menu);
  return wasOpen;
}

function backspace(menu) {
  if (!menu.many || menu.box.value || !menu.chosen.length) return false;
  toggle(menu, menu.chosen.at(-1));
  return true;
}

function pick(menu, item) {
  if (menu.many) return toggle(menu, item);
  choose(menu, [item]);
}

function toggle(menu, item) {
  if (!isChosen(menu, item) && isFull(menu)) return;
  const rest = menu.chosen.filter(({ key }) => key !== item.key);
  choose(menu, isChosen(menu, item) ? rest : [...rest, item]);
}

/** Takes a choice and tells it; the choice made already, made again, is nothing new. */
function choose(menu, items) {
  const before = menu.chosen.map(({ key }) => key).join("\n");
  menu.chosen = items.map(({ key, text, value }) => ({ key, text, value }));
  leave(menu);
  if (before !== menu.chosen.map(({ key }) => key).join("\n")) changed(menu.node);
}
