/** Reads aloud what the bot says, in the device's own voice where it has one of the language. */

const LONGEST = 180; // letters at once: some browsers fall silent in the middle of more
const PICTURES = /[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}\u200d\ufe0f]/gu;

const speech = window.speechSynthesis ?? null;

/** Tell now, and whenever voices come or go, whether there is a voice of a language. */
export function whenVoices(language, tell) {
  const look = () => tell(Boolean(voiceOf(language)));
  speech?.addEventListener?.("voiceschanged", look);
  look();
}

/** Read texts, instead of what is being read. */
export function readAloud(texts, language) {
  const voice = voiceOf(language);
  if (!voice) return;
  speech.cancel();
  for (const part of texts.flatMap(parts)) {
    const spoken = new SpeechSynthesisUtterance(part);
    Object.assign(spoken, { voice, lang: voice.lang, rate: 0.9 });
    speech.speak(spoken);
  }
}

export const beQuiet = () => speech?.cancel();

/** The device's own voice is best: others send what they read away. */
function voiceOf(language) {
  const ofLanguage = ({ lang }) => lang.toLowerCase().split(/[-_]/)[0] === language;
  const voices = (speech?.getVoices() ?? []).filter(ofLanguage);
  return voices.find(({ localService }) => localService) ?? null;
}

/** Cut a text into sentences, and long ones at commas or spaces. */
function parts(text) {
  const sentences = text.replace(PICTURES, "").replace(/^[•\s]+/gm, "").replace(/([.!?…:])\s+/g, "$1\n").split("\n");
  return sentences.flatMap((sentence) => cut(sentence.trim())).filter(Boolean);
}

function cut(sentence) {
  if (sentence.length <= LONGEST) return [sentence];
  const place = Math.max(sentence.lastIndexOf(", ", LONGEST), sentence.lastIndexOf(" ", LONGEST)) + 1 || LONGEST;
  return [sentence.slice(0, place).trim(), ...cut(sentence.slice(place).trim())];
}
