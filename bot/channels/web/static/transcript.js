/** What was said in one conversation, kept in the browser so that a reload shows it all. */

import { keys, read, remove, write } from "./store.js";
import { TAB } from "./tabs.js";
import { pageWords } from "./words.js";

const LONGEST = 500;
const MOST_SHOWN = 2000;
const MOST_SAID_AT_ONCE = 200;
const BETWEEN = 1 / 1024; // two places are apart by one
const MOST_TOGETHER = 10; // files, as many as the server takes at once

/**
 * Entries in the order they came, of two shapes:
 * own {id: uuid, own: true, at, text, state: "waiting"|"sent"|"refused", reason, say, file, tab} – `say` until accepted,
 * `tab` is the one that sends it;
 * bot {id: number, at, text, marks, buttons, files, topic, edition, used}, as the server sent it – but that `edition` is
 * the id of the message that stands there now: one of a topic takes the place of the one before.
 * Each is kept under a key of its own, with its `place`: two tabs that write at once would else undo each other's words.
 */
export class Transcript {
  entries = [];
  #shown = new Set(); // ids of the messages shown: one with a smaller id may come later than others
  #unsettled = new Set(); // those of them that the server was not told of yet
  words = null; // the page's words in the language of this conversation, once the server has sent them
  #closed = false;

  constructor(key) {
    this.key = key;
    this.#read();
  }

  #read() {
    const { entries, shown, unsettled = [], words = null } = parsed(read(this.key)) ?? {};
    this.entries = this.#keys().map((key) => parsed(read(key))).filter((entry) => entry?.id).sort(inOrder);
    this.words = words;
    this.#unsettled = new Set(unsettled);
    // Pages of an earlier version kept all under one key.
    if (Array.isArray(entries)) entries.forEach((entry) => this.#append(entry));
    this.#shown = new Set(shown ?? this.entries.flatMap(({ own, id, edition }) => (own ? [] : [id, edition ?? id])));
    if (Array.isArray(entries)) this.#writeRest();
  }

