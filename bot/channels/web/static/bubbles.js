/** Entries of a transcript as elements. Whatever anybody wrote becomes text nodes, never markup. */

import { filled } from "./words.js";

const SHORT_LABEL = 12;
const DATES = { vi: "vi-VN", en: "en-GB" }; // the day first, as everywhere in Vietnam
const TAGS = { __proto__: null, strong: "strong", slanted: "em" };
const OFFICE = /\.(docx?|xlsx)$/i;
const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'…]/g;

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

export function icon(path) {
  const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Draw one entry. `press(button)` is called for pressed buttons; `full` is an own photo's address while the page lives. */
export function messageElement(entry, words, press, full) {
  const files = entry.own ? [entry.file].filter(Boolean) : (entry.files ?? []);
  const buttons = entry.buttons ?? [];
  const bubble = el(
    "div",
    { class: "bubble" },
    ...files.map((file) => fileElement(file, words, full)),
    entry.text ? el("p", { class: "text", dir: "auto" }, ...written(entry.text, entry.marks)) : null,
    buttonRows(buttons, isLasting, words, press),
    el("span", { class: "meta" }, el("time", { datetime: entry.at }, clock(entry.at))),
  );
  const attributes = { class: `message ${entry.own ? "own" : "bot"}`, "data-id": entry.id, "data-edition": entry.edition };
  const note = entry.note ? el("p", { class: "note" }, entry.note) : null;
  return el("div", attributes, bubble, note, buttonRows(buttons, isPassing, words, press));
}

/** Bring a message up to date where it stands, if its entry is a later edition. Whoever listens is not disturbed. */
export function showEdition(element, entry, words, press) {
  if (element.dataset.edition === String(entry.edition)) return;
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.setAttribute("aria-live", "off");
  element.dataset.edition = entry.edition;
  patch(element, messageElement(entry, words, press));
  if (focused && !element.contains(focused)) focusAgain(element, focused.textContent);
}

/** Replace what differs. What stays the same stays the same element: a finger may be on it. */
function patch(old, fresh) {
  const [were, are] = [[...old.children], [...fresh.children]];
  are.forEach((child, index) => {
    const was = were[index];
    if (!was) old.append(child);
    else if (was.matches(".bubble")) patch(was, child);
    else if (!was.isEqualNode(child)) was.replaceWith(child);
  });
  were.slice(are.length).forEach((child) => child.remove());
}

function focusAgain(element, label) {
  const same = [...element.querySelectorAll("button, a")].find(({ textContent }) => textContent === label);
  (same ?? element.closest("[role=log]")).focus({ preventScroll: true });
}

/** Bring an own message's mark up to date: a clock, a tick, or why it was refused. */
export function markState(element, { state, reason }, words) {
  const name = words[state];
  if (element.dataset.state === state && element.querySelector(".state").title === name) return;
  element.dataset.state = state;
  element.querySelectorAll(".state, .reason, progress").forEach((old) => old.remove());
  const mark = el("span", { class: "state", role: "img", "aria-label": name, title: name });
  element.querySelector(".meta").append(mark);
  if (reason) element.append(el("p", { class: "reason" }, reason));
}

export function showProgress(element, share) {
  let bar = element.querySelector("progress");
  if (!bar) element.querySelector(".bubble").append((bar = el("progress", { max: 1 })));
  bar.value = share;
}

/** Show the buttons that are only good until the next answer, or hide them. */
export function showPassingButtons(element, good) {
  const passing = element.querySelector(":scope > .buttons");
  if (passing) passing.hidden = !good;
}

/** Let lasting buttons that were pressed step back. They still work: one may want to see a photo twice. */
export function markUsed(element, used, words) {
  for (const button of element.querySelectorAll(".bubble > .buttons button")) {
    if (used.includes(button.dataset.payload)) button.setAttribute("aria-description", words.pressed);
  }
}

export const asks = ({ buttons = [] }) => buttons.flat().some(isPassing);

const isLasting = (button) => Boolean(button.lasting || button.url);
const isPassing = (button) => !isLasting(button);

function buttonRows(rows, wanted, words, press) {
  const usable = (button) => wanted(button) && (!button.url || hostOf(button.url));
  const kept = rows.map((row) => row.filter(usable)).filter((row) => row.length);
  if (!kept.length) return null;
  const lines = kept.every(([first, ...rest]) => !rest.length && first.label.length <= SHORT_LABEL) ? [kept.flat()] : kept;
  const drawn = lines.map((row) => el("div", { class: "row" }, ...row.map((one) => buttonElement(one, words, press))));
  return el("div", { class: "buttons" }, ...drawn);
}

function buttonElement(button, words, press) {
  if (button.url) return linkButton(button, words);
  const attributes = { dir: "auto", type: "button", "data-payload": button.payload };
  return el("button", { ...attributes, onclick: () => press(button) }, button.label);
}

function linkButton({ label, url }, words) {
  const attributes = { class: "outward", title: filled(words.opens, { host: hostOf(url) }), ...outward(url) };
  return el("a", attributes, el("span", { dir: "auto" }, label), icon(ARROW));
}

const ARROW = "M8 16 17 7M9 7h8v8";

function fileElement({ url, preview, kind, name }, words, full) {
  const label = name || words[kind];
  const source = full ?? preview ?? safeAddress(url);
  const asDocument = () => documentElement(url, label);
  return kind === "photo" && source ? photoElement(preview ?? source, source, label, words, asDocument) : asDocument();
}

function documentElement(url, label) {
  const link = url ? documentLink(url, label) : {};
  return el(url ? "a" : "span", { class: "document", ...link }, icon(PAGE), el("span", { dir: "auto" }, label));
}

/** A PDF opens beside the chat; what browsers cannot show is saved under its name, as is a text inside its address. */
function documentLink(url, name) {
  if (url.startsWith("data:text/plain")) return { href: url, download: name };
  return OFFICE.test(name) ? { ...outward(url), download: name } : outward(url);
}

const PAGE = "M6 2h8l5 5v15H6zM14 2v5h5M9 12h7M9 16h7";

/** A photo to enlarge; one that this browser cannot show, as HEIC on most, becomes a document to save. */
function photoElement(small, large, label, words, asDocument) {
  const open = () => showPhoto(large, label, words);
  const image = el("img", { src: small, alt: label, onerror: () => button.replaceWith(asDocument()) });
  const name = { "aria-label": `${words.openPhoto}: ${label}` };
  const button = el("button", { class: "photo", type: "button", ...name, onclick: open }, image);
  return button;
}

/** Ask something before anything else goes on. Return the key of the answer; "" when the question is put away. */
export function ask(question, answers, hint = "") {
  return new Promise((resolve) => {
    const buttons = Object.entries(answers).map(([key, label]) =>
      el("button", { type: "button", onclick: () => close(key) }, label),
    );
    const parts = [el("p", {}, question), ...buttons, hint ? el("p", { class: "hint" }, hint) : null];
    const close = showDialog({ class: "question", "aria-label": question }, parts, resolve);
  });
}

function showPhoto(source, label, words) {
  const button = el("button", { type: "button", class: "close", onclick: () => close() }, words.close);
  const close = showDialog({ class: "viewer", "aria-label": label }, [el("img", { src: source, alt: label }), button]);
}

/** Show a dialog above all else. Return what closes it with an answer; "" when it is put away. */
export function showDialog(attributes, parts, onClosed = () => {}) {
  const dialog = el("dialog", attributes, ...parts);
  document.body.append(dialog);
  if (!dialog.showModal) return showPlainly(dialog, onClosed);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.matches(".viewer") && dialog.close());
  dialog.addEventListener("close", () => (dialog.remove(), onClosed(dialog.returnValue)));
  dialog.showModal();
  return (answer) => dialog.close(answer);
}

