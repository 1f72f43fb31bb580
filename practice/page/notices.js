/** Short notices: what went wrong, and what those who listen should hear. */

import { byId } from "./dom.js";

const SHOWN_MS = 7000;
const WORDS = {
  http_service_error: "The app answered with an error.",
  invalid_response_action: "The app gave an answer that Slack would refuse; see the problems.",
};

let timer = 0;

/**
 * Shows a sentence for a few seconds.
 * @param {string} sentence
 */
export function toast(sentence) {
  const box = byId("toast");
  box.textContent = sentence;
  box.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => box.classList.remove("shown"), SHOWN_MS);
}

/**
 * Says something to screen readers only.
 * @param {string} sentence
 */
export function hear(sentence) {
  byId("heard").textContent = sentence;
}

/**
 * Why a deed went wrong, in a sentence; empty when it did not, or when the errors stand at the fields.
 * @param {Object} told the answer of `act`
 * @returns {string}
 */
export function wrong(told) {
  if (!told.ok) return told.error;
  const answer = told.answer;
  if (!answer || answer.ok || Object.keys(answer.errors).length) return "";
  if (answer.error === "unknown_command") return answer.text;
  return WORDS[answer.error] ?? "The app did not answer within 3 s.";
}

/**
 * Shows what went wrong with a deed, if anything did.
 * @param {Object} told the answer of `act`
 * @returns {Object} the same answer
 */
export function report(told) {
  const sentence = wrong(told);
  if (sentence) toast(sentence);
  return told;
}
