/** Everything in blocks that holds a value: what it holds, telling of changes, the client's own rules, errors. */

import { complain } from "./mrkdwn.js";
import { confirmed } from "./popups.js";

const VALUE_KEY = {
  plain_text_input: "value",
  email_text_input: "value",
  url_text_input: "value",
  number_input: "value",
  static_select: "selected_option",
  external_select: "selected_option",
  users_select: "selected_user",
  conversations_select: "selected_conversation",
  channels_select: "selected_channel",
  multi_static_select: "selected_options",
  multi_external_select: "selected_options",
  multi_users_select: "selected_users",
  multi_conversations_select: "selected_conversations",
  multi_channels_select: "selected_channels",
  checkboxes: "selected_options",
  radio_buttons: "selected_option",
  datepicker: "selected_date",
  timepicker: "selected_time",
  datetimepicker: "selected_date_time",
};
const TYPED = new Set(["plain_text_input", "email_text_input", "url_text_input", "number_input"]);
const REQUIRED = "Please complete this required field.";
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i;
const RULES = {
  plain_text_input: wrongLength,
  email_text_input: (_, value) => (EMAIL.test(value) ? "" : "Please enter a valid email address."),
  url_text_input: (_, value) => (ADDRESS.test(value) ? "" : "Please enter a valid URL."),
  number_input: wrongNumber,
};

// What is drawn for each field: {block, element, ctx, node, target, read, write, told}.
const fields = new WeakMap();

/**
 * What an element begins with: the value that the workspace holds, else the app's initial one.
 * @param {Object} block
 * @param {Object} element
 * @param {Object} ctx
 * @returns {*} in the form of view.state; null when there is none, for several choices an empty list
 */
export function startValue(block, element, ctx) {
  const key = VALUE_KEY[element.type];
  const kept = ctx.values?.[block.block_id]?.[element.action_id];
  const initial = key === "value" ? element.initial_value : element[key.replace("selected_", "initial_")];
  return (kept ? kept[key] : initial) ?? (isMany(element) ? [] : null);
}

/**
 * Whether an element holds a list.
 * @param {Object} element
 * @returns {boolean}
 */
export const isMany = (element) => element.type === "checkboxes" || element.type.startsWith("multi_");

/**
 * Makes a node known as the field of an element.
 * @param {HTMLElement} node
 * @param {Object} field block, element, ctx, target (what takes the focus), read() and write(value)
 */
export function register(node, field) {
  node.dataset.field = field.element.action_id ?? "";
  fields.set(node, { ...field, node, told: field.read() });
}

/**
 * Tells of a change: the workspace keeps it, and the app hears of it if it asked to.
 * @param {HTMLElement} node the field
 * @param {"chosen"|"typed"|"on_character_entered"|"on_enter_pressed"} [cause]
 */
export async function changed(node, cause = "chosen") {
  const field = fields.get(node);
  const { block, element, ctx } = field;
  const heard = isHeard(block, element, cause);
  const isKept = block.type === "input" && ctx.surface !== "message" && cause !== "on_enter_pressed";
  if (heard && !(await allowed(element, ctx))) return field.write(field.told);
  field.told = field.read();
  clearError(node);
  const state = stateOf(field);
  if (isKept) ctx.onInput?.(block, element, state);
  if (heard) await busyWhile(node, () => ctx.onAction?.(block, element, state));
}

function isHeard(block, element, cause) {
  if (block.type !== "input") return true;
  if (!block.dispatch_action) return false;
  const causes = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  return !TYPED.has(element.type) || causes.includes(cause);
}

/**
 * Asks the element's question, if it has one.
 * @param {Object} element
 * @param {Object} ctx
 * @returns {Promise<boolean>|boolean}
 */
export const allowed = (element, ctx) => !element.confirm || confirmed(element.confirm, ctx);

/**
 * Marks a node busy until what it started is done; meanwhile `aria-busy` tells it to take no second press.
 * @param {HTMLElement} node
 * @param {function(): (Promise|void)} start
 */
export async function busyWhile(node, start) {
  node.setAttribute("aria-busy", "true");
  try {
    await start();
  } finally {
    node.removeAttribute("aria-busy");
  }
}

function stateOf({ element, read }) {
  return { type: element.type, [VALUE_KEY[element.type]]: read() };
}

