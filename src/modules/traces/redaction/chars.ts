/** What a character of ASCII may be part of; bits, so that one table answers all. */
export const DIGIT = 1;
export const LETTER = 2;
/** Letters, digits, `_` and `-`: what tokens are made of. */
export const TOKEN = 4;
/** What stands before the @ of an address. */
export const LOCAL = 8;
/** What stands after it. */
export const DOMAIN = 16;
/** Base64, of either alphabet, and what else bearer tokens hold. */
export const BEARER = 32;
/** What a value in `name=value` is not made of: white space, quotes, brackets, separators and another `=`. */
export const BREAK = 64;

const table = new Uint8Array(128);
const mark = (characters: string, bits: number): void => {
  for (const character of characters) table[character.charCodeAt(0)] = (table[character.charCodeAt(0)] ?? 0) | bits;
};
const DIGITS = '0123456789';
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
mark(DIGITS, DIGIT | TOKEN | LOCAL | DOMAIN | BEARER);
mark(LETTERS, LETTER | TOKEN | LOCAL | DOMAIN | BEARER);
mark('_-', TOKEN | LOCAL | BEARER);
mark('-.', DOMAIN);
mark(".%+'", LOCAL);
mark('.~+/=', BEARER);
mark(' \t\n\r"\'`&;,=\\<>(){}[]|', BREAK);

export const ALPHANUMERIC = DIGIT | LETTER;

/** Whether a code unit is of one of the kinds. NaN (past the end) and what is not ASCII is of none. */
export const is = (code: number, bits: number): boolean => code < 128 && ((table[code] ?? 0) & bits) !== 0;

/** A letter of another script may stand in an address; typographic spaces, dashes and quotes may not. */
export const isForeignLetter = (code: number): boolean =>
  code >= 0xc0 && !(code >= 0x2000 && code < 0x2e80) && !(code >= 0x3000 && code < 0x3040) && code < 0xfe00;
