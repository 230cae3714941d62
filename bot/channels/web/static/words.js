/** The page's own words, which the server wrote into the page; a poll brings others to who reads another language. */

export const pageWords = JSON.parse(document.body.dataset.words);

/** Put values into a sentence, as in `{count} unread`. */
export const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
