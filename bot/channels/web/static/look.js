/** How large letters are and how strong colours, as the reader chose; kept on this device. */

import { el, showDialog } from "./bubbles.js";
import { read, write } from "./store.js";

const KEY = "hoctap.look";
const SIZES = ["normal", "large", "largest"];

const look = { size: "normal", contrast: false, ...kept() };

/** Show the page as it was chosen. */
export function applyLook() {
  Object.assign(document.documentElement.dataset, { letters: look.size, contrast: look.contrast ? "high" : "" });
}

/** Let the reader choose. What is pressed shows at once. */
export function chooseLook(words) {
  const names = { normal: words.lettersNormal, large: words.lettersLarge, largest: words.lettersLargest };
  const sizes = SIZES.map((size) => choice(names[size], () => look.size === size, () => ({ size })));
  const contrast = choice(words.contrast, () => look.contrast, () => ({ contrast: !look.contrast }));
  const all = [...sizes, contrast];
  const close = showDialog({ class: "question look", "aria-label": words.look }, [
    el("p", {}, words.look),
    ...all.map(({ button }) => button),
    el("button", { type: "button", class: "done", onclick: () => close() }, words.close),
  ]);
  all.forEach(({ show }) => show());

  function choice(label, isChosen, changes) {
    const button = el("button", { type: "button", onclick: () => change(changes()) }, label);
    return { button, show: () => button.setAttribute("aria-pressed", String(isChosen())) };
  }

  function change(changes) {
    Object.assign(look, changes);
    write(KEY, JSON.stringify(look));
    applyLook();
    all.forEach(({ show }) => show());
  }
}

function kept() {
  try {
    const { size, contrast } = JSON.parse(read(KEY)) ?? {};
    return { ...(SIZES.includes(size) ? { size } : {}), contrast: contrast === true };
  } catch {
    return {};
  }
}
