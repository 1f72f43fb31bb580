/** Making elements: text is always text, never markup. */

/**
 * Makes an element. Properties whose name begins with "on" are listeners, `dataset` fills data attributes, `aria-…`,
 * `role` and the like become attributes, `class` the class; null and false are left out.
 * @param {string} tag
 * @param {Object} [facts]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function el(tag, facts = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) give(node, name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function give(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(node.dataset, value);
  else node.setAttribute(name, value === true ? "" : value);
}

/**
 * The element of the page with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export const byId = (id) => document.getElementById(id);

const REACHABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/**
 * Replaces an element by a newer one and keeps the keyboard's place in it: the same one in order of all that can have it.
 * @param {HTMLElement} before
 * @param {HTMLElement} after
 */
export function swap(before, after) {
  const place = [...before.querySelectorAll(REACHABLE)].indexOf(document.activeElement);
  const isItself = before === document.activeElement;
  before.replaceWith(after);
  if (isItself) after.focus({ preventScroll: true });
  else if (place >= 0) after.querySelectorAll(REACHABLE)[place]?.focus({ preventScroll: true });
}

/**
 * Makes a list's children match the items, touching only those that changed.
 * @param {HTMLElement} list
 * @param {Array<{key: string, mark: string, draw: function(): HTMLElement}>} items `mark` differs when the look does
 */
export function matchChildren(list, items) {
  const present = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item) => matched(present.get(item.key), item));
  for (const [key, node] of present) if (!items.some((item) => item.key === key)) node.remove();
  wanted.forEach((node, at) => {
    if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
  });
}

function matched(node, item) {
  if (node && node.shownMark === item.mark) return node;
  const fresh = item.draw();
  fresh.dataset.key = item.key;
  fresh.shownMark = item.mark;
  if (node) swap(node, fresh);
  return fresh;
}
