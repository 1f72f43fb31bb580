/** The rich_text block: structure instead of markup, so its words stand as they are. */

import { dateText } from "./dates.js";
import { el } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { broadcast, complain, link, mention } from "./mrkdwn.js";

const PARTS = {
  rich_text_section: (part, ctx) => el("div", { class: "bk-line" }, ...line(part, ctx)),
  rich_text_quote: (part, ctx) => el("blockquote", {}, ...line(part, ctx)),
  rich_text_preformatted: (part, ctx) => el("pre", {}, el("code", {}, ...line(part, ctx))),
  rich_text_list: list,
};
const FACES = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };
const INLINE = {
  text: ({ text }) => text,
  link: ({ url, text }) => link(url, text || url),
  user: ({ user_id: id }, ctx) => mention("@", id, ctx),
  usergroup: ({ usergroup_id: id }, ctx) => mention("@", id, ctx),
  channel: ({ channel_id: id }, ctx) => mention("#", id, ctx),
  team: ({ team_id: id }) => String(id),
  broadcast: ({ range }) => broadcast(range),
  emoji: (part) => emoji(part),
  color: ({ value }) => color(value),
  date: (part, ctx) => date(part, ctx),
};

/**
 * Draws the parts of rich text.
 * @param {{elements: Object[]}} block
 * @param {Object} ctx
 * @returns {HTMLElement}
 */
export function richText(block, ctx) {
  const parts = block.elements.map((part) => PARTS[part.type]?.(part, ctx) ?? unknown(part.type));
  return el("div", { class: "bk-rich-text" }, ...parts);
}

function list(part, ctx) {
  const items = part.elements.map((item) => el("li", {}, ...line(item, ctx)));
  const isOrdered = part.style === "ordered";
  const indent = Math.min(Number(part.indent) || 0, 8);
  const start = isOrdered && part.offset ? Number(part.offset) + 1 : null;
  const node = el(isOrdered ? "ol" : "ul", { class: `bk-indent-${indent}`, start }, ...items);
  node.classList.toggle("bk-bordered", Boolean(part.border));
  return node;
}

const line = (part, ctx) => part.elements.map((element) => styled(element, ctx));

function styled(element, ctx) {
  const node = Object.hasOwn(INLINE, element.type) ? INLINE[element.type](element, ctx) : unknown(element.type);
  const faces = Object.keys(FACES).filter((face) => element.style?.[face]);
  return faces.reduce((inner, face) => el(FACES[face], {}, inner), node);
}

function unknown(type) {
  complain(`the rich text part ${type} is not drawn`);
  return el("span", { class: "bk-not-drawn" }, `[rich text type ${type} is not drawn here]`);
}

function emoji({ name, unicode }) {
  const isCode = /^[0-9a-f]{2,6}(-[0-9a-f]{2,6})*$/i.test(unicode ?? "");
  const points = isCode ? unicode.split("-").map((hex) => parseInt(hex, 16)) : [];
  if (points.length && points.every((point) => point <= 0x10ffff)) return String.fromCodePoint(...points);
  return EMOJI.get(name) ?? `:${name}:`;
}

function color(value) {
  const swatch = el("span", { class: "bk-swatch", "aria-hidden": "true" });
  if (/^#?[0-9a-f]{3,6}$/i.test(value)) swatch.style.backgroundColor = `#${value.replace("#", "")}`;
  return el("span", {}, swatch, value);
}

function date({ timestamp, format, url, fallback }, ctx) {
  const isMoment = /^\d{1,10}$/.test(String(timestamp));
  const shown = isMoment ? dateText(Number(timestamp), format, ctx) : (fallback ?? String(timestamp));
  return url ? link(url, shown) : el("span", { title: fallback }, shown);
}
