/** The chat page: one conversation, remembered by this browser until somebody ends it here. */

import { ask, el, showDialog } from "./bubbles.js";
import { insist, Line, post } from "./line.js";
import { applyLook } from "./look.js";
import { Phone } from "./phone.js";
import { KIOSK, read, remove, write } from "./store.js";
import { alone } from "./tabs.js";
import { forgetOthers, wordsOf } from "./transcript.js";

const TOKEN = "hoctap.chat.token";
const STORAGE = "hoctap.chat.transcript.";
const KIOSK_IDLE_MS = 3 * 60_000;
const KIOSK_ANSWER_MS = 30_000;
const UNTIL_THE_FIRST_QUESTION_MS = 3_000;
const VILLAGE = /^\/chat\/([\w-]{1,40})$/;

const line = new Line();

document.body.dataset.started = "true"; // able.js waits for it
applyLook();
KIOSK ? openKiosk() : open();

async function open() {
  const code = takeCode();
  if (code && (await isSomebodyElse())) endHere();
  // Two tabs that are opened at once are one conversation, which begins once.
  await alone("chat.open", async () => {
    const phone = show(await token());
    if (code || phone.isEmpty) phone.start(code ? `/start ${code}` : "/start");
  });
  line.run();
  keepForOffline();
}

/** On a device for all everybody begins with a tap, and leaves nothing. */
async function openKiosk() {
  const code = codeIn(location);
  const phone = show(await token(), { start: code ? `/start ${code}` : "/start" });
  line.run();
  watch(phone);
}

/** Ask whether somebody is still there when nothing was touched for a while, and forget what was said if nobody is. */
function watch(phone) {
  let idle = 0;
  let asking = false;
  const after = (ms, act) => (clearTimeout(idle), (idle = setTimeout(act, ms)));
  const rest = () => asking || after(KIOSK_IDLE_MS, () => (phone.isEmpty ? rest() : askOnce()));
  const askOnce = () => {
    const { words } = phone;
    const goOn = () => ((asking = false), rest());
    // At once: of a dialog that closes one is told later, when the time may be up.
    const stay = el("button", { type: "button", onclick: () => (goOn(), close()) }, words.stillHere);
    asking = true;
    const close = showDialog({ class: "question", "aria-label": words.stillThere }, [el("p", {}, words.stillThere), stay], goOn);
    after(KIOSK_ANSWER_MS, () => leave(phone));
  };
  ["pointerdown", "keydown", "input"].forEach((name) => document.addEventListener(name, rest, true));
  rest();
}

/** Let the page open without a network, too. It is not needed for what is said first, so that comes first. */
function keepForOffline() {
  setTimeout(async () => {
    try {
      await navigator.serviceWorker?.register("/chat/worker.js", { scope: "/chat" });
    } catch {
      // Not in this browser, not without https, or not where nothing may be kept.
    }
  }, UNTIL_THE_FIRST_QUESTION_MS);
}

/** Return the code of a link or QR, and take it out of the address: it may be an invitation, and a reload must not send it
 * again. Links carry it behind a #, where no server and no log sees it; those printed earlier have it as ?start=. The code
 * of a village is no secret: on a poster it stands in the path. */
function takeCode() {
  const code = codeIn(location);
  history.replaceState(null, "", "/chat");
  return code;
}

function codeIn({ pathname, hash, search }) {
  const village = VILLAGE.exec(pathname)?.[1];
  const given = hash.slice(1) || (new URLSearchParams(search).get("start") ?? "");
  const found = given || (village ? `v-${village.replace(/^v-/, "")}` : "");
  return /^[\w-]{1,64}$/.test(found) ? found : "";
}

/** Who opens a link on a device with a conversation on it may be another person: nothing of it is shown before they say. */
async function isSomebodyElse() {
  const known = read(TOKEN);
  const words = known && wordsOf(STORAGE + known);
  if (!words) return false;
  const answers = { mine: words.mine, other: words.notMine };
  for (let answer = ""; ; ) {
    answer = await ask(words.whose, answers, words.notMineHint);
    if (answer) return answer === "other";
  }
}

async function token() {
  const known = read(TOKEN);
  if (known) return known;
  const { token: opened } = await insist(() => post("/web/open", {}));
  // Another tab may have been quicker, where browsers have no locks.
  const meanwhile = read(TOKEN);
  if (meanwhile) return meanwhile;
  write(TOKEN, opened);
  return opened;
}

function show(token, more = {}) {
  const told = { onChange: showUnread, onGone: leave, onLeave: leave, onForget: forget, onNext: goOnInAnother };
  const shown = new Phone({ token, role: "resident", ...more }, { storage: STORAGE, ...told });
  document.querySelector("main").replaceChildren(shown.node);
  document.onkeydown = (event) => shown.takeKey(event);
  shown.attend();
  if (matchMedia("(pointer: fine)").matches) shown.input.focus();
  line.add(shown);
  return shown;
}

function showUnread({ unread, title }) {
  document.title = unread ? `(${unread}) ${title}` : title;
}

/** Forget on this device whatever conversation there was. */
function endHere() {
  remove(TOKEN);
  forgetOthers(STORAGE, []);
}

function leave(left) {
  left.forget();
  endHere();
  location.reload();
}

/** The server erased the conversation. What it said last stays on the screen and nowhere else. */
function forget(erased) {
  erased.forget();
  endHere();
}

/** Who says something after that is somebody new. */
async function goOnInAnother(said) {
  const [erased] = line.phones;
  const next = show(await token());
  line.remove(erased);
  next.takeOver(said);
}
