/** The line to the server: requests that insist, and one long poll for all phones of the page. */

const POLL_SECONDS = 25;
const SLOWEST_RETRY = 15_000;

/** An answer that trying again would not change. `gone`: the server does not know this conversation. */
export class Refused extends Error {
  constructor(status, sentence = "") {
    super(sentence);
    this.gone = [401, 403, 404, 410].includes(status);
  }
}

/** Read an answer's JSON, or throw: `Refused` when it is final, another error when it is worth another try. */
export function readAnswer(status, text) {
  if (status >= 200 && status < 300) return text ? JSON.parse(text) : {};
  if (status < 400 || status >= 500 || [408, 425, 429].includes(status)) throw new Error(`HTTP ${status}`);
  throw new Refused(status, sentenceIn(text));
}

function sentenceIn(text) {
  try {
    return String(JSON.parse(text).error ?? "");
  } catch {
    return "";
  }
}

export async function post(url, body, signal = AbortSignal.timeout(20_000)) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  return readAnswer(response.status, await response.text());
}

/** Repeat an attempt, ever more slowly, until it succeeds or is refused. */
export async function insist(attempt, onTrouble = () => {}) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Refused) throw error;
      onTrouble();
      await pause(failures);
    }
  }
}

/** Wait a while; shorter when the device comes back online. */
function pause(failures) {
  const wait = Math.min(SLOWEST_RETRY, 500 * 2 ** failures) * (0.75 + Math.random() / 2);
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

  add(phone) {
    this.#phones.set(phone.token, phone);
  }

  /** Poll as long as the server knows the conversations. */
  async run() {
    try {
      for (;;) await insist(() => this.#poll(), () => this.#tell(false));
    } catch {
      this.#phones.forEach((phone) => phone.showGone());
    }
  }

  async #poll() {
    const asked = Date.now();
    const phones = [...this.#phones.values()].map(({ token, after, edition }) => ({ token, after, words: edition }));
    const tooLong = AbortSignal.timeout((POLL_SECONDS + 10) * 1000);
    const answer = await post("/web/poll", { phones, wait: POLL_SECONDS }, tooLong);
    this.#tell(true);
    for (const { token, messages, words } of answer.phones ?? []) this.#phones.get(token)?.receive(messages ?? [], words);
    // A server that answers at once with nothing must not be asked a thousand times a second.
    if (Date.now() - asked < 1000 && !answer.phones?.some(({ messages }) => messages?.length)) await pause(1);
  }

  #tell(connected) {
    this.#phones.forEach((phone) => phone.showConnection(connected));
  }
}
