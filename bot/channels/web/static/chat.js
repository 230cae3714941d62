/** The chat page: one conversation, remembered by this browser. */

import { insist, Line, post } from "./line.js";
import { Phone } from "./phone.js";

const TOKEN = "hoctap.chat.token";
const STORAGE = "hoctap.chat.transcript.";

const code = takeCode();
const phone = new Phone({ token: await token(), role: "resident" }, { storage: STORAGE, onChange: showUnread, onGone: beginAnew });
document.querySelector("main").replaceChildren(phone.node);
document.addEventListener("keydown", (event) => phone.takeKey(event));
phone.attend();
if (code || phone.isEmpty) phone.start(code ? `/start ${code}` : "/start");
if (matchMedia("(pointer: fine)").matches) phone.input.focus();

const line = new Line();
line.add(phone);
line.run();

/** Return the code of a link or QR, and take it out of the address: it may be an invitation, and a reload must not send it again. */
function takeCode() {
  const found = new URLSearchParams(location.search).get("start") ?? location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  return /^[\w-]{1,64}$/.test(found) ? found : "";
}

async function token() {
  const known = localStorage.getItem(TOKEN);
  if (known) return known;
  const { token: opened } = await insist(() => post("/web/open", {}));
  localStorage.setItem(TOKEN, opened);
  return opened;
}

function showUnread({ unread, title }) {
  document.title = unread ? `(${unread}) ${title}` : title;
}

function beginAnew() {
  localStorage.removeItem(TOKEN);
  phone.forget();
  location.reload();
}