/** A dialog in a browser that knows none (Safari before 15.4): the page behind it rests meanwhile. */
function showPlainly(dialog, onClosed) {
  const [before, main] = [document.activeElement, document.querySelector("main")];
  const close = (answer = "") => {
    dialog.remove();
    main.removeAttribute("aria-hidden");
    document.removeEventListener("keydown", onKey, true);
    before?.focus();
    onClosed(answer);
  };
  const stops = () => [...dialog.querySelectorAll("button, input")];
  const onKey = (event) => {
    if (event.key === "Escape") close();
    if (event.key !== "Tab") return;
    const [places, step] = [stops(), event.shiftKey ? -1 : 1];
    event.preventDefault();
    places[(places.indexOf(document.activeElement) + step + places.length) % places.length]?.focus();
  };
  for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"], ["open", ""]]) dialog.setAttribute(name, value);
  dialog.classList.add("plain");
  main.setAttribute("aria-hidden", "true");
  document.addEventListener("keydown", onKey, true);
  stops()[0]?.focus();
  return close;
}

/** A text as nodes: addresses lead out, marked stretches are set apart. Marks count code points, not UTF-16 units. */
function written(text, marks = []) {
  let start = 0;
  return withLinks(text).flatMap(({ words, address }) => {
    const letters = Array.from(words);
    const nodes = setApart(letters, start, marks);
    start += letters.length;
    return address ? [el("a", outward(address), ...nodes)] : nodes;
  });
}

function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const { 0: address, index } of text.matchAll(LINK)) {
    parts.push({ words: text.slice(end, index) }, { words: address, address });
    end = index + address.length;
  }
  return [...parts, { words: text.slice(end) }];
}

/** Cut letters, which begin at `start`, wherever a mark begins or ends. */
function setApart(letters, start, marks) {
  const end = start + letters.length;
  const edges = marks.flatMap(([, from, length]) => [from, from + length]).filter((edge) => start < edge && edge < end);
  const cuts = [...new Set([start, ...edges, end])].sort((a, b) => a - b);
  return cuts.slice(1).map((until, index) => {
    const from = cuts[index];
    const over = marks.filter(([, first, length]) => first <= from && until <= first + length);
    const words = letters.slice(from - start, until - start).join("");
    return over.reduce((inner, [kind]) => el(TAGS[kind] ?? "span", {}, inner), words);
  });
}

const outward = (address) => ({ href: safeAddress(address), target: "_blank", rel: "noopener noreferrer" });

/** An http(s) address, this site's own included, or null. */
function safeAddress(address) {
  try {
    const url = new URL(address, location.href);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Where an address of another page leads, or null when it is none of http(s). */
function hostOf(address) {
  try {
    const { protocol, host } = new URL(address);
    return ["http:", "https:"].includes(protocol) ? host : null;
  } catch {
    return null;
  }
}

export function clock(at) {
  const moment = new Date(at);
  return [moment.getHours(), moment.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

export const dayOf = (at) => new Date(at).setHours(0, 0, 0, 0);

export function dayElement(at, words, language) {
  const age = Math.round((dayOf(Date.now()) - dayOf(at)) / 86_400_000);
  const name = [words.today, words.yesterday][age] ?? new Date(at).toLocaleDateString(DATES[language] ?? language.replace("_", "-"));
  return el("p", { class: "day", "data-at": at }, el("span", {}, name));
}
