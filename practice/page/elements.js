/** The elements of Block Kit that are not menus of choices: buttons, boxes to type in, dates, boxes to tick. */

import { momentOf, wallTime } from "./dates.js";
import { el } from "./dom.js";
import { allowed, busyWhile, changed, isMany, lengthOf, register, startValue } from "./fields.js";
import { complain, plainText, safeHref, textNodes } from "./mrkdwn.js";
import { freshId, openAt, shut } from "./popups.js";
import { menuOfChoices } from "./selects.js";

const PAUSE_MS = 300;
const FIRST_YEAR = "1000";

const BOXES = {
  plain_text_input: {},
  email_text_input: { inputmode: "email", autocomplete: "off" },
  url_text_input: { inputmode: "url", autocomplete: "off" },
  number_input: { inputmode: "decimal", autocomplete: "off" },
};
// A day's time zone never matters; a moment is shown in the reader's.
const CLOCKS = {
  datepicker: { type: "date", shown: (value) => value, value: (shown) => shown },
  timepicker: { type: "time", shown: (value) => value, value: (shown) => shown.slice(0, 5) },
  datetimepicker: { type: "datetime-local", shown: wallTime, value: momentOf },
};

/**
 * Draws an element.
 * @param {Object} block the block in which it stands
 * @param {Object} element
 * @param {Object} ctx
 * @returns {HTMLElement}
 */
export function renderElement(block, element, ctx) {
  if (element.type === "button") return button(block, element, ctx);
  if (element.type === "overflow") return overflow(block, element, ctx);
  if (element.type === "image") return smallImage(element);
  if (element.type in BOXES) return textBox(block, element, ctx);
  if (element.type in CLOCKS) return clockBox(block, element, ctx);
  if (element.type === "radio_buttons" || element.type === "checkboxes") return ticks(block, element, ctx);
  return element.type.endsWith("_select") ? menuOfChoices(block, element, ctx) : placeholder("element", element.type);
}

/**
 * What stands for a part that this page does not draw.
 * @param {"block"|"element"} what
 * @param {string} type
 * @returns {HTMLElement}
 */
export function placeholder(what, type) {
  complain(`the ${what} ${type} is not drawn`);
  return el("span", { class: "bk-not-drawn" }, `[${what} type ${type} is not drawn here]`);
}

function button(block, element, ctx) {
  const href = element.url && safeHref(element.url);
  const facts = {
    class: element.style ? `bk-button bk-${element.style}` : "bk-button",
    "aria-label": element.accessibility_label,
    dataset: { action: element.action_id ?? "" },
    onclick: (event) => press(event, block, element, ctx, href),
  };
  const kind = href ? { href, target: "_blank", rel: "noopener noreferrer nofollow" } : { type: "button" };
  return el(href ? "a" : "button", { ...facts, ...kind }, textNodes(element.text, ctx));
}

async function press(event, block, element, ctx, href) {
  const node = event.currentTarget;
  if (element.confirm || node.hasAttribute("aria-busy")) event.preventDefault();
  if (node.hasAttribute("aria-busy")) return;
  const state = { type: "button", ...(element.value !== undefined && { value: element.value }) };
  await busyWhile(node, async () => {
    if (!(await allowed(element, ctx))) return;
    if (element.confirm && href) open(href, "_blank", "noopener,noreferrer");
    await ctx.onAction?.(block, element, state);
  });
}

function overflow(block, element, ctx) {
  const panel = el("div", { class: "bk-popup", role: "menu", popover: "auto", id: freshId("menu") });
  const facts = { "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false" };
  const dataset = { action: element.action_id ?? "" };
  const opener = el("button", { type: "button", class: "bk-button bk-overflow", dataset, ...facts }, "⋯");
  opener.popoverTargetElement = panel;
  panel.setAttribute("aria-label", "More actions");
  panel.append(...element.options.map((option) => menuItem(option, ctx, () => pick(option))));
  panel.addEventListener("toggle", (event) => toggled(event.newState === "open", panel, opener));
  panel.addEventListener("keydown", (event) => walkMenu(event, panel));
  const pick = async (option) => {
    shut(panel);
    opener.focus();
    if (opener.hasAttribute("aria-busy") || !(await allowed(element, ctx))) return;
    await busyWhile(opener, () => ctx.onAction?.(block, element, { type: "overflow", selected_option: option }));
  };
  return el("span", { class: "bk-overflow-frame" }, opener, panel);
}

function toggled(isOpen, panel, opener) {
  opener.setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) return shut(panel);
  openAt(panel, opener);
  panel.firstElementChild?.focus();
}

function menuItem(option, ctx, pick) {
  const href = option.url && safeHref(option.url);
  const kind = href ? { href, target: "_blank", rel: "noopener noreferrer nofollow" } : { type: "button" };
  const facts = { class: "bk-choice", role: "menuitem", tabindex: "-1", onclick: pick };
  const item = el(href ? "a" : "button", { ...facts, ...kind }, textNodes(option.text, ctx));
  if (option.description) item.append(el("span", { class: "bk-choice-note" }, textNodes(option.description, ctx)));
  return item;
}

function walkMenu(event, panel) {
  const items = [...panel.children];
  const at = items.indexOf(document.activeElement);
  const goal = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Tab") shut(panel);
  if (goal === undefined) return;
  event.preventDefault();
  items[goal % items.length].focus();
}

