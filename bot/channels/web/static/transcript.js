/** What was said in one conversation, kept in the browser so that a reload shows it all. */

import { pageWords } from "./words.js";

const LONGEST = 500;
const MOST_SHOWN = 2000;
const MOST_SAID_AT_ONCE = 200;
const MOST_TOGETHER = 10; // files, as many as the server takes at once

/**
 * Entries in the order they came, of two shapes:
 * own {id: uuid, own: true, at, text, state: "waiting"|"sent"|"refused", reason, say, file} – `say` until accepted;
 * bot {id: number, at, text, marks, buttons, files, topic, edition, used}, as the server sent it – but that `edition` is
 * the id of the message that stands there now: one of a topic takes the place of the one before.
 */
export class Transcript {
  entries = [];
  #shown = new Set(); // ids of the messages shown: one with a smaller id may come later than others
  #unsettled = new Set(); // those of them that the server was not told of yet
  words = null; // the page's words in the language of this conversation, once the server has sent them
  #closed = false;

  constructor(key) {
    this.key = key;
    this.read();
  }

  /** Take over what is stored: at the start, or when another tab wrote. */
  read() {
    try {
      const { entries, shown, unsettled = [], words = null } = JSON.parse(localStorage.getItem(this.key)) ?? {};
      if (!Array.isArray(entries)) return;
      [this.entries, this.words] = [entries, words];
      this.#shown = new Set(shown ?? entries.flatMap(({ own, id, edition }) => (own ? [] : [id, edition ?? id])));
      this.#unsettled = new Set(unsettled);
    } catch {
      // No storage, or not ours: the conversation begins empty and the server still has it.
    }
  }

  addOwn(entry) {
    this.entries.push(entry);
    this.#write();
  }

  /** The messages that were shown and that the server may settle. */
  get seen() {
    return [...this.#unsettled].slice(0, MOST_SAID_AT_ONCE);
  }

  settled(ids) {
    if (!ids.length) return;
    ids.forEach((id) => this.#unsettled.delete(id));
    this.#write();
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
      if (standing) replace(standing, message);
      else this.entries.push(message);
      added += standing ? 0 : 1;
    }
    fresh.forEach(({ id }) => this.#shown.add(id));
    this.#shown = new Set([...this.#shown].slice(-MOST_SHOWN));
    this.#write();
    return { heard: fresh.length, added };
  }

  keepWords(words) {
    this.words = words;
    this.#write();
  }

  change(id, changes) {
    const entry = this.entries.find((one) => one.id === id);
    if (!entry) return;
    Object.assign(entry, changes);
    this.#write();
  }

  /** What is to be sent next: files that were chosen together, or one entry; nothing when all is sent. */
  nextWaiting() {
    const waiting = this.entries.filter(({ state }) => state === "waiting");
    const album = waiting[0]?.say.album;
    return album ? waiting.filter(({ say }) => say.album === album).slice(0, MOST_TOGETHER) : waiting.slice(0, 1);
  }

  /** Let go of all that was said, here and on the device. What comes now is kept again. */
  clear() {
    this.entries = [];
    localStorage.removeItem(this.key);
  }

  /** Forget all, and keep nothing any more. */
  forget() {
    this.#closed = true;
    this.clear();
  }

  #write() {
    if (this.#closed) return;
    this.entries = this.entries.slice(-LONGEST);
    const kept = { shown: [...this.#shown], unsettled: [...this.#unsettled], words: this.words };
    for (let newest = this.entries.length; newest > 0; newest = Math.floor(newest / 2)) {
      try {
        localStorage.setItem(this.key, JSON.stringify({ ...kept, entries: this.entries.slice(-newest) }));
        return;
      } catch {
        // Storage is full: keep the newer half.
      }
    }
  }
}

/** Say something new where an entry stands: it keeps its id, its time and so its place. */
function replace(entry, { id, at, ...message }) {
  Object.assign(entry, { ...message, edition: id, used: undefined });
}

/** The page's words of a conversation that is kept on this device, or null when none is. */
export function wordsOf(key) {
  const { entries, words } = new Transcript(key);
  return entries.length ? (words ?? pageWords).words : null;
}

/** Forget the conversations under a prefix, but for those still in use. */
export function forgetOthers(prefix, keys) {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(prefix) && !keys.includes(key)) localStorage.removeItem(key);
  }
}
