/** What is kept on this device; in the page's memory in a kiosk, and where the browser keeps nothing: private windows, some apps, a full disk. */

const memory = new Map();

/** On a device that many use in turn nothing is kept, and what somebody keeps on it is neither looked at nor removed. */
export const KIOSK = new URLSearchParams(location.search).has("kiosk");

/** Return what is kept under a key, or null. */
export function read(key) {
  if (memory.has(key) || KIOSK) return memory.get(key) ?? null;
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keep something. Return whether it outlives the page. */
export function write(key, value) {
  try {
    if (KIOSK) return Boolean(memory.set(key, value));
    localStorage.setItem(key, value);
    memory.delete(key);
    return true;
  } catch {
    memory.set(key, value);
    return false;
  }
}

export function remove(key) {
  memory.delete(key);
  try {
    if (!KIOSK) localStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

export function keys() {
  return [...new Set([...memory.keys(), ...keptKeys()])];
}

/** Tell whether something of a conversation will be gone with the page. */
export const forgetsSome = (prefix) => !KIOSK && [...memory.keys()].some((key) => key.startsWith(prefix));

function keptKeys() {
  try {
    if (KIOSK) return [];
    return Object.keys(localStorage ?? {});
  } catch {
    return [];
  }
}