function smallImage({ alt_text: words }) {
  return el("span", { class: "bk-small-image", role: "img", "aria-label": words, title: words }, "▧");
}

function textBox(block, element, ctx) {
  const kind = element.multiline ? { rows: "4" } : { type: "text", ...BOXES[element.type] };
  const facts = { class: "bk-box", id: freshId("field"), dataset: { target: "" } };
  const box = el(element.multiline ? "textarea" : "input", { ...facts, ...kind });
  box.placeholder = plainText(element.placeholder);
  box.value = startValue(block, element, ctx) ?? "";
  box.autofocus = Boolean(element.focus_on_load);
  const node = el("div", { class: "bk-field" }, box, counter(element, box));
  const trimmed = () => (element.type === "plain_text_input" ? box.value : box.value.trim());
  const write = (value) => (box.value = value ?? "");
  register(node, { block, element, ctx, target: box, read: () => trimmed() || null, write });
  listenToTyping(node, box, element);
  return node;
}

/** Tells each change at once and, for apps that listen to every character, once the hand rests. */
function listenToTyping(node, box, element) {
  let pause = 0;
  const causes = element.dispatch_action_config?.trigger_actions_on ?? [];
  box.addEventListener("input", () => {
    clearTimeout(pause);
    changed(node, "typed");
    if (causes.includes("on_character_entered")) pause = setTimeout(changed, PAUSE_MS, node, "on_character_entered");
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || element.multiline) return;
    event.preventDefault();
    changed(node, "on_enter_pressed");
  });
}

function counter(element, box) {
  if (element.max_length === undefined && !element.min_length) return null;
  const note = el("span", { class: "bk-counter", dataset: { describes: "" }, id: freshId("counter") });
  const count = () => {
    const length = lengthOf(box.value);
    note.textContent = element.max_length === undefined ? `${length}` : `${length} / ${element.max_length}`;
    note.classList.toggle("bk-over", length > (element.max_length ?? Infinity));
  };
  box.addEventListener("input", count);
  count();
  return note;
}

function clockBox(block, element, ctx) {
  const clock = CLOCKS[element.type];
  const zone = element.timezone ?? ctx.tz;
  const start = startValue(block, element, ctx);
  const facts = { class: "bk-box bk-time", type: clock.type, dataset: { target: "" } };
  const box = el("input", { ...facts, id: freshId("field") });
  box.value = start === null ? "" : clock.shown(start, zone);
  box.autofocus = Boolean(element.focus_on_load);
  const node = el("div", { class: "bk-field" }, box, element.type !== "datepicker" && zone ? zoneNote(zone) : null);
  // While a year is typed the box holds years such as 0020, which nobody means.
  const isWhole = () => box.value && (element.type === "timepicker" || box.value >= FIRST_YEAR);
  const read = () => (isWhole() ? clock.value(box.value, zone) : null);
  const write = (value) => (box.value = value === null ? "" : clock.shown(value, zone));
  register(node, { block, element, ctx, target: box, read, write });
  listenToClock(node, box, read, block.type === "input");
  return node;
}

/** In an input every change counts; elsewhere the app would hear of each digit, so it hears once the hand rests. */
function listenToClock(node, box, read, isInput) {
  let told = read();
  let pause = 0;
  const tell = () => {
    if (read() === told || (!isInput && read() === null)) return;
    told = read();
    changed(node);
  };
  box.addEventListener("input", () => {
    clearTimeout(pause);
    if (isInput) tell();
    else pause = setTimeout(tell, PAUSE_MS * 2);
  });
}

function zoneNote(zone) {
  return el("span", { class: "bk-zone", dataset: { describes: "" }, id: freshId("zone") }, zone.replaceAll("_", " "));
}

function ticks(block, element, ctx) {
  const start = [startValue(block, element, ctx) ?? []].flat();
  const group = freshId("ticks");
  const rows = element.options.map((option) => tick(option, element, ctx, group, start));
  const facts = { class: "bk-ticks", role: isMany(element) ? "group" : "radiogroup", dataset: { group: "" } };
  const node = el("div", facts, ...rows.map(({ row }) => row));
  const boxes = rows.map(({ box }) => box);
  const chosen = () => element.options.filter((_, at) => boxes[at].checked);
  const read = () => (isMany(element) ? chosen() : (chosen()[0] ?? null));
  const write = (value) => tickAs(boxes, element.options, [value ?? []].flat());
  register(node, { block, element, ctx, target: boxes.find((box) => box.checked) ?? boxes[0], read, write });
  node.addEventListener("change", () => changed(node));
  return node;
}

function tickAs(boxes, options, chosen) {
  boxes.forEach((box, at) => (box.checked = isAmong(options[at], chosen)));
}

function tick(option, element, ctx, name, start) {
  const [words, note] = [freshId("tick"), freshId("tick")];
  const box = el("input", { type: isMany(element) ? "checkbox" : "radio", name, "aria-labelledby": words });
  box.checked = isAmong(option, start);
  if (option.description) box.setAttribute("aria-describedby", note);
  const text = el("span", { class: "bk-tick-words" }, el("span", { id: words }, textNodes(option.text, ctx)));
  const described = option.description && textNodes(option.description, ctx);
  if (described) text.append(el("span", { class: "bk-choice-note", id: note }, described));
  return { box, row: el("label", { class: "bk-tick" }, box, text) };
}

const isAmong = (option, options) => options.some(({ value }) => value === option.value);
