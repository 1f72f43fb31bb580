/** Block Kit on screen: the blocks of a message, a modal or the Home tab. */

import { el } from "./dom.js";
import { placeholder, renderElement } from "./elements.js";
import { setError } from "./fields.js";
import { mrkdwn, plainText, textNodes } from "./mrkdwn.js";
import { freshId } from "./popups.js";
import { richText } from "./richtext.js";

export { checkInputs, collectValues, focusOnLoad, showErrors } from "./fields.js";

const DRAWN = {
  section,
  header: ({ text }, ctx) => el("h3", { class: "bk-header" }, textNodes(text, ctx)),
  context: ({ elements }, ctx) => el("div", { class: "bk-context" }, ...elements.map((part) => contextPart(part, ctx))),
  divider: () => el("hr"),
  actions,
  image,
  rich_text: richText,
  input: (block, ctx) => renderElement(block, block.element, ctx),
};

/**
 * Draws blocks.
 * @param {Object[]} blocks as Slack's documentation has them, with block_id and action_id
 * @param {Object} ctx `surface`, `names`, `channels`, `people`, `conversations`, `values`, `errors`, and the callbacks
 *   `onAction(block, element, state)`, whose promise, if it gives one, keeps the pressed button busy;
 *   `onInput(block, element, state)`; `suggest(block, element, query)`. May have `me`, `locale`, `tz` and `now`.
 * @returns {HTMLElement}
 */
export function renderBlocks(blocks, ctx) {
  return el("div", { class: `bk-blocks bk-on-${ctx.surface}` }, ...blocks.map((block) => renderBlock(block, ctx)));
}

function renderBlock(block, ctx) {
  const draw = Object.hasOwn(DRAWN, block.type) ? DRAWN[block.type] : () => placeholder("block", block.type);
  const node = el("div", { class: `bk-block bk-${block.type}-block` }, draw(block, ctx));
  if (block.block_id) node.dataset.blockId = block.block_id;
  return block.type === "input" ? wiredInput(node, block, ctx) : node;
}

function section(block, ctx) {
  const words = el("div", { class: "bk-words" });
  if (block.text) words.append(el("div", { class: "bk-text" }, textNodes(block.text, ctx)));
  if (block.fields) words.append(fieldGrid(block.fields, ctx));
  const accessory = block.accessory && el("div", { class: "bk-accessory" }, named(block, block.accessory, ctx));
  return el("div", { class: "bk-section" }, words, accessory);
}

function fieldGrid(fields, ctx) {
  const cells = fields.map((field) => el("div", { class: "bk-text" }, textNodes(field, ctx)));
  return el("div", { class: "bk-fields" }, ...cells);
}

function contextPart(part, ctx) {
  if (part.type === "image") return renderElement({}, part, ctx);
  return el("div", { class: "bk-text" }, part.type === "mrkdwn" ? mrkdwn(part.text, ctx) : textNodes(part, ctx));
}

function actions(block, ctx) {
  return el("div", { class: "bk-actions" }, ...block.elements.map((element) => named(block, element, ctx)));
}

/** An element that has no label of its own: for screen readers the text beside it and its placeholder name it. */
function named(block, element, ctx) {
  const node = renderElement(block, element, ctx);
  const name = [plainText(block.text, ctx), plainText(element.placeholder, ctx)].filter(Boolean).join(": ");
  targetOf(node)?.setAttribute("aria-label", name || "Choice");
  return node;
}

/** What in a drawn element takes label and notes: the box, or the group of boxes; a button has neither. */
const targetOf = (node) => ("group" in node.dataset ? node : node.querySelector("[data-target]"));

/** Nothing is loaded from the network, so a picture is a frame with its description. */
function image(block, ctx) {
  const title = block.title && el("div", { class: "bk-image-title" }, textNodes(block.title, ctx));
  const facts = { class: "bk-image-frame", role: "img", "aria-label": block.alt_text };
  const frame = el("div", facts, `▧ ${block.alt_text}`);
  return el("figure", { class: "bk-image" }, title, frame);
}

/** Ties the label, the hint and the place for an error to what they are about. */
function wiredInput(node, block, ctx) {
  const ids = { label: freshId("label"), hint: freshId("hint"), error: freshId("error") };
  const field = node.firstElementChild;
  const target = targetOf(field);
  node.prepend(labelOf(block, ids.label, target, ctx));
  if (block.hint) node.append(el("div", { class: "bk-hint", id: ids.hint }, textNodes(block.hint, ctx)));
  node.append(el("div", { class: "bk-error", id: ids.error, role: "alert" }));
  if (target) describe(target, field, ids, block);
  setError(node, ctx.errors?.[block.block_id] ?? "");
  return node;
}

function labelOf(block, id, target, ctx) {
  const optional = block.optional && el("span", { class: "bk-optional" }, " (optional)");
  const facts = target?.id ? { for: target.id } : {};
  return el(target?.id ? "label" : "div", { class: "bk-label", id, ...facts }, textNodes(block.label, ctx), optional);
}

function describe(target, field, ids, block) {
  const notes = [...field.querySelectorAll("[data-describes]")].map(({ id }) => id);
  target.setAttribute("aria-describedby", [...(block.hint ? [ids.hint] : []), ids.error, ...notes].join(" "));
  if ("group" in target.dataset) target.setAttribute("aria-labelledby", ids.label);
  if (!block.optional && target.getAttribute("role") !== "group") target.setAttribute("aria-required", "true");
}