function fieldsIn(root) {
  return [...root.querySelectorAll("[data-field]")].map((node) => fields.get(node)).filter(Boolean);
}

/**
 * What the person typed and chose, in the form of view.state.values.
 * @param {HTMLElement} root
 * @returns {Object} {block_id: {action_id: {type, value | selected_…}}}
 */
export function collectValues(root) {
  const values = {};
  for (const field of fieldsIn(root)) {
    values[field.block.block_id] ??= {};
    values[field.block.block_id][field.element.action_id] = stateOf(field);
  }
  return values;
}

/**
 * Holds inputs against the rules which Slack's client enforces by itself; shows what is wrong and goes to the first.
 * @param {HTMLElement} root
 * @returns {boolean} whether all is well
 */
export function checkInputs(root) {
  const inputs = fieldsIn(root).filter(({ block }) => block.type === "input");
  const wrong = inputs.map((field) => [field.block.block_id, sentenceFor(field)]).filter(([, sentence]) => sentence);
  showErrors(root, Object.fromEntries(wrong));
  goTo(root, new Set(wrong.map(([blockId]) => blockId)));
  return wrong.length === 0;
}

function sentenceFor({ block, element, read }) {
  const value = read();
  if (value === null || value.length === 0) return block.optional ? "" : REQUIRED;
  return RULES[element.type]?.(element, value) ?? "";
}

/**
 * How long a text is, in characters as people count them, not in halves of them.
 * @param {string} text
 * @returns {number}
 */
export const lengthOf = (text) => [...text].length;

function wrongLength({ min_length: least = 0, max_length: most = 3000 }, value) {
  const length = lengthOf(value);
  if (length < least) return `Please enter at least ${least} characters.`;
  return length > most ? `Please enter at most ${most} characters.` : "";
}

function wrongNumber(element, value) {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) return "Please enter a number.";
  const { min_value: low, max_value: high } = element;
  if (!element.is_decimal_allowed && !Number.isInteger(Number(value))) return "Please enter a whole number.";
  if (low !== undefined && Number(value) < Number(low)) return `Please enter a number of at least ${low}.`;
  return high !== undefined && Number(value) > Number(high) ? `Please enter a number of at most ${high}.` : "";
}

/**
 * Shows sentences at their fields in place of earlier ones, and puts the keyboard into the first of the new ones. One
 * that was there already moves nobody: the person may be typing elsewhere.
 * @param {HTMLElement} root
 * @param {Object<string, string>} errors by block_id
 */
export function showErrors(root, errors) {
  const places = new Map([...root.querySelectorAll("[data-block-id]")].map((node) => [node.dataset.blockId, node]));
  const sentences = Object.entries(errors);
  const fresh = new Set(sentences.filter(([id, words]) => errorOf(places.get(id)) !== words).map(([id]) => id));
  for (const [id, node] of places) if (!Object.hasOwn(errors, id)) setError(node, "");
  for (const [id, words] of sentences) {
    if (!setError(places.get(id), words)) complain(`no input ${id} for the error "${words}"`);
  }
  goTo(root, fresh);
}

/** Puts the keyboard into the first field of these blocks. */
function goTo(root, blockIds) {
  fieldsIn(root).find(({ block }) => blockIds.has(block.block_id))?.target.focus();
}

const errorOf = (node) => node?.querySelector(":scope > .bk-error")?.textContent;

/**
 * Writes the error of one input block, or clears it.
 * @param {HTMLElement|undefined} node the block
 * @param {string} sentence
 * @returns {boolean} whether the block has a place for it
 */
export function setError(node, sentence) {
  const place = node?.querySelector(":scope > .bk-error");
  if (!place) return false;
  place.textContent = sentence;
  node.classList.toggle("bk-wrong", Boolean(sentence));
  for (const target of node.querySelectorAll("[data-target]")) {
    if (sentence) target.setAttribute("aria-invalid", "true");
    else target.removeAttribute("aria-invalid");
  }
  return true;
}

const clearError = (node) => setError(node.closest("[data-block-id]"), "");

/**
 * Puts the keyboard where the app wants it when a view opens.
 * @param {HTMLElement} root
 * @returns {boolean} whether an element asked for it with `focus_on_load`
 */
export function focusOnLoad(root) {
  const field = fieldsIn(root).find(({ element }) => element.focus_on_load);
  field?.target.focus();
  return Boolean(field);
}
