/** Times as the person who looks reads them: in their time zone and language, on the practice clock. */

import { sight } from "./store.js";

let ahead = 0;

/** Sets the practice clock by what the workspace just said. */
export function setClock() {
  ahead = sight.clock.epoch * 1000 - Date.now();
}

/**
 * The time of the practice clock.
 * @returns {Date}
 */
export const now = () => new Date(Date.now() + ahead);

/**
 * When a message was posted.
 * @param {string} ts
 * @returns {Date}
 */
export const dateOf = (ts) => new Date(Number(ts) * 1000);

function format(date, options) {
  return new Intl.DateTimeFormat(sight.me.locale, { timeZone: sight.me.tz, ...options }).format(date);
}

/** The day as a sortable word, in the person's time zone. */
export const dayKey = (date) => new Intl.DateTimeFormat("sv", { timeZone: sight.me.tz }).format(date);

/** Hours and minutes. */
export const clockTime = (date) => format(date, { hour: "2-digit", minute: "2-digit" });

/** Day and time in full, for a tooltip. */
export const fullTime = (date) => format(date, { dateStyle: "full", timeStyle: "short" });

/** The practice clock's face. */
export const clockFace = (date) =>
  format(date, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/**
 * A day as a heading: today, yesterday, or the date.
 * @param {Date} date
 * @returns {string}
 */
export function dayName(date) {
  const apart = Math.round((Date.parse(dayKey(date)) - Date.parse(dayKey(now()))) / 86_400_000);
  if (apart === 0 || apart === -1) {
    const words = new Intl.RelativeTimeFormat(sight.me.locale, { numeric: "auto" }).format(apart, "day");
    return words.charAt(0).toUpperCase() + words.slice(1);
  }
  const year = dayKey(date).slice(0, 4) === dayKey(now()).slice(0, 4) ? undefined : "numeric";
  return format(date, { weekday: "long", day: "numeric", month: "long", year });
}
