/** Entries of a transcript as elements. Whatever anybody wrote becomes text nodes, never markup. */

const SHORT_LABEL = 12;
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
    entry.text ? el("p", { class: "text", dir: "auto" }, ...withLinks(entry.text)) : null,
    buttonRows(buttons, isLasting, press),
    el("span", { class: "meta" }, el("time", { datetime: entry.at }, clock(entry.at))),
  );
  const side = entry.own ? "own" : "bot";
  return el("div", { class: `message ${side}`, "data-id": entry.id }, bubble, buttonRows(buttons, isPassing, press));
}

/** Bring an own message's mark up to date: a clock, a tick, or why it was refused. */
export function markState(element, { state, reason }, words) {
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.querySelectorAll(".state, .reason, progress").forEach((old) => old.remove());
  const mark = el("span", { class: "state", role: "img", "aria-label": words[state], title: words[state] });
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

function buttonRows(rows, wanted, press) {
  const kept = rows.map((row) => row.filter(wanted)).filter((row) => row.length);
  if (!kept.length) return null;
  const lines = kept.every(([first, ...rest]) => !rest.length && first.label.length <= SHORT_LABEL) ? [kept.flat()] : kept;
  const drawn = lines.map((row) => el("div", { class: "row" }, ...row.map((one) => buttonElement(one, press))));
  return el("div", { class: "buttons" }, ...drawn);
}

function buttonElement(button, press) {
  if (button.url) return el("a", { dir: "auto", ...outward(button.url) }, button.label);
  const attributes = { dir: "auto", type: "button", "data-payload": button.payload };
  return el("button", { ...attributes, onclick: () => press(button) }, button.label);
}

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

/** A text made for this reader alone comes inside its address: browsers save such a one, but do not open it. */
const documentLink = (url, name) => (url.startsWith("data:text/plain") ? { href: url, download: name } : outward(url));

const PAGE = "M6 2h8l5 5v15H6zM14 2v5h5M9 12h7M9 16h7";

/** A photo to enlarge; one that this browser cannot show, as HEIC on most, becomes a document to save. */
function photoElement(small, large, label, words, asDocument) {
  const open = () => showPhoto(large, label, words);
  const image = el("img", { src: small, alt: label, onerror: () => button.replaceWith(asDocument()) });
  const name = { "aria-label": `${words.openPhoto}: ${label}` };
  const button = el("button", { class: "photo", type: "button", ...name, onclick: open }, image);
  return button;
}

function showPhoto(source, label, words) {
  const close = el("button", { type: "button", class: "close", onclick: () => dialog.close() }, words.close);
  const dialog = el("dialog", { class: "viewer", "aria-label": label }, el("img", { src: source, alt: label }), close);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const { 0: address, index } of text.matchAll(LINK)) {
    parts.push(text.slice(end, index), el("a", outward(address), address));
    end = index + address.length;
  }
  return [...parts, text.slice(end)];
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

export function clock(at) {
  const moment = new Date(at);
  return [moment.getHours(), moment.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

export const dayOf = (at) => new Date(at).setHours(0, 0, 0, 0);

export function dayElement(at, words) {
  const age = Math.round((dayOf(Date.now()) - dayOf(at)) / 86_400_000);
  const name = [words.today, words.yesterday][age] ?? new Date(at).toLocaleDateString("vi-VN");
  return el("p", { class: "day" }, el("span", {}, name));
}
