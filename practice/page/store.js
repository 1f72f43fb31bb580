/** What the page knows: whose eyes it looks through, at which place, and what the workspace says is there. */

import { toast } from "./notices.js";

const KEY = "practice";

/** What the workspace last said this person sees; null before the first answer. */
export let sight = null;

let asked = 0;

/**
 * Where the page is: `as` (person), `in` (conversation), `thread` (ts), `tab` ("home" or ""), `theme`.
 * The address holds it, so that a reload keeps it and two windows can be two people.
 * @returns {{as: string, in: string, thread: string, tab: string, theme: string}}
 */
export function place() {
  const query = new URLSearchParams(location.search);
  const told = (name) => query.get(name) ?? "";
  const who = query.has("as") ? { as: told("as"), in: told("in") } : { as: kept("as"), in: told("in") || kept("in") };
  return { ...who, thread: told("thread"), tab: told("tab"), theme: told("theme") };
}

/**
 * Goes somewhere: changes parts of the place, and remembers person and conversation for the next visit.
 * @param {Object} changes
 */
export function go(changes) {
  const next = { ...place(), ...changes };
  const query = new URLSearchParams(Object.entries(next).filter(([, value]) => value));
  history.pushState(null, "", `/?${query}`);
  keep("as", next.as);
  keep("in", next.in);
}

/**
 * Something remembered in this browser, empty when there is nothing.
 * @param {string} name
 * @returns {string}
 */
export function kept(name) {
  try {
    return localStorage.getItem(`${KEY}.${name}`) ?? "";
  } catch {
    return "";
  }
}

/**
 * Remembers something in this browser; a browser that will not is no reason to stop.
 * @param {string} name
 * @param {string} value
 */
export function keep(name, value) {
  try {
    localStorage.setItem(`${KEY}.${name}`, value);
  } catch {
    console.warn(`this browser does not remember ${name}`);
  }
}

/**
 * Asks the workspace what the person sees. An answer that a later question has overtaken is dropped.
 * @returns {Promise<boolean>} whether `sight` is new
 */
export async function look() {
  const mine = ++asked;
  const here = place();
  const answer = await fetch(`/practice/me?${new URLSearchParams({ as: here.as, in: here.in })}`);
  if (answer.status === 404 && here.as) return forgetPerson(here.as);
  const seen = await answer.json();
  if (mine !== asked) return false;
  sight = seen;
  return true;
}

function forgetPerson(id) {
  console.warn(`nobody here has the id ${id}`);
  toast(`Nobody here has the id ${id}.`);
  go({ as: "", in: "", thread: "", tab: "" });
  return look();
}

/**
 * Lets the person do something: whoever the page was last told to be, even before it is drawn for them.
 * @param {string} deed the name of a deed of POST /practice/act
 * @param {Object} [facts]
 * @returns {Promise<Object>} {ok, answer | result | message, modal} or {ok: false, error}
 */
export function act(deed, facts = {}) {
  return post("/practice/act", { who: place().as || sight.me.id, do: deed, ...facts });
}

/**
 * Sends facts to the workspace as JSON.
 * @param {string} path
 * @param {Object} facts
 * @returns {Promise<Object>}
 */
export async function post(path, facts) {
  const body = JSON.stringify(facts);
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return await answer.json();
  } catch {
    return { ok: false, error: "The practice workspace does not answer. Is it still running?" };
  }
}

/**
 * Calls back whenever the workspace has changed, and when the connection to it is lost or found again.
 * @param {function(): void} changed
 * @param {function(boolean): void} connected
 */
export function listen(changed, connected) {
  const stream = new EventSource("/practice/stream");
  stream.onmessage = changed;
  stream.onopen = () => connected(true);
  stream.onerror = () => connected(false);
}

/**
 * What blocks.js and mrkdwn.js need to know of the workspace.
 * @returns {Object}
 */
export function knowledge() {
  const people = sight.people.filter((person) => !person.deleted).map(({ id, name }) => ({ id, name }));
  const conversations = sight.conversations.map(({ id, name, kind }) => ({ id, name, kind }));
  const names = Object.fromEntries(sight.people.map((person) => [person.id, person.name]));
  const { id: me, locale, tz } = sight.me;
  return { names, channels: sight.names, people, conversations, me, locale, tz, now: new Date(sight.clock.epoch * 1000) };
}

/**
 * The conversation that is open, as the sidebar has it; undefined when there is none of that id.
 * @returns {Object|undefined}
 */
export const here = () => sight.conversations.find((row) => row.id === sight.channel);
