/**
 * Where a text stops being JSON: the index of the first character that cannot stand there, or its length where it just
 * ends too early. For texts that JSON.parse has refused, and no deeper than the stack allows.
 */
export function jsonBreak(text: string): number {
  const reader = new Reader(text);
  return reader.value() && reader.end() ? text.length : reader.at;
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const WORD = /true|false|null/y;

/** Every method moves `at` past what it read; false: it broke there. */
class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(): boolean {
    this.#take(SPACE);
    const next = this.#text[this.at];
    if (next === '{') return this.#list('}', () => this.#string() && this.#char(':') && this.value());
    if (next === '[') return this.#list(']', () => this.value());
    if (next === '"') return this.#string();
    return this.#take(WORD) || this.#take(NUMBER);
  }

  end(): boolean {
    this.#take(SPACE);
    return this.at === this.#text.length;
  }

  #list(close: string, item: () => boolean): boolean {
    this.at++;
    if (this.#char(close)) return true;
    do {
      this.#take(SPACE);
      if (!item()) return false;
    } while (this.#char(','));
    return this.#char(close);
  }

  #string(): boolean {
    return this.#take(STRING) && this.#char('"', false);
  }

  #char(char: string, afterSpace = true): boolean {
    if (afterSpace) this.#take(SPACE);
    if (this.#text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.at = pattern.lastIndex;
    return match !== null;
  }
}
