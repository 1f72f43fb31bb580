/** Where the choices of a select come from: the element itself, the app, or the people and channels here. */

import { complain, plainText } from "./mrkdwn.js";

// Slack asks the app only after this many characters, unless the element says otherwise.
const MIN_QUERY = 3;
const KINDS = { im: "im", mpim: "mpim", private: "group", public: "channel" };

/**
 * The choices of a select.
 * @param {Object} block
 * @param {Object} element
 * @param {Object} ctx
 * @returns {Object} {find(query), item(value), isAsked, least}: `find` gives, or promises, groups
 *   {label, items: [{key, text, note, value}]}, `item` makes such an item of a value of view.state; `isAsked` where the
 *   app is asked, `least` the number of characters it wants.
 */
export function sourceOf(block, element, ctx) {
  const kind = element.type.replace(/^multi_/, "");
  if (kind === "external_select") return asked(block, element, ctx);
  if (kind === "static_select") return listed(element);
  if (kind === "users_select") return known("", ctx.people, ctx.names);
  return known("#", places(kind, element, ctx), ctx.channels);
}

function asked(block, element, ctx) {
  const find = async (query) => groupsOf(await ctx.suggest(block, element, query));
  return { find, item: optionItem, isAsked: true, least: element.min_query_length ?? MIN_QUERY };
}

function listed(element) {
  const groups = groupsOf(element.option_groups ?? element.options);
  return { find: (query) => matching(groups, query), item: optionItem };
}

/** Options or groups of them, as an element has them and as an app answers, in one form: groups. */
function groupsOf(given) {
  const groups = given.some((part) => part.options) ? given : [{ options: given }];
  return groups.map(({ label, options }) => ({ label: plainText(label), items: options.map(optionItem) }));
}

function optionItem(option) {
  return { key: option.value, text: plainText(option.text), note: plainText(option.description), value: option };
}

function known(sign, rows = [], names = {}) {
  const items = rows.map(({ id, name, kind }) => ({ key: id, text: kind === "im" ? name : sign + name, value: id }));
  const item = (id) => items.find(({ key }) => key === id) ?? stranger(sign, id, names);
  return { find: (query) => matching([{ label: "", items }], query), item };
}

/** One who cannot be chosen here, yet is chosen: by name if the name is known. */
function stranger(sign, id, names) {
  if (Object.hasOwn(names, id)) return { key: id, text: sign + names[id], value: id };
  complain(`a select holds ${id}, which nobody and nothing here has`);
  return { key: id, text: `${id} (unknown)`, value: id };
}

function places(kind, element, ctx) {
  const wanted = kind === "channels_select" ? ["public"] : (element.filter?.include ?? Object.keys(KINDS));
  const kinds = wanted.map((name) => KINDS[name]);
  return (ctx.conversations ?? []).filter((row) => kinds.includes(row.kind));
}

function matching(groups, query) {
  const wanted = query.toLowerCase();
  const found = ({ text }) => text.toLowerCase().includes(wanted);
  return groups.map(({ label, items }) => ({ label, items: items.filter(found) }));
}
