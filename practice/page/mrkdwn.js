/** Text on screen: the app's markup and plain text as nodes. What people wrote becomes text nodes and nothing else. */

import { dateText } from "./dates.js";
import { el } from "./dom.js";
import { EMOJI } from "./emoji.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const BROADCASTS = new Set(["channel", "here", "everyone", "group"]);
const SAFE = new Set(["http:", "https:", "mailto:"]);
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const BARE_URL = /(https?:\/\/[^\s<>]*[^\s<>.,;:!?'")\]])/;
const PREFORMATTED = /```(.+?)```/s;
const CONTROL = /<([^<>\n]+)>/;
const QUOTE_REST = /^(?:&gt;|>){3} ?/;
const QUOTE = /^(?:&gt;|>) ?/;
const ITEM = /^\s*(?:[•◦▪-]|\d{1,3}\.) /;

// A marker counts only beside the edge of a line, white space or punctuation of narrow scripts: `snake*case*` stays as
// typed, and so does a star glued to a Chinese character. practice/mrkdwn.py reads the same for tests and transcripts.
const NARROW = "[\\s!-/:-@\\[-`{-~¡-¿\\u2010-\\u205e]";

function marked(name, mark) {
  const inner = `(?<${name}>(?!\\s)(?:<[^<>\\n]+>|<(?![^<>\\n]+>)|[^${mark}\\n<])+(?<!\\s))`;
  return `(?:^|(?<=${NARROW}))(?<!\\${mark})\\${mark}${inner}\\${mark}(?=${NARROW}|$)(?!\\${mark})`;
}

// `_` needs no escape and the "m" flag makes ^ and $ the edges of a line.
const TOKEN = new RegExp(
  [
    "(?<!`)`(?<code>[^`\\n]+)`(?!`)",
    "<(?<control>[^<>\\n]+)>",
    marked("strong", "*"),
    marked("em", "_"),
    marked("s", "~"),
  ].join("|"),
  "gm",
);

// Known names only, so that in "10:30:tada:" the colon before the name is not taken for the end of another one.
const EMOJI_NAME = new RegExp(`:(${[...EMOJI.keys()].map((name) => name.replace("+", "\\+")).join("|")}):`, "g");

const complained = new Set();

/**
 * The app's markup as it reads on screen.
 * @param {string} text with `&`, `<` and `>` escaped
 * @param {Object} [ctx] `names` and `channels` by id; may have `me`, `locale`, `tz`, `now`
 * @returns {DocumentFragment}
 */
export function mrkdwn(text, ctx = {}) {
  const parts = String(text).split(PREFORMATTED);
  return fragment(parts.flatMap((part, at) => (at % 2 ? [preformatted(part, ctx)] : lines(beside(parts, at), ctx))));
}

/**
 * Text whose sender switched the markup off: mentions and links work, markers stay as typed.
 * @param {string} text
 * @param {Object} [ctx]
 * @returns {DocumentFragment}
 */
export function verbatim(text, ctx = {}) {
  return fragment([el("div", { class: "bk-line" }, ...controlsOnly(String(text), ctx, emojify))]);
}

/**
 * A text object of a block, markup or plain text.
 * @param {{type: string, text: string, emoji?: boolean}} object
 * @param {Object} ctx
 * @returns {DocumentFragment}
 */
export function textNodes(object, ctx) {
  return object.type === "mrkdwn" ? mrkdwn(object.text, ctx) : fragment([plainText(object)]);
}

/**
 * A text object as plain text, for labels and names.
 * @param {{type: string, text: string, emoji?: boolean}|undefined} object
 * @param {Object} [ctx]
 * @returns {string}
 */
export function plainText(object, ctx = {}) {
  if (!object) return "";
  if (object.type === "mrkdwn") return mrkdwn(object.text, ctx).textContent;
  return object.emoji === false ? unescaped(object.text) : emojify(unescaped(object.text));
}

/**
 * Puts characters for the names of emoji: ":thumbsup:" reads "👍". Unknown names stay as typed.
 * @param {string} text
 * @returns {string}
 */
export function emojify(text) {
  return text.replace(EMOJI_NAME, (_, name) => EMOJI.get(name));
}

/**
 * A link; where it leads anywhere but to the web or to mail, it is only shown.
 * @param {string} url
 * @param {string} label
 * @returns {HTMLElement}
 */
export function link(url, label) {
  const href = safeHref(url);
  if (!href) return el("span", { class: "bk-dead-link" }, label === url ? url : `${label} (${url})`);
  return el("a", { href, title: url, target: "_blank", rel: "noopener noreferrer nofollow" }, label);
}

/**
 * The address if it is safe to offer for a click.
 * @param {string} url
 * @returns {string|null}
 */
export function safeHref(url) {
  return URL.canParse(url) && SAFE.has(new URL(url).protocol) ? url : null;
}

/**
 * A mention of a person, a channel or a group; an id that nobody here has is shown as such and logged.
 * @param {"@"|"#"} sign
 * @param {string} id
 * @param {Object} ctx
 * @param {string} [label] what the sender called it, for groups and channels out of sight
 * @returns {HTMLElement}
 */
export function mention(sign, id, ctx, label = "") {
  const known = (sign === "@" ? ctx.names : ctx.channels) ?? {};
  const name = Object.hasOwn(known, id) ? known[id] : label;
  if (!name) {
    complain(`${sign === "@" ? "nobody" : "no channel"} here has the id ${id}`);
    return el("span", { class: "bk-mention bk-unknown" }, `${sign}${id} (unknown)`);
  }
  return el("span", { class: id === ctx.me ? "bk-mention bk-loud" : "bk-mention" }, sign + name);
}

/**
 * A call to everybody.
 * @param {string} whom channel, here or everyone
 * @returns {HTMLElement}
 */
export const broadcast = (whom) => el("span", { class: "bk-mention bk-loud" }, `@${whom}`);

/**
 * Says in the console what the page cannot show, each thing once.
 * @param {string} sentence
 */
export function complain(sentence) {
  if (complained.has(sentence)) return;
  complained.add(sentence);
  console.warn(`practice workspace: ${sentence}`);
}

function fragment(parts) {
  const whole = document.createDocumentFragment();
  whole.append(...parts);
  return whole;
}

/** A part of the text between preformatted ones, without the line breaks that touch those. */
function beside(parts, at) {
  const head = at > 0 ? parts[at].replace(/^\n/, "") : parts[at];
  return at < parts.length - 1 ? head.replace(/\n$/, "") : head;
}

function preformatted(text, ctx) {
  return el("pre", {}, el("code", {}, ...controlsOnly(text.replace(/^\n|\n$/g, ""), ctx)));
}

function lines(text, ctx) {
  return text ? runsOf(text.split("\n")).map(({ kind, rows }) => drawnRun(kind, rows, ctx)) : [];
}

/** Neighbouring lines of a kind, quote or text; every item of a list is a run of its own. */
function runsOf(rows) {
  const runs = [];
  let rest = false;
  for (const row of rows) {
    rest ||= QUOTE_REST.test(row);
    const kind = rest ? "quote" : kindOf(row);
    if (kind === "item" || runs.at(-1)?.kind !== kind) runs.push({ kind, rows: [] });
    runs.at(-1).rows.push(row);
  }
  return runs;
}

function kindOf(row) {
  if (QUOTE.test(row)) return "quote";
  return ITEM.test(row) ? "item" : "line";
}

function drawnRun(kind, rows, ctx) {
  if (kind === "quote") return el("blockquote", {}, ...inline(rows.map(unquoted).join("\n"), ctx));
  return el("div", { class: `bk-${kind}` }, ...inline(rows.join("\n"), ctx));
}

const unquoted = (row) => row.replace(QUOTE_REST, "").replace(QUOTE, "");

function inline(text, ctx) {
  const nodes = [];
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    nodes.push(...plainRun(text.slice(end, token.index)), drawnToken(token.groups, ctx));
    end = token.index + token[0].length;
  }
  return [...nodes, ...plainRun(text.slice(end))];
}

function drawnToken({ code, control, ...emphasis }, ctx) {
  if (code !== undefined) return el("code", {}, ...controlsOnly(code, ctx));
  if (control !== undefined) return drawnControl(control, ctx);
  const [tag, inner] = Object.entries(emphasis).find(([, words]) => words !== undefined);
  return el(tag, {}, ...inline(inner, ctx));
}

function controlsOnly(text, ctx, read = (words) => words) {
  return text.split(CONTROL).map((part, at) => (at % 2 ? drawnControl(part, ctx) : read(unescaped(part))));
}

/** Words without markup: emoji by name, and addresses which Slack makes links without being told. */
function plainRun(text) {
  const parts = unescaped(text).split(BARE_URL);
  return parts.map((part, at) => (at % 2 ? link(part, part) : emojify(part))).filter((part) => part !== "");
}

function drawnControl(inner, ctx) {
  const [target, label] = halves(inner);
  if (target.startsWith("@")) return mention("@", target.slice(1), ctx, label);
  if (target.startsWith("#")) return mention("#", target.slice(1), ctx, label);
  if (target.startsWith("!")) return command(target.slice(1), label, ctx);
  const url = unescaped(target);
  return SCHEME.test(target) ? link(url, label ? emojify(label) : url) : `<${unescaped(inner)}>`;
}

function halves(inner) {
  const at = inner.indexOf("|");
  return at < 0 ? [inner, ""] : [inner.slice(0, at), unescaped(inner.slice(at + 1))];
}

function command(words, label, ctx) {
  const [word, id = "", format = "", url = ""] = words.split("^");
  if (BROADCASTS.has(word)) return broadcast(word);
  if (word === "subteam") return mention("@", id, ctx, label.replace(/^@/, ""));
  if (word !== "date" || !format || !/^\d{1,10}$/.test(id)) return label || `<!${unescaped(words)}>`;
  const shown = dateText(Number(id), unescaped(format), ctx);
  return url ? link(unescaped(url), shown) : el("span", { title: label }, shown);
}

function unescaped(text) {
  return String(text).replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
}
