/** The line to the server: requests that insist, and one long poll for all phones of the page. */

const POLL_SECONDS = 25;
const SLOWEST_RETRY = 15_000;
const MOST_PATIENCE = 60; // seconds

/** An answer that asks for patience: the same will do later. */
export class Busy extends Error {
  constructor(status, seconds) {
    super(`HTTP ${status}`);
    this.status = status;
    this.seconds = Math.min(Number(seconds) || 0, MOST_PATIENCE);
  }
}

/** An answer that trying again would not change. `gone`: the server does not know this conversation; `full`: it has no room. */
export class Refused extends Error {
  constructor(status, sentence = "") {
    super(sentence);
    this.gone = [401, 403, 404, 410].includes(status);
    this.full = status === 507;
  }
}

/** Read an answer's JSON, or throw: `Refused` when it is final, `Busy` or another error when it is worth another try. */
export function readAnswer(status, text, retryAfter = null) {
  if (status >= 200 && status < 300) return text ? JSON.parse(text) : {};
  if (status === 429 || status >= 500) throw new Busy(status, retryAfter);
  if (status < 400 || [408, 425].includes(status)) throw new Error(`HTTP ${status}`);
  throw new Refused(status, sentenceIn(text));
}

function sentenceIn(text) {
  try {
    return String(JSON.parse(text).error ?? "");
  } catch {
    return "";
  }
}

export function post(url, body, asking = new AbortController(), longest = 20_000) {
  const headers = { "Content-Type": "application/json" };
  return fetched(url, { method: "POST", headers, body: JSON.stringify(body) }, asking, longest);
}

/** Fetch JSON, but wait no longer than so many milliseconds for it. */
export async function fetched(url, request = {}, asking = new AbortController(), longest = 20_000) {
  const tooLong = setTimeout(() => asking.abort(), longest);
  try {
    const response = await fetch(url, { ...request, signal: asking.signal });
    return readAnswer(response.status, await response.text(), response.headers.get("Retry-After"));
  } finally {
    clearTimeout(tooLong);
  }
}

/** Repeat an attempt, ever more slowly, until it succeeds or is refused. */
export async function insist(attempt, onTrouble = () => {}) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Refused) throw error;
      onTrouble(error);
      await pause(failures, error.seconds);
    }
  }
}

/** Wait a while, at least as long as the server asks; shorter when the device comes back online. */
function pause(failures, seconds = 0) {
  const wait = Math.max(seconds * 1000, Math.min(SLOWEST_RETRY, 500 * 2 ** failures)) * (1 + Math.random() / 4);
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      resolve();
    };
    const timer = setTimeout(wake, wait);
    window.addEventListener("online", wake);
  });
}

/** Brings what the bot says to all phones. One request for all: browsers allow six connections a host. */
export class Line {
  #phones = new Map();
  #asking = null;
  #anotherCame = false;

  add(phone) {
    this.#phones.set(phone.token, phone);
    if (!this.#asking) return;
    this.#anotherCame = true;
    this.#asking.abort();
  }

  get phones() {
    return [...this.#phones.values()];
  }

  remove(phone) {
    this.#phones.delete(phone.token);
  }

  /** Poll as long as the server knows the conversations. */
  async run() {
    try {
      for (;;) await insist(() => this.#poll(), (error) => this.#tell(false, error));
    } catch {
      this.#phones.forEach((phone) => phone.showGone());
    }
  }

  async #poll() {
    const asked = Date.now();
    const phones = [...this.#phones.values()].map(({ token, seen, edition, mostButtons }) => ({ token, seen, words: edition, most_buttons: mostButtons }));
    const answer = await this.#ask({ phones, wait: POLL_SECONDS });
    if (!answer) return;
    this.#tell(true);
    for (const { token, seen } of phones) this.#phones.get(token)?.settled(seen);
    for (const { token, messages, words } of answer.phones ?? []) this.#phones.get(token)?.receive(messages ?? [], words);
    // A server that answers at once with nothing must not be asked a thousand times a second.
    if (Date.now() - asked < 1000 && !answer.phones?.some(({ messages }) => messages?.length)) await pause(1);
  }

  /** Return the answer to a poll; null when another phone came meanwhile, which must not wait for the end of this one. */
  async #ask(poll) {
    this.#asking = new AbortController();
    this.#anotherCame = false;
    try {
      return await post("/web/poll", poll, this.#asking, (POLL_SECONDS + 10) * 1000);
    } catch (error) {
      if (this.#anotherCame) return null;
      throw error;
    }
  }

  #tell(connected, error) {
    this.#phones.forEach((phone) => phone.showConnection(connected, error));
  }
}
