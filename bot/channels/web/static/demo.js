/** The demo page: phones of a made-up commune, chosen from a list; side by side as many as there is room for. */

import { el } from "./bubbles.js";
import { fetched, insist, Line, post } from "./line.js";
import { badge, Phone, showCount } from "./phone.js";
import { forgetOthers } from "./transcript.js";

const STORAGE = "hoctap.demo.transcript.";
// How many phones stand side by side; the style sheet has the same widths.
const ROOM = [
  { query: matchMedia("(min-width: 1240px)"), phones: 4 },
  { query: matchMedia("(min-width: 980px)"), phones: 3 },
  { query: matchMedia("(min-width: 700px)"), phones: 2 },
];
const CHANNELS = {
  telegram: { name: "Telegram" },
  zalo_oa: { name: "Zalo OA", mostButtons: 5 },
  zalo_bot: { name: "Zalo Bot", mostButtons: 0, accept: "image/*" },
};
const tabs = document.querySelector("nav");
const [resetButton, languageButton] = ["#reset", "#language"].map((name) => document.querySelector(name));
const { lang: language } = document.documentElement;
const line = new Line();

const people = await insist(fetchPeople);
forgetOthers(STORAGE, people.map(({ token }) => STORAGE + token));
const phones = people.map((person) => new Phone(person, { storage: STORAGE, onChange }));
const tabOf = new Map(phones.map((phone) => [phone, tabFor(phone)]));
let recent = [...phones]; // those that had the attention last come first: they are shown

phones.forEach(letLookLike);
document.querySelector("main").replaceChildren(...phones.map(({ node }) => node));
tabs.append(...tabOf.values());
phones[0]?.attend();
show();
document.addEventListener("keydown", (event) => phones.find(({ active }) => active)?.takeKey(event));
ROOM.forEach(({ query }) => query.addEventListener("change", show));
resetButton.addEventListener("click", () => reset(language));
languageButton.addEventListener("click", () => reset(language === "vi" ? "en" : "vi"));
phones.forEach((phone) => line.add(phone));
if (phones.length) line.run();

function fetchPeople() {
  return fetched(`/demo/phones?language=${language}`);
}

/** Let visitors choose above a phone which channel it looks like: none shows more buttons than that channel has. */
function letLookLike(phone) {
  const { words } = phone;
  const channels = { "": { name: words.asWeb }, ...CHANNELS };
  const options = Object.entries(channels).map(([value, { name }]) => el("option", { value }, name));
  const choice = el("select", { class: "looks", "aria-label": words.looksLike, title: words.looksLike, onchange: look }, ...options);
  phone.node.querySelector("header").append(choice);

  function look() {
    phone.lookLike(choice.value, channels[choice.value]);
    line.add(phone); // what is asked for just now would come as before
  }
}

function tabFor(phone) {
  const { title, task } = phone.person;
  const owner = el("span", {}, el("b", {}, title), el("small", {}, task));
  return el("button", { type: "button", onclick: () => choose(phone) }, owner, badge());
}

function choose(phone) {
  phone.attend();
  show();
}

/** One phone has the attention; title and list tell what waits in the others. */
function onChange(changed) {
  if (changed.active) {
    recent = [changed, ...recent.filter((phone) => phone !== changed)];
    phones.filter((phone) => phone !== changed && phone.active).forEach((phone) => phone.attend(false));
    show();
  }
  phones.forEach(showTab);
  const unread = phones.reduce((sum, phone) => sum + phone.unread, 0);
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = unread ? `(${unread}) ${title}` : title;
}

/** Show the phones that there is room for; each keeps its place in the order of the list. */
function show() {
  const room = ROOM.find(({ query }) => query.matches)?.phones ?? 1;
  const shown = recent.slice(0, room);
  phones.forEach((phone) => phone.node.classList.toggle("shown", shown.includes(phone)));
  phones.forEach(showTab);
  tabOf.get(recent[0])?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function showTab(phone) {
  const tab = tabOf.get(phone);
  tab.setAttribute("aria-current", phone.active);
  tab.setAttribute("aria-pressed", phone.node.classList.contains("shown"));
  showCount(tab.querySelector(".badge"), phone.unread, phone.words);
}

/** Begin anew, in one of the languages. */
async function reset(inLanguage) {
  resetButton.disabled = languageButton.disabled = true;
  await insist(() => post("/demo/reset", { language: inLanguage })).catch(() => {});
  phones.forEach((phone) => phone.forget());
  location.reload();
}
