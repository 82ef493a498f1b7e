/** Case, accents and width, as the search of the server folds them; letter by letter, so that places in the text stay known. */
const marks = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+/g;
const foldLetter = (letter: string): string => letter.toUpperCase().toLowerCase().normalize('NFKD').replace(marks, '').normalize('NFC');

/** Longer texts are looked through up to here: what is drawn of one is shorter. */
const longest = 50_000;

/** What somebody looks for, in pieces: `"said in one piece"`, words, and none that must be missing (`-paid`). */
export function soughtIn(search: string): readonly string[] {
  const pieces: string[] = [];
  for (const [, minus, phrase, word] of search.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    const text = foldAll((phrase ?? word ?? '').trim());
    if (minus !== '-' && /[\p{L}\p{N}]/u.test(text) && !pieces.includes(text)) pieces.push(text);
  }
  return pieces.slice(0, 16);
}

export type Stretch = readonly [from: number, to: number];

/** Where pieces stand in a text, from left to right. */
export function placesOf(text: string, pieces: readonly string[]): readonly Stretch[] {
  if (pieces.length === 0 || text === '') return [];
  const { folded, starts } = folding(text.slice(0, longest));
  const found: Stretch[] = [];
  for (const piece of pieces)
    for (let at = folded.indexOf(piece); at >= 0; at = folded.indexOf(piece, at + piece.length))
      found.push([starts[at] ?? 0, starts[at + piece.length] ?? text.length]);
  return found.toSorted(([a], [b]) => a - b);
}

/** The marks that redaction left in place of what it took out. */
export const marksIn = (text: string): readonly Stretch[] =>
  text.includes('[redacted:')
    ? [...text.matchAll(/\[redacted:[^\]\n]{1,200}\]/g)].map(({ 0: { length }, index }) => [index, index + length])
    : [];

const foldAll = (text: string): string => folding(text).folded;

/** Folded text, and for each of its units where it began in the text. */
function folding(text: string): { readonly folded: string; readonly starts: readonly number[] } {
  let folded = '';
  const starts: number[] = [];
  let at = 0;
  for (const letter of text) {
    const plain = letter < '\u0080' ? letter.toLowerCase() : foldLetter(letter);
    for (let unit = 0; unit < plain.length; unit++) starts.push(at);
    folded += plain;
    at += letter.length;
  }
  starts.push(at);
  return { folded, starts };
}
