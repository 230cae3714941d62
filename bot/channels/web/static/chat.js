/** The chat page: one conversation, remembered by this browser until somebody ends it here. */

import { ask } from "./bubbles.js";
import { insist, Line, post } from "./line.js";
import { Phone } from "./phone.js";
import { forgetOthers, wordsOf } from "./transcript.js";

const TOKEN = "hoctap.chat.token";
const STORAGE = "hoctap.chat.transcript.";

const line = new Line();
const code = takeCode();
if (code && (await isSomebodyElse())) endHere();
const phone = show(await token());
if (code || phone.isEmpty) phone.start(code ? `/start ${code}` : "/start");
line.run();

/** Return the code of a link or QR, and take it out of the address: it may be an invitation, and a reload must not send it
 * again. Links carry it behind a #, where no server and no log sees it; those printed earlier have it as ?start=. */
function takeCode() {
  const found = location.hash.slice(1) || (new URLSearchParams(location.search).get("start") ?? "");
  history.replaceState(null, "", location.pathname);
  return /^[\w-]{1,64}$/.test(found) ? found : "";
}

/** Who opens a link on a device with a conversation on it may be another person: nothing of it is shown before they say. */
async function isSomebodyElse() {
  const known = localStorage.getItem(TOKEN);
  const words = known && wordsOf(STORAGE + known);
  if (!words) return false;
  const answers = { mine: words.mine, other: words.notMine };
  for (let answer = ""; ; ) {
    answer = await ask(words.whose, answers, words.notMineHint);
    if (answer) return answer === "other";
  }
}

async function token() {
  const known = localStorage.getItem(TOKEN);
  if (known) return known;
  const { token: opened } = await insist(() => post("/web/open", {}));
  localStorage.setItem(TOKEN, opened);
  return opened;
}

function show(token) {
  const told = { onChange: showUnread, onGone: leave, onLeave: leave, onForget: forget, onNext: goOnInAnother };
  const shown = new Phone({ token, role: "resident" }, { storage: STORAGE, ...told });
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
  localStorage.removeItem(TOKEN);
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
