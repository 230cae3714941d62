/** One conversation on the page: what was said, buttons under it, a place to write. */

import { ask, asks, clock, dayElement, dayOf, el, icon, markState, markUsed } from "./bubbles.js";
import { messageElement, showEdition, showPassingButtons, showProgress } from "./bubbles.js";
import { ACCEPTED, isHeic, MOST_BYTES, prepared, upload } from "./files.js";
import { Busy, insist, post, Refused } from "./line.js";
import { chooseLook } from "./look.js";
import { forgetsSome, KIOSK } from "./store.js";
import { newId, whenGone } from "./tabs.js";
import { beQuiet, readAloud, whenVoices } from "./voice.js";
import { Transcript } from "./transcript.js";
import { filled, pageWords } from "./words.js";

const NEAR_END = 80; // pixels within which a reader counts as being at the end
const READING_MARGIN = 8;
const TYPING_MS = 20_000;
const MOST_UPLOADS = 3;
const CLIP = "M16.5 6.5v10a4.5 4.5 0 0 1-9 0V6a3 3 0 0 1 6 0v9.5a1.5 1.5 0 0 1-3 0V7";
const COMPOSING = 229; // the key code of a key that belongs to an input method
const SPEAKER = "M4 9v6h4l5 4V5L8 9zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11";
const PLANE = "M4 12 3 4l18 8-18 8 1-8zm0 0h8";

export class Phone {
  #transcript;
  #onChange;
  #onGone;
  #onLeave;
  #onForget;
  #onNext;
  #aloud = false; // what the bot says is read
  #elements = new Map(); // entry id → its element
  #blobs = new Map(); // entry id → what is still to be uploaded
  #addresses = new Map(); // entry id → an own photo in full, while the page lives
  #newest = null; // the entry drawn last
  #delivering = false;
  #choosing; // files that are just being made ready: those of this album
  #gone = false;
  #forgotten = false;
  #following = true;
  #sees = false; // this browser tells of sizes that change
  #scrolledTo = 0;
  #typingTimer = 0;
  unread = 0;
  active = false;
  mostButtons; // under a message, where a phone looks like one of a channel that has few

  /**
   * `person`: {token, role, start}, {title, subtitle} unless the page's own are meant, a `hint` what to try, and what was
   * `said` in other browsers;
   * `onChange` is told of unread messages and attention. A page whose reader may end the conversation on this device
   * gives `onLeave`; `onForget` is told that the server erased it, and with `onNext` what is said after that goes to
   * another conversation.
   */
  constructor(person, { storage, onChange = () => {}, onGone = () => location.reload(), onLeave, onForget, onNext }) {
    this.person = person;
    this.token = person.token;
    this.#onChange = onChange;
    this.#onGone = onGone;
    this.#onForget = onForget;
    this.#onNext = onNext;
    this.#onLeave = onLeave;
    this.#transcript = new Transcript(storage + person.token);
    if (person.said) this.#transcript.recall(person.said);
    this.#build();
    this.#label();
    this.#sync();
    this.#listen();
    this.#deliver();
  }

  /** The messages that the server may settle. */
  get seen() {
    return this.#transcript.seen;
  }

