/** Dates in blocks and markup, in the reader's language and time zone. */

const FACES = {
  date: { dateStyle: "long" },
  date_short: { dateStyle: "medium" },
  date_long: { dateStyle: "full" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};
const DAY = 86_400;
const STEPS = [
  ["day", DAY],
  ["hour", 3600],
  ["minute", 60],
];

/**
 * A moment in the words of a format such as "{date_pretty} at {time}"; an unknown token stays as typed.
 * @param {number} seconds since 1970
 * @param {string} format
 * @param {Object} ctx `locale`, `tz` and `now` (a Date or milliseconds) of the reader, each the browser's when missing
 * @returns {string}
 */
export function dateText(seconds, format, ctx) {
  return format.replace(/\{(\w+)\}/g, (token, name) => face(seconds, name, ctx) ?? token);
}

function face(seconds, name, ctx) {
  if (name === "ago") return ago(seconds, ctx);
  if (name === "date_num") return dayOf(seconds, ctx.tz);
  const pretty = name.endsWith("_pretty") ? nearDay(seconds, ctx) : null;
  const options = FACES[name.replace(/_pretty$/, "")];
  return pretty ?? (options ? formatted(seconds, options, ctx) : null);
}

function formatted(seconds, options, ctx) {
  return new Intl.DateTimeFormat(ctx.locale, { timeZone: ctx.tz, ...options }).format(new Date(seconds * 1000));
}

function dayOf(seconds, tz) {
  return new Intl.DateTimeFormat("sv", { timeZone: tz }).format(new Date(seconds * 1000));
}

function nearDay(seconds, ctx) {
  const today = dayOf((ctx.now ?? Date.now()) / 1000, ctx.tz);
  const apart = Math.round((Date.parse(dayOf(seconds, ctx.tz)) - Date.parse(today)) / (DAY * 1000));
  return Math.abs(apart) > 1 ? null : relative(apart, "day", ctx);
}

function ago(seconds, ctx) {
  const apart = seconds - (ctx.now ?? Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(apart) >= length) ?? ["second", 1];
  return relative(Math.round(apart / size), unit, ctx);
}

function relative(count, unit, ctx) {
  return new Intl.RelativeTimeFormat(ctx.locale, { numeric: "auto" }).format(count, unit);
}

/**
 * A moment as clocks on a wall show it, in the form of a datetime-local input.
 * @param {number} seconds since 1970
 * @param {string} [tz] the browser's own when missing
 * @returns {string} such as "2026-03-02T09:00"
 */
export function wallTime(seconds, tz) {
  const options = { timeZone: tz, dateStyle: "short", timeStyle: "short" };
  return new Intl.DateTimeFormat("sv", options).format(new Date(seconds * 1000)).replace(" ", "T");
}

/**
 * The moment at which clocks in a time zone show this; where they are put back, one of the two.
 * @param {string} wall such as "2026-03-02T09:00"
 * @param {string} [tz] the browser's own when missing
 * @returns {number} seconds since 1970
 */
export function momentOf(wall, tz) {
  const asUtc = (text) => Date.parse(`${text}Z`) / 1000;
  const wanted = asUtc(wall);
  const guess = wanted - (asUtc(wallTime(wanted, tz)) - wanted);
  return guess - (asUtc(wallTime(guess, tz)) - wanted);
}
