/** The tabs of one chat: each sends what was said in it, and what was said in one that is gone. */

import { read, remove, write } from "./store.js";

const PREFIX = "hoctap.tab.";
const BEAT_MS = 5_000;
const SILENT_MS = 150_000; // browsers let what happens behind other tabs happen once a minute

/** This tab, as long as it lives: a page that is loaded again is another one. */
export const TAB = newId();

const locks = navigator.locks ?? null; // missing before Safari 15.4, and on pages without https
const watched = new Set();

stayKnown();

/** Call `act` once a tab is gone: at once, if it is gone already. */
export function whenGone(tab, act) {
  if (tab === TAB || watched.has(tab)) return;
  watched.add(tab);
  const gone = () => (watched.delete(tab), act());
  if (locks) return locks.request(PREFIX + tab, gone).catch(gone);
  const look = setInterval(() => {
    if (isBeating(tab)) return;
    clearInterval(look);
    gone();
  }, BEAT_MS);
}

/** Let only one tab at a time do something, where the browser can: one that keeps nothing refuses locks, too. */
export async function alone(name, act) {
  let begun = false;
  const once = () => ((begun = true), act());
  try {
    return await (locks ? locks.request("hoctap." + name, once) : once());
  } catch (error) {
    if (begun) throw error;
    return act();
  }
}

function stayKnown() {
  if (locks) return locks.request(PREFIX + TAB, () => new Promise(() => {})).catch(() => {});
  const beat = () => write(PREFIX + TAB, String(Date.now()));
  beat();
  setInterval(beat, BEAT_MS);
  addEventListener("pageshow", beat);
  addEventListener("pagehide", () => remove(PREFIX + TAB));
}

function isBeating(tab) {
  const beaten = Number(read(PREFIX + tab) ?? 0);
  if (Date.now() - beaten < SILENT_MS) return true;
  remove(PREFIX + tab);
  return false;
}

/** A UUID also where `crypto.randomUUID` is missing: pages without https, as on a kiosk in the local network. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}
