/** The few signs of the page, drawn as lines, so that they look the same without any emoji font. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  close: "M6 6l12 12M18 6 6 18",
  face: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 14.5c2 2.4 5 2.4 7 0M9 9.5v.5M15 9.5v.5",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  hash: "M9 4 7 20M17 4l-2 16M4 9h16M4 15h16",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  app: "M12 3l8 4.5v9L12 21l-8-4.5v-9z",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M12 5v.5M12 12v.5M12 19v.5",
  reply: "M4 5h16v11h-9l-5 4v-4H4z",
  send: "M4 4l17 8-17 8 3-8zM7 12h9",
  theme: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
};

/**
 * One of the page's signs, for the eye only: what it is on has a label of its own.
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  const facts = { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" };
  for (const [key, value] of Object.entries(facts)) picture.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  picture.append(path);
  return picture;
}
