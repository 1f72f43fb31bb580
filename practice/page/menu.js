/** A small menu under a button, worked by mouse or arrow keys. */

import { el } from "./dom.js";

let closeOpen = () => {};

/**
 * Opens a menu at a button; one at a time. Opening it from the same button again closes it.
 * @param {HTMLElement} button
 * @param {Array<{label: string, hint?: string, run: function(): void}>} items
 * @param {string} label what the menu is, for those who hear it
 * @param {string} [look] a further class
 */
export function openMenu(button, items, label, look = "") {
  const wasOpen = button.getAttribute("aria-expanded") === "true";
  closeOpen();
  if (wasOpen) return;
  const list = el("div", { class: `pop ${look}`, role: "menu", "aria-label": label, onkeydown: move });
  list.append(...items.map((item) => entry(item, button)));
  document.body.append(list);
  button.setAttribute("aria-expanded", "true");
  put(list, button);
  closeOpen = () => close(list, button);
  document.addEventListener("pointerdown", outside);
  list.firstElementChild?.focus();
}

function entry(item, button) {
  const choose = () => {
    closeOpen();
    button.focus();
    item.run();
  };
  const hint = item.hint && el("small", {}, item.hint);
  return el("button", { type: "button", role: "menuitem", tabindex: "-1", title: item.title, "aria-label": item.title, onclick: choose }, item.label, hint);
}

function put(list, button) {
  const edge = button.getBoundingClientRect();
  const below = innerHeight - edge.bottom > list.offsetHeight + 12;
  const left = Math.max(8, Math.min(edge.left, innerWidth - list.offsetWidth - 8));
  list.style.left = `${left}px`;
  list.style.top = `${below ? edge.bottom + 4 : Math.max(8, edge.top - list.offsetHeight - 4)}px`;
}

function move(event) {
  const entries = [...event.currentTarget.children];
  const at = entries.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step) entries[(at + step + entries.length) % entries.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") closeOpen(true);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function outside(event) {
  if (!event.target.closest?.(".pop, [aria-expanded=true]")) closeOpen();
}

function close(list, button) {
  const held = list.contains(document.activeElement);
  list.remove();
  button.setAttribute("aria-expanded", "false");
  document.removeEventListener("pointerdown", outside);
  closeOpen = () => {};
  if (held) button.focus();
}
