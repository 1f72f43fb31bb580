/** What opens over the page from blocks: floating panels and the question before a press. */

import { el } from "./dom.js";
import { textNodes } from "./mrkdwn.js";

const GAP = 4;
const following = new WeakMap();
let made = 0;

/**
 * An id that no other element of the page has.
 * @param {string} kind
 * @returns {string}
 */
export const freshId = (kind) => `${kind}-${++made}`;

/**
 * Shows a panel below its anchor, above it where there is more room, and keeps it there while the page scrolls.
 * @param {HTMLElement} panel with a `popover` attribute
 * @param {HTMLElement} anchor
 */
export function openAt(panel, anchor) {
  if (!panel.matches(":popover-open")) panel.showPopover();
  place(panel, anchor);
  if (following.has(panel)) return;
  const stop = new AbortController();
  following.set(panel, stop);
  const follow = (event) => event.target !== panel && place(panel, anchor);
  addEventListener("scroll", follow, { capture: true, passive: true, signal: stop.signal });
  addEventListener("resize", follow, { signal: stop.signal });
}

/**
 * Hides a panel again.
 * @param {HTMLElement} panel
 */
export function shut(panel) {
  following.get(panel)?.abort();
  following.delete(panel);
  if (panel.isConnected && panel.matches(":popover-open")) panel.hidePopover();
}

function place(panel, anchor) {
  const box = anchor.getBoundingClientRect();
  const below = innerHeight - box.bottom - GAP * 2;
  const above = box.top - GAP * 2;
  const upward = below < Math.min(panel.scrollHeight, 200) && above > below;
  panel.style.maxHeight = `${Math.min(320, upward ? above : below)}px`;
  panel.style.minWidth = `${Math.min(box.width, innerWidth - GAP * 2)}px`;
  panel.style.left = `${Math.max(GAP, Math.min(box.left, innerWidth - panel.offsetWidth - GAP))}px`;
  panel.style.top = `${upward ? box.top - GAP - panel.offsetHeight : box.bottom + GAP}px`;
}

/**
 * Asks the question of a confirm object over everything else.
 * @param {{title: Object, text: Object, confirm: Object, deny: Object, style?: string}} question
 * @param {Object} ctx
 * @returns {Promise<boolean>} whether the person confirmed; Escape denies
 */
export function confirmed(question, ctx) {
  return new Promise((resolve) => {
    const finish = (isYes) => {
      dialog.close();
      dialog.remove();
      resolve(isYes);
    };
    const dialog = questionDialog(question, ctx, finish);
    dialog.addEventListener("close", () => finish(false));
    document.body.append(dialog);
    dialog.showModal();
  });
}

function questionDialog(question, ctx, answer) {
  const [title, text] = [freshId("question"), freshId("question")];
  const aria = { role: "alertdialog", "aria-labelledby": title, "aria-describedby": text };
  return el(
    "dialog",
    { class: "bk-confirm", ...aria },
    el("h2", { id: title }, textNodes(question.title, ctx)),
    el("div", { id: text, class: "bk-text" }, textNodes(question.text, ctx)),
    el(
      "div",
      { class: "bk-answers" },
      answerButton(question.deny, "bk-button", ctx, () => answer(false)),
      answerButton(question.confirm, `bk-button bk-${question.style ?? "primary"}`, ctx, () => answer(true)),
    ),
  );
}

function answerButton(text, style, ctx, answer) {
  return el("button", { type: "button", class: style, onclick: answer }, textNodes(text, ctx));
}
