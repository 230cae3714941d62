/** The demo page: the phones of a sample commune side by side, one at a time on a small screen. */

import { el } from "./bubbles.js";
import { insist, Line, post, readAnswer } from "./line.js";
import { badge, Phone, showCount } from "./phone.js";
import { forgetOthers } from "./transcript.js";

const STORAGE = "hoctap.demo.transcript.";
const tabs = document.querySelector("nav");
const resetButton = document.querySelector("#reset");
const line = new Line();

const people = await insist(fetchPeople);
forgetOthers(STORAGE, people.map(({ token }) => STORAGE + token));
const phones = people.map((person) => new Phone(person, { storage: STORAGE, onChange }));
const tabOf = new Map(phones.map((phone) => [phone, tabFor(phone)]));

document.querySelector("main").replaceChildren(...phones.map(({ node }) => node));
tabs.append(...tabOf.values());
phones[0]?.attend();
document.addEventListener("keydown", (event) => phones.find(({ active }) => active)?.takeKey(event));
resetButton.addEventListener("click", reset);
phones.forEach((phone) => line.add(phone));
if (phones.length) line.run();

async function fetchPeople() {
  const response = await fetch("/demo/phones", { signal: AbortSignal.timeout(10_000) });
  return readAnswer(response.status, await response.text());
}

function tabFor(phone) {
  return el("button", { type: "button", onclick: () => phone.attend() }, phone.person.title, badge());
}

/** One phone has the attention; title and tabs tell what waits in the others. */
function onChange(changed) {
  if (changed.active) phones.filter((phone) => phone !== changed && phone.active).forEach((phone) => phone.attend(false));
  phones.forEach(showTab);
  const unread = phones.reduce((sum, phone) => sum + phone.unread, 0);
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = unread ? `(${unread}) ${title}` : title;
}

function showTab(phone) {
  const tab = tabOf.get(phone);
  tab.setAttribute("aria-current", phone.active);
  phone.node.classList.toggle("shown", phone.active);
  showCount(tab.querySelector(".badge"), phone.unread, phone.words);
}

async function reset() {
  resetButton.disabled = true;
  await insist(() => post("/demo/reset", {})).catch(() => {});
  phones.forEach((phone) => phone.forget());
  location.reload();
}