  #keys() {
    return keys().filter((key) => key.startsWith(this.key + "/"));
  }

  #keyOf({ id }) {
    return `${this.key}/${id}`;
  }

  /** Tell whether another tab's change of something kept is a change of this conversation. */
  holds(key) {
    return key === null || key === this.key || key.startsWith(this.key + "/");
  }

  /** Take over what another tab wrote under a key. Return false when it forgot the conversation. */
  follow(key, written) {
    if (key === null || (key === this.key && written === null)) return false;
    const found = parsed(written);
    if (key === this.key) this.#followRest(found ?? {});
    else if (found?.id) this.#followEntry(found);
    return true;
  }

  #followRest({ shown = [], words = this.words }) {
    shown.forEach((id) => this.#shown.add(id));
    this.words = words;
  }

  #followEntry(found) {
    const known = this.entries.find(({ id }) => id === found.id);
    if (known) Object.assign(known, { reason: undefined, say: undefined, used: undefined }, found);
    else this.entries = [...this.entries, found].sort(inOrder);
    if (!found.own) [found.id, found.edition ?? found.id].forEach((id) => this.#shown.add(id));
  }

  addOwn(entry) {
    this.#append({ ...entry, tab: TAB });
  }

  /** The messages that were shown and that the server may settle. */
  get seen() {
    return [...this.#unsettled].slice(0, MOST_SAID_AT_ONCE);
  }

  settled(ids) {
    if (!ids.length) return;
    ids.forEach((id) => this.#unsettled.delete(id));
    this.#writeRest();
  }

  isNew({ id }) {
    return !this.#shown.has(id);
  }

  /** Take in the messages not seen before. Return how many there were, and how many of them are new bubbles. */
  addHeard(messages) {
    messages.forEach(({ id }) => this.#unsettled.add(id));
    const fresh = messages.filter((message) => this.isNew(message));
    if (!fresh.length) return { heard: 0, added: 0 };
    let added = 0;
    for (const message of fresh) {
      const standing = message.topic && this.entries.find(({ topic }) => topic === message.topic);
      if (standing) this.#put(replaced(standing, message));
      else this.#append(message);
      added += standing ? 0 : 1;
    }
    fresh.forEach(({ id }) => this.#shown.add(id));
    this.#shown = new Set([...this.#shown].slice(-MOST_SHOWN));
    this.#writeRest();
    return { heard: fresh.length, added };
  }

  /** Take in what was said in another browser: it has its place between what is known here. */
  recall(entries) {
    let place = 0;
    for (const entry of entries) {
      const standing = this.entries.find(({ id, topic }) => id === entry.id || (topic && topic === entry.topic));
      const news = entry.own ? !standing : this.isNew(entry);
      place = standing?.place ?? (news ? place + BETWEEN : place);
      if (news) this.#put(standing ? replaced(standing, entry) : this.#placed({ ...entry, place }));
      if (news && !entry.own) this.#shown.add(entry.id);
    }
    if (entries.length) this.#writeRest();
  }

  #placed(entry) {
    this.entries = [...this.entries, entry].sort(inOrder);
    return entry;
  }

  keepWords(words) {
    this.words = words;
    this.#writeRest();
  }

  change(id, changes) {
    const entry = this.entries.find((one) => one.id === id);
    if (entry) this.#put(Object.assign(entry, changes));
  }

  /** What this tab is to send next: files that were chosen together, or one entry; nothing when all is sent. */
  nextWaiting() {
    const waiting = this.entries.filter(({ state, tab }) => state === "waiting" && tab === TAB);
    const album = waiting[0]?.say.album;
    return album ? waiting.filter(({ say }) => say.album === album).slice(0, MOST_TOGETHER) : waiting.slice(0, 1);
  }

  /** The other tabs in which something was said that waits to be sent. */
  get othersWaiting() {
    const others = this.entries.filter(({ state, tab }) => state === "waiting" && tab !== TAB);
    return [...new Set(others.map(({ tab = "" }) => tab))];
  }

  /** Send from now on what was said in a tab that is gone. */
  inherit(tab) {
    const left = this.entries.filter((entry) => entry.state === "waiting" && (entry.tab ?? "") === tab);
    left.forEach((entry) => this.#put(Object.assign(entry, { tab: TAB })));
  }

  /** Let go of all that was said, here and on the device. What comes now is kept again. */
  clear() {
    this.entries = [];
    this.#keys().forEach(remove);
    remove(this.key);
  }

  /** Forget all, and keep nothing any more. */
  forget() {
    this.#closed = true;
    this.clear();
  }

  #append(entry) {
    const last = this.entries[this.entries.length - 1];
    this.entries.push({ ...entry, place: (last?.place ?? 0) + 1 });
    this.#put(this.entries[this.entries.length - 1]);
    this.#drop(this.entries.slice(0, -LONGEST));
  }

  #put(entry) {
    if (this.#closed) return;
    this.#keep(this.#keyOf(entry), entry);
  }

  #writeRest() {
    if (this.#closed) return;
    this.#keep(this.key, { shown: [...this.#shown], unsettled: [...this.#unsettled], words: this.words });
  }

  /** Keep something; where the device is full, instead of the older half of what was said. */
  #keep(key, value) {
    const written = JSON.stringify(value);
    for (let held = this.entries.length; !write(key, written) && held > 1; ) {
      held = Math.floor(held / 2);
      this.entries.slice(0, -held).forEach((entry) => this.#letGo(entry));
    }
  }

  /** Let go of what is old; the screen shows it still. What waits to be sent is not old. */
  #letGo(entry) {
    if (entry.state !== "waiting") remove(this.#keyOf(entry));
  }

  #drop(old) {
    old.filter(({ state }) => state !== "waiting").forEach((entry) => {
      remove(this.#keyOf(entry));
      this.entries.splice(this.entries.indexOf(entry), 1);
    });
  }
}

const inOrder = (one, other) => one.place - other.place || (String(one.id) < String(other.id) ? -1 : 1);

/** Say something new where an entry stands: it keeps its id, its time and so its place. */
function replaced(entry, { id, at, ...message }) {
  return Object.assign(entry, { ...message, edition: id, used: undefined });
}

function parsed(written) {
  try {
    return JSON.parse(written);
  } catch {
    return null; // not ours
  }
}

/** The page's words of a conversation that is kept on this device, or null when none is. */
export function wordsOf(key) {
  const { entries, words } = new Transcript(key);
  return entries.length ? (words ?? pageWords).words : null;
}

/** Forget the conversations under a prefix, but for those still in use. */
export function forgetOthers(prefix, kept) {
  for (const key of keys()) {
    if (key.startsWith(prefix) && !kept.includes(key.split("/")[0])) remove(key);
  }
}