  /** The page's own words in the language of whoever has this phone, and which edition of them. */
  get words() {
    return (this.#transcript.words ?? pageWords).words;
  }

  get edition() {
    return (this.#transcript.words ?? pageWords).edition;
  }

  get title() {
    return this.person.title ?? this.words.title;
  }

  get isEmpty() {
    return this.#transcript.entries.length === 0;
  }

  // What the page and the line tell a phone

  receive(messages, words) {
    if (words) this.#speak(words);
    const end = lastIndexOf(messages, (message) => message.forget && this.#transcript.isNew(message));
    if (end > 0) this.#transcript.addHeard(messages.slice(0, end));
    if (end >= 0) this.#forgetAll();
    const { heard, added } = this.#transcript.addHeard(messages);
    if (!heard) return;
    this.#showTyping(false);
    this.#sync();
    if (!added) return;
    if (this.#aloud) this.#read(messages.slice(-added));
    if (this.#following) this.#startReading(added);
    if (!this.#following) this.pill.hidden = false;
    if (!this.#isWatched()) this.#count(this.unread + added);
  }

  settled(ids) {
    this.#transcript.settled(ids);
  }

  showConnection(connected, error) {
    this.trouble.hidden = connected;
    this.trouble.dataset.word = error instanceof Busy && error.status === 429 ? "busy" : "reconnecting";
    this.trouble.textContent = this.words[this.trouble.dataset.word];
    if (!connected) this.#showTyping(false);
  }

  /** The server no longer knows this conversation: say so, and offer a new one. */
  showGone() {
    if (this.#gone) return;
    this.#gone = true;
    const again = el("button", { type: "button", class: "start", onclick: this.#onGone }, this.words.startAgain);
    this.scroller.append(el("div", { class: "welcome" }, el("p", {}, this.words.gone), again));
    this.trouble.hidden = true;
    this.#scrollToEnd();
  }

  /** Send the text that begins a conversation. The bubble doesn't show it, for it may hold an invitation. */
  start(text = this.person.start) {
    this.#say({ kind: "typed", text }, { text: this.words.started });
  }

  /** Give this phone the reader's attention, or take it away. */
  attend(active = true) {
    const changed = this.active !== active;
    this.active = active;
    if (changed) this.#onChange(this);
    if (this.#isWatched()) this.#count(0);
  }

  /** Let a key typed anywhere on the page go to the input. */
  takeKey(event) {
    const elsewhere = !event.target.closest("textarea, input, dialog");
    const writes = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (elsewhere && writes) this.input.focus();
  }

  /** Look like a phone of another channel, which has so many buttons and takes such files, from the next message on. */
  lookLike(channel, { mostButtons, accept = ACCEPTED } = {}) {
    this.node.dataset.looks = channel;
    this.mostButtons = mostButtons;
    this.picker.accept = accept;
  }

  /** Keep nothing of this conversation on this device any more. */
  forget() {
    this.#transcript.forget();
  }

  /** Say in this conversation what was meant for one that was erased. */
  takeOver({ say, entry, blob }) {
    this.#say(say, entry, blob);
  }

  /** The server erased all that was said: so does the page, from the screen and from the device. */
  #forgetAll() {
    this.#transcript.clear();
    this.log.replaceChildren();
    this.#elements.clear();
    this.#blobs.clear();
    this.#addresses.forEach((address) => URL.revokeObjectURL(address));
    this.#addresses.clear();
    this.#newest = null;
    this.input.value = "";
    this.#forgotten = true;
    this.#onForget?.(this);
  }

  // What a person does

  #type() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.#fitInput();
    this.#say({ kind: "typed", text }, { text });
    this.input.focus();
  }

  #press({ label, payload, lasting = false }, { id, used = [] }) {
    if (lasting) this.#transcript.change(id, { used: [...used, payload] });
    this.#say({ kind: "pressed", payload, text: label }, { text: label, lasting });
    this.#focusAfterPress();
  }

  /** Files chosen together are one answer: they are sent together, once all of them are uploaded. */
  async #attach(files) {
    const album = files.length > 1 ? newId() : undefined;
    this.#choosing = album;
    try {
      for (const file of [...files]) await this.#sayFile(file, album);
    } finally {
      if (this.#choosing === album) this.#choosing = undefined;
      this.#deliver();
    }
  }

  async #sayFile(file, album) {
    const { blob, name, preview } = await prepared(file);
    const drawn = { kind: preview ? "photo" : "document", name, preview };
    const tooBig = blob.size > MOST_BYTES;
    const fate = tooBig ? { state: "refused", reason: this.words.tooBig } : {};
    if (!preview && isHeic(file)) fate.note = this.words.heic;
    this.#say({ kind: "file", name, album }, { text: "", file: drawn, ...fate }, blob);
  }

  #say(say, entry, blob = null) {
    if (this.#forgotten && this.#onNext) return this.#onNext({ say, entry, blob });
    beQuiet();
    const id = newId();
    if (blob) this.#blobs.set(id, blob);
    if (entry.file?.preview) this.#addresses.set(id, URL.createObjectURL(blob));
    this.#transcript.addOwn({ id, own: true, at: new Date().toISOString(), state: "waiting", say, ...entry });
    this.#showTyping(this.trouble.hidden && entry.state !== "refused");
    this.#sync();
    this.#scrollToEnd();
    this.#deliver();
  }

  // Delivery: one at a time and in order, until the server has accepted. Each tab sends what was said in it.

  async #deliver() {
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next; (next = this.#transcript.nextWaiting()).length; this.#sync()) {
      const { album } = next[0].say;
      if (album && album === this.#choosing) break;
      const missing = next.filter(({ say }) => say.kind === "file" && !say.file);
      if (missing.length) await this.#bring(missing);
      else await this.#tryFor(next, (worried) => this.#post(next, worried));
    }
    this.#delivering = false;
  }

  /** Send what was said in another tab as soon as that is gone. */
  #inherit() {
    for (const tab of this.#transcript.othersWaiting) {
      whenGone(tab, () => {
        this.#transcript.inherit(tab);
        this.#deliver();
      });
    }
  }

  /** Upload the next file. A server that cannot keep it is not sent the others, and that is said once. */
  async #bring([next, ...others]) {
    const refused = await this.#tryFor([next], (worried) => this.#insistOnUpload(next, worried));
    if (refused?.full) this.#changeAll(others, { state: "refused", say: undefined });
  }

  /** Try something for entries. When that is refused for good they are marked so, with the reason, and the error is returned. */
  async #tryFor(entries, attempt) {
    try {
      await attempt((error) => this.showConnection(false, error));
      this.showConnection(true);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.gone) this.showGone();
      this.#showTyping(false);
      const reason = (!error.gone && error.message) || this.words.refused;
      this.#changeAll(entries, { state: "refused", reason, say: undefined });
      return error;
    }
  }

  async #post(entries, worried) {
    const [{ id, say }, ...others] = entries;
    const also = others.map(({ id, say: { file, name } }) => ({ id, file, name }));
    const { album, ...said } = say;
    await insist(() => post("/web/say", { token: this.token, id, ...said, also }), worried);
    this.#changeAll(entries, { state: "sent", say: undefined });
  }

  #changeAll(entries, changes) {
    entries.forEach(({ id }) => this.#transcript.change(id, changes));
  }

  /** A server that cannot keep a file is not sent it over and over: other messages wait behind it. */
  #insistOnUpload({ id, say }, worried) {
    let failures = 0;
    const attempt = () =>
      this.#uploaded(id, say).catch((error) => {
        const unable = error instanceof Busy && error.status !== 429;
        failures += unable ? 1 : 0;
        if (!unable || (failures < MOST_UPLOADS && ![503, 507].includes(error.status))) throw error;
        throw new Refused(507, this.words.notKept);
      });
    return insist(attempt, worried);
  }

  /** Upload a file and note the server's name for it. */
  async #uploaded(id, say) {
    const blob = this.#blobs.get(id);
    if (!blob) throw new Refused(0, this.words.fileLost);
    const { file } = await upload(this.token, blob, (share) => showProgress(this.#elements.get(id), share));
    this.#transcript.change(id, { say: { ...say, file } });
    this.#blobs.delete(id);
  }

  // The log follows the transcript

  #sync() {
    const { entries } = this.#transcript;
    // A question's buttons are good until it is answered or another one is asked. A lasting button answers nothing.
    const lastSaid = lastIndexOf(entries, ({ own, lasting, state }) => own && !lasting && state !== "refused");
    const lastAsked = lastIndexOf(entries, asks);
    entries.forEach((entry, index) => {
      const element = this.#elements.get(entry.id) ?? this.#draw(entry);
      if (entry.edition) showEdition(element, entry, this.words, this.#pressIn(entry));
      if (entry.own) markState(element, entry, this.words);
      else showPassingButtons(element, index > lastSaid && index >= lastAsked);
      if (entry.used) markUsed(element, entry.used, this.words);
    });
    this.welcome.hidden = this.#gone || !this.isEmpty || !this.person.start;
    this.unkept.hidden = !KIOSK && !forgetsSome(this.#transcript.key);
    this.#inherit();
    if (!this.#sees) this.#keepEnd();
  }

  #draw(entry) {
    const element = messageElement(entry, this.words, this.#pressIn(entry), this.#addresses.get(entry.id));
    const before = this.#newest;
    if (!before || dayOf(before.at) !== dayOf(entry.at)) this.log.append(this.#day(entry.at));
    else if (!before.own === !entry.own && clock(before.at) === clock(entry.at)) element.classList.add("follows");
    this.log.append(element);
    this.#elements.set(entry.id, element);
    this.#newest = entry;
    return element;
  }

  #day(at) {
    return dayElement(at, this.words, this.#language);
  }

  #pressIn(entry) {
    return (button) => this.#press(button, entry);
  }

  #showTyping(on) {
    clearTimeout(this.#typingTimer);
    this.typing.hidden = !on;
    if (on) this.#typingTimer = setTimeout(() => this.#showTyping(false), TYPING_MS);
  }

  // Attention: focus, scrolling, unread messages

  #isWatched() {
    return this.active && document.visibilityState === "visible" && this.node.getClientRects().length > 0;
  }

  #count(unread) {
    if (unread === this.unread) return;
    this.unread = unread;
    showCount(this.badge, unread, this.words);
    this.#onChange(this);
  }

  /** Keep the focus where one writes; on a touch screen that would open the keyboard over the answer. */
  #focusAfterPress() {
    const target = matchMedia("(pointer: fine)").matches ? this.input : this.scroller;
    target.focus({ preventScroll: true });
  }

  #scrollToEnd() {
    this.#following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Stay at the end, unless that hides where the new messages begin: who reads slowly begins there. */
  #startReading(count) {
    const { clientHeight } = this.scroller;
    const [first, log, scroller] = [this.log.children[this.log.children.length - count], this.log, this.scroller].map(
      (element) => element.getBoundingClientRect(),
    );
    if (!clientHeight || log.bottom - first.top <= clientHeight + NEAR_END) return;
    this.#following = false;
    this.scroller.scrollTop += first.top - scroller.top - READING_MARGIN;
  }

  /** Only scrolling up leaves the end: it also moves away when a photo above has loaded. */
  #noteScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    const wentUp = scrollTop < this.#scrolledTo;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#following = atEnd || (this.#following && !wentUp);
    this.#scrolledTo = scrollTop;
    if (atEnd) this.pill.hidden = true;
  }

  #fitInput() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 3}px`; // 3: the borders
  }

  // The elements

  #build() {
    this.avatar = el("span", { class: "avatar", "aria-hidden": "true" });
    [this.heading, this.subtitle] = [el("h2"), el("p")];
    this.badge = badge();
    this.leaveButton = this.#onLeave ? el("button", { type: "button", class: "leave", onclick: () => this.#leave() }) : null;
    if (this.#onLeave) {
      const round = { type: "button", class: "tool" };
      this.voiceButton = el("button", { ...round, hidden: true, onclick: () => this.#turnVoice() }, icon(SPEAKER));
      this.lookButton = el("button", { ...round, onclick: () => chooseLook(this.words) }, "Aa");
    }
    this.log = el("div", { class: "log" });
    this.typing = el("div", { class: "typing", "aria-hidden": "true", hidden: true }, el("i"), el("i"), el("i"));
    this.hint = el("p");
    this.startButton = el("button", { type: "button", class: "start", onclick: () => this.#begin() });
    this.welcome = el("div", { class: "welcome", hidden: true }, this.hint, this.startButton);
    const heard = { role: "log", "aria-live": "polite", tabindex: 0 };
    this.scroller = el("div", { class: "scroller", ...heard }, this.welcome, this.log, this.typing);
    this.pill = el("button", { type: "button", class: "pill", hidden: true, onclick: () => this.#scrollToEnd() });
    this.unkept = el("p", { class: "trouble unkept", hidden: true });
    this.trouble = el("p", { class: "trouble", role: "status", "data-word": "reconnecting", hidden: true });
    this.node = el(
      "section",
      { class: "phone", "data-role": this.person.role },
      el(
        "header",
        {},
        this.avatar,
        el("div", { class: "who" }, this.heading, this.subtitle),
        this.badge,
        this.voiceButton,
        this.lookButton,
        this.leaveButton,
      ),
      this.person.hint ? el("p", { class: "tip" }, this.person.hint) : null,
      this.scroller,
      el("div", { class: "foot" }, this.pill, this.unkept, this.trouble, this.#composer()),
    );
  }

  /** Begin or end reading what the bot says. It begins with what was said last. */
  #turnVoice(on = !this.#aloud) {
    this.#aloud = on;
    this.voiceButton.setAttribute("aria-pressed", String(on));
    if (!on) return beQuiet();
    const { entries } = this.#transcript;
    this.#read(entries.slice(lastIndexOf(entries, ({ own }) => own) + 1));
  }

  /** Read messages with what can be answered. Own words are not read: others may stand beside. */
  #read(messages) {
    const answers = ({ buttons = [] }) => buttons.flat().map(({ label }) => label);
    readAloud(messages.flatMap((message) => [message.text, ...answers(message)]), this.#language);
  }

  get #language() {
    return (this.#transcript.words ?? pageWords).language;
  }

  async #leave() {
    const { words } = this;
    const unsent = this.#transcript.nextWaiting().length > 0;
    if (KIOSK && !unsent) return this.#onLeave(this);
    const [question, hint] = KIOSK ? [words.unsent] : [words.leaveSure, unsent ? words.unsent : ""];
    const answers = { leave: KIOSK ? words.kioskDone : words.leave, stay: words.stay };
    if ((await ask(question, answers, hint)) === "leave") this.#onLeave(this);
  }

  #composer() {
    this.input = el("textarea", { rows: 1, enterkeyhint: "send" });
    this.picker = el("input", { type: "file", accept: ACCEPTED, multiple: true, hidden: true });
    this.attachButton = el("button", { type: "button", class: "attach", onclick: () => this.picker.click() }, icon(CLIP));
    this.sendButton = el("button", { class: "send" }, icon(PLANE));
    return el("form", { class: "composer" }, this.picker, this.attachButton, this.input, this.sendButton);
  }

  /** Go on in other words: this conversation is in another language now. */
  #speak(words) {
    this.#transcript.keepWords(words);
    this.#label();
    this.#sync();
    this.#onChange(this);
  }

  /** Write the page's words wherever they stand. Messages stay as they were said. */
  #label() {
    const { words, title } = this;
    const name = (element, attributes) => Object.entries(attributes).forEach((pair) => element.setAttribute(...pair));
    name(this.node, { lang: this.#language, "aria-label": title });
    name(this.scroller, { "aria-label": filled(words.conversation, { name: title }) });
    name(this.input, { "aria-label": words.message, placeholder: words.message });
    name(this.attachButton, { "aria-label": words.attach, title: words.attach });
    name(this.sendButton, { "aria-label": words.send, title: words.send });
    [this.avatar.textContent, this.heading.textContent] = [initials(title), title];
    this.subtitle.textContent = this.person.subtitle ?? words.subtitle;
    [this.hint.textContent, this.startButton.textContent] = [words.startHint, words.start];
    [this.pill.textContent, this.trouble.textContent] = [words.newMessages, words[this.trouble.dataset.word]];
    this.unkept.textContent = KIOSK ? filled(words.kiosk, { done: words.kioskDone }) : words.unkept;
    if (this.#onLeave) this.#labelTools(name);
    for (const day of this.log.querySelectorAll(".day")) day.replaceWith(this.#day(day.dataset.at));
    showCount(this.badge, this.unread, words);
  }

  #labelTools(name) {
    const { words } = this;
    this.leaveButton.textContent = KIOSK ? words.kioskDone : words.leave;
    name(this.lookButton, { "aria-label": words.look, title: words.look });
    name(this.voiceButton, { "aria-label": words.readAloud, title: words.readAloud, "aria-pressed": String(this.#aloud) });
    whenVoices(this.#language, (some) => (this.voiceButton.hidden = !some));
  }

  #begin() {
    this.start();
    this.#focusAfterPress();
  }

  #listen() {
    const on = (target, name, act) => target.addEventListener(name, act);
    on(this.node.querySelector("form"), "submit", (event) => (event.preventDefault(), this.#type()));
    on(this.input, "keydown", (event) => this.#sendOnEnter(event));
    on(this.input, "input", () => this.#fitInput());
    on(this.input, "paste", ({ clipboardData }) => this.#attach(clipboardData.files));
    on(this.picker, "change", () => this.#attach(this.picker.files).finally(() => (this.picker.value = "")));
    on(this.node, "pointerdown", () => this.attend());
    on(this.node, "focusin", () => this.attend());
    on(document, "visibilitychange", () => this.#isWatched() && this.#count(0));
    on(this.scroller, "scroll", () => this.#noteScroll());
    on(window, "storage", ({ key, newValue }) => this.#transcript.holds(key) && this.#follow(key, newValue));
    on(window, "resize", () => this.#keepEnd());
    this.#sees = Boolean(window.ResizeObserver);
    if (!this.#sees) return;
    const sizes = new ResizeObserver(() => this.#keepEnd());
    [this.scroller, this.log, this.typing].forEach((part) => sizes.observe(part));
  }

  #keepEnd() {
    if (this.#following) this.#scrollToEnd();
  }

  /** Another tab wrote what was said, or forgot it: then this one must not keep it either. */
  #follow(key, written) {
    const before = this.#transcript.entries.length;
    if (this.#transcript.follow(key, written)) {
      const { entries } = this.#transcript;
      if (entries.length > before) this.#showTyping(Boolean(entries[entries.length - 1].own));
      return this.#sync();
    }
    this.#transcript.forget();
    location.reload();
  }

  #sendOnEnter(event) {
    // While a Vietnamese or other input method composes, Enter belongs to it. Safari tells the end of it before the key,
    // and so only by its code.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === COMPOSING) return;
    event.preventDefault();
    this.#type();
  }
}

export const badge = () => el("span", { class: "badge", role: "img", hidden: true });

export function showCount(badge, count, words) {
  badge.hidden = count === 0;
  badge.textContent = count > 99 ? "99+" : String(count);
  badge.setAttribute("aria-label", filled(words.unread, { count }));
}

/** The letters of the first and the last word, as contact lists show them. */
function initials(name) {
  const parts = name.trim().split(/\s+/);
  return [...new Set([parts[0], parts[parts.length - 1]])].map((part) => [...part][0] ?? "").join("").toUpperCase();
}

/** As findLastIndex, which browsers of 2021 have not. */
function lastIndexOf(list, test) {
  for (let index = list.length - 1; index >= 0; index -= 1) if (test(list[index])) return index;
  return -1;
}
