/** The guided path of a first visit: one step at a time, told by the workspace, put away by the visitor. */

import { byId, el } from "./dom.js";
import { icon } from "./icons.js";
import { keep, kept, sight } from "./store.js";

/**
 * Draws the guide, if the workspace has one and it was not put away.
 * @param {function(string, string): void} visit called with a person and a conversation
 */
export function drawGuide(visit) {
  const root = byId("guide");
  const mark = JSON.stringify([sight.guide, kept("guide"), sight.me.id, sight.channel]);
  const isAway = !sight.guide.length || kept("guide") === "away";
  root.hidden = isAway;
  byId("show-guide").hidden = !sight.guide.length || !isAway;
  if (isAway || root.shownMark === mark) return;
  root.shownMark = mark;
  root.replaceChildren(...parts(visit));
}

function parts(visit) {
  const at = sight.guide.findIndex((step) => !step.done);
  const step = at < 0 ? { title: "That was the whole path", text: "Look around as anybody you like." } : sight.guide[at];
  const count = at < 0 ? "First visit" : `First visit, step ${at + 1} of ${sight.guide.length}`;
  return [
    el("ol", { class: "steps", "aria-label": "Steps" }, ...sight.guide.map((one, place) => dot(one, place === at))),
    el("div", { class: "step", "aria-live": "polite" }, el("p", { class: "count" }, count), el("p", {}, el("b", {}, step.title), " ", step.text)),
    el("div", { class: "ways" }, ...(step.links ?? []).map((link) => way(link, visit))),
    el("button", { type: "button", class: "plain cross", "aria-label": "Put the guide away", onclick: () => put("away", visit) }, icon("close")),
  ];
}

function dot(step, isCurrent) {
  const words = `${step.title}${step.done ? ", done" : ""}`;
  return el("li", { class: step.done ? "done" : "", "aria-current": isCurrent ? "step" : null, title: words }, el("span", { class: "unseen" }, words));
}

function way(link, visit) {
  const isHere = link.as === sight.me.id && (!link.channel || link.channel === sight.channel);
  return el("button", { type: "button", disabled: isHere, onclick: () => visit(link.as, link.channel ?? "") }, link.label);
}

function put(where, visit) {
  keep("guide", where);
  drawGuide(visit);
}

/**
 * Brings the guide back.
 * @param {function(string, string): void} visit
 */
export const showGuide = (visit) => put("here", visit);
