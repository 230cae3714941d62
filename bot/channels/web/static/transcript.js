/** What was said in one conversation, kept in the browser so that a reload shows it all. */

const LONGEST = 500;

/**
 * Entries in the order they came, of two shapes:
 * own {id: uuid, own: true, at, text, state: "waiting"|"sent"|"refused", reason, say, file} – `say` until accepted;
 * bot {id: number, at, text, marks, buttons, files, topic, edition, used}, as the server sent it – but that `edition` is
 * the id of the message that stands there now: one of a topic takes the place of the one before.
 */
export class Transcript {
  entries = [];
  last = 0;
  words = null; // the page's words in the language of this conversation, once the server has sent them
  #closed = false;

  constructor(key) {
    this.key = key;
    this.read();
  }

  /** Take over what is stored: at the start, or when another tab wrote. */
  read() {
    try {
      const { entries, last, words = null } = JSON.parse(localStorage.getItem(this.key)) ?? {};
      if (Array.isArray(entries)) [this.entries, this.last, this.words] = [entries, last, words];
    } catch {
      // No storage, or not ours: the conversation begins empty and the server still has it.
    }
  }

  addOwn(entry) {
    this.entries.push(entry);
    this.#write();
  }

  /** Take in the messages not seen before. Return how many there were, and how many of them are new bubbles. */
  addHeard(messages) {
    const fresh = messages.filter(({ id }) => id > this.last);
    if (!fresh.length) return { heard: 0, added: 0 };
    let added = 0;
    for (const message of fresh) {
      const standing = message.topic && this.entries.find(({ topic }) => topic === message.topic);
      if (standing) replace(standing, message);
      else this.entries.push(message);
      added += standing ? 0 : 1;
    }
    this.last = Math.max(...fresh.map(({ id }) => id));
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

  nextWaiting() {
    return this.entries.find(({ state }) => state === "waiting");
  }

  forget() {
    this.#closed = true;
    localStorage.removeItem(this.key);
  }

  #write() {
    if (this.#closed) return;
    this.entries = this.entries.slice(-LONGEST);
    const { last, words } = this;
    for (let kept = this.entries.length; kept > 0; kept = Math.floor(kept / 2)) {
      try {
        localStorage.setItem(this.key, JSON.stringify({ last, words, entries: this.entries.slice(-kept) }));
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

/** Forget the conversations under a prefix, but for those still in use. */
export function forgetOthers(prefix, keys) {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(prefix) && !keys.includes(key)) localStorage.removeItem(key);
  }
}
