/** The modal over the page: drawn anew when the app changes it, kept as it is while somebody types. */

import { checkInputs, collectValues, renderBlocks, showErrors } from "./blocks.js";
import { byId, el } from "./dom.js";
import { icon } from "./icons.js";
import { hear, report, wrong } from "./notices.js";
import { act, knowledge, sight } from "./store.js";

const PAUSE_MS = 200;

let shown = null; // {id, hash, errors, root}
let waiting = new Map();
let timer = 0;
let line = Promise.resolve();
let isSending = false;

/** Shows the person's top modal, changes it, or closes it. */
export function drawModal() {
  const view = sight.modal;
  const dialog = byId("modal");
  if (!view) return close(dialog);
  const errors = JSON.stringify(view.errors);
  if (shown?.id === view.id && shown.hash === view.hash) {
    if (errors !== shown.errors) showErrors(shown.root, view.errors);
    shown.errors = errors;
    return;
  }
  draw(dialog, view, errors);
}

function close(dialog) {
  shown = null;
  waiting.clear();
  if (dialog.open) dialog.close();
}

function draw(dialog, view, errors) {
  const isSame = shown?.id === view.id;
  const values = isSame ? merged(view.values, collectValues(shown.root)) : view.values;
  const spot = isSame ? dialog.querySelector(".scroll")?.scrollTop : 0;
  const held = isSame ? heldBy(dialog) : null;
  if (!isSame) waiting.clear();
  const root = renderBlocks(view.blocks, context(view, values));
  dialog.replaceChildren(frame(view, root));
  shown = { id: view.id, hash: view.hash, errors, root };
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".scroll").scrollTop = spot ?? 0;
  focus(dialog, held);
  if (!isSame) hear(view.title?.text ?? "");
}

/** What was typed since the workspace last heard of it, where the input is still the same. */
function merged(known, typed) {
  const values = structuredClone(known);
  for (const [block, entries] of Object.entries(typed)) {
    for (const [action, entry] of Object.entries(entries)) {
      if (values[block]?.[action]?.type === entry.type) values[block][action] = entry;
    }
  }
  return values;
}

function heldBy(dialog) {
  const at = document.activeElement;
  const named = at?.closest?.("[data-block-id]")?.dataset.blockId;
  return dialog.contains(at) ? { named, id: at.id } : null;
}

function focus(dialog, held) {
  const blocks = [...dialog.querySelectorAll("[data-block-id]")];
  const same = held?.named && blocks.find((node) => node.dataset.blockId === held.named);
  const reachable = "input, textarea, select, button, [tabindex='0']";
  const target = (same || dialog.querySelector(".scroll")).querySelector(reachable) ?? dialog.querySelector("footer button");
  target?.focus();
}

function frame(view, root) {
  const submit = view.submit && el("button", { type: "submit", class: "primary" }, view.submit.text);
  const leave = el("button", { type: "button", onclick: () => act("leave", { view: view.id }) }, view.close?.text ?? (submit ? "Cancel" : "Close"));
  const cross = el("button", { type: "button", class: "plain cross", "aria-label": "Close everything", onclick: () => act("leave", { view: view.id, everything: true }) }, icon("close"));
  const send = (event) => {
    event.preventDefault();
    submitForm(view, event.currentTarget, root);
  };
  return el(
    "form",
    { novalidate: true, onsubmit: send },
    el("header", {}, el("h2", { id: "modal-title" }, view.title?.text ?? ""), cross),
    el("div", { class: "scroll" }, root),
    el("p", { class: "trouble", role: "alert", hidden: true }),
    el("footer", {}, el("small", {}, sight.app.name), leave, submit),
  );
}

async function submitForm(view, form, root) {
  if (isSending || !view.submit || !checkInputs(root)) return;
  isSending = true;
  form.setAttribute("aria-busy", "true");
  waiting.clear();
  const told = await inLine(() => act("send_form", { view: view.id, values: collectValues(root) }));
  isSending = false;
  form.removeAttribute("aria-busy");
  const note = form.querySelector(".trouble");
  const sentence = wrong(told);
  note.textContent = sentence && `${sentence} What you typed is still here; try again.`;
  note.hidden = !sentence;
}

function context(view, values) {
  const ids = (block, element) => ({ view: view.id, block_id: block.block_id, action_id: element.action_id });
  return {
    surface: "modal",
    ...knowledge(),
    values,
    errors: view.errors,
    onAction: (block, element, state) => press({ ...ids(block, element), state }),
    onInput: (block, element, state) => later({ ...ids(block, element), state }),
    suggest: async (block, element, query) => (await act("suggest", { ...ids(block, element), query })).result ?? [],
  };
}

/** Lets what was typed arrive before the press, so that the app gets it with the view. */
async function press(facts) {
  await keepNow();
  report(await inLine(() => act("press_element", facts)));
}

function later(facts) {
  waiting.set(`${facts.block_id} ${facts.action_id}`, facts);
  clearTimeout(timer);
  timer = setTimeout(keepNow, PAUSE_MS);
}

function keepNow() {
  const entries = [...waiting.values()];
  waiting.clear();
  return inLine(() => Promise.all(entries.map((facts) => act("type_in", facts))));
}

/** One after the other: what was typed later must not arrive earlier. */
function inLine(work) {
  line = line.then(work, work);
  return line;
}

/**
 * The context of the Home tab, whose inputs behave as a modal's do.
 * @param {Object} view
 * @returns {Object}
 */
export function homeContext(view) {
  return { ...context(view, view.values), surface: "home" };
}

/** Lets Esc close the top view alone, as the app must hear of it. */
export function watchEscape() {
  byId("modal").addEventListener("cancel", (event) => {
    event.preventDefault();
    if (sight.modal) act("leave", { view: sight.modal.id });
  });
}
