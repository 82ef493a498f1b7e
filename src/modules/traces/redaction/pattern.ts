/**
 * Regular expressions that match in linear time, whoever wrote them and whatever the text: a parser for the common subset, and Thompson's
 * simulation with Pike's threads instead of backtracking. `(a+)+$` costs here what `a+$` costs. The longest of the leftmost matches counts.
 */
export interface Pattern {
  readonly program: readonly Step[];
  /** By ASCII code: whether a match may begin with it. */
  readonly firsts: Uint8Array;
}

type Step =
  | { readonly do: 'take'; readonly accepts: (code: number) => boolean }
  | { readonly do: 'fork'; readonly to: readonly number[] }
  | { readonly do: 'assert'; readonly holds: (before: number, after: number) => boolean }
  | { readonly do: 'match' };

type Node =
  | { readonly is: 'take'; readonly accepts: (code: number) => boolean }
  | { readonly is: 'assert'; readonly holds: (before: number, after: number) => boolean }
  | { readonly is: 'sequence'; readonly of: readonly Node[] }
  | { readonly is: 'choice'; readonly of: readonly Node[] }
  | { readonly is: 'repeat'; readonly node: Node; readonly least: number; readonly most: number };

/** Steps of a program: with it, a text of a megabyte costs seconds in the very worst case, and milliseconds in all others. */
const MOST_STEPS = 256;
const MOST_REPEATS = 100;
/** Characters after a match in which it may still turn out longer. Without an end to it, `a(.*b)?` would read the rest for every a. */
const LONGEST_WAIT = 64;
const NONE = -1;

const between = (low: number, high: number) => (code: number) => code >= low && code <= high;
const digit = between(48, 57);
const word = (code: number): boolean => digit(code) || between(97, 122)(code) || between(65, 90)(code) || code === 95;
const space = (code: number): boolean => code === 32 || between(9, 13)(code) || code === 0xa0 || code === 0x2028 || code === 0x2029;
const not = (accepts: (code: number) => boolean) => (code: number) => !accepts(code);
const CLASSES: Readonly<Record<string, (code: number) => boolean>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11 };
const boundary = (before: number, after: number): boolean => word(before) !== word(after);

class PatternProblem extends Error {}

class Parser {
  readonly #source: string;
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.#source = source;
    this.#ignoreCase = ignoreCase;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw new PatternProblem('a ) has no ( before it');
    return node;
  }

  #peek = (): string => this.#source.charAt(this.#at);

  #choice(): Node {
    if (++this.#depth > 32) throw new PatternProblem('the groups are nested too deep');
    const of = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at += 1;
      of.push(this.#sequence());
    }
    this.#depth -= 1;
    return of.length === 1 && of[0] !== undefined ? of[0] : { is: 'choice', of };
  }

  #sequence(): Node {
    const of: Node[] = [];
    while (this.#at < this.#source.length && this.#peek() !== '|' && this.#peek() !== ')') of.push(this.#repeated(this.#atom()));
    return { is: 'sequence', of };
  }

  #repeated(node: Node): Node {
    const range = /^(?:([*+?])|\{(\d{1,4})(?:(,)(\d{1,4})?)?\})\??/.exec(this.#source.slice(this.#at));
    if (range === null) return node;
    this.#at += range[0].length;
    const [, sign, low, comma, high] = range;
    const least = sign === undefined ? Number(low) : sign === '+' ? 1 : 0;
    const most =
      sign === undefined ? (comma === undefined ? least : high === undefined ? Infinity : Number(high)) : sign === '?' ? 1 : Infinity;
    if (most < least) throw new PatternProblem(`{${least},${most}} has its numbers the wrong way round`);
    if (least > MOST_REPEATS || (most !== Infinity && most > MOST_REPEATS))
      throw new PatternProblem(`a repetition may count to ${MOST_REPEATS}`);
    if (/^[*+?]/.test(this.#source.slice(this.#at))) throw new PatternProblem('a repetition is repeated; put the inner one in a group');
    return { is: 'repeat', node, least, most };
  }

  #atom(): Node {
    const character = this.#source.charAt(this.#at++);
    switch (character) {
      case '(': {
        if (this.#peek() === '?') {
          if (!this.#source.startsWith('?:', this.#at))
            throw new PatternProblem('look-around and named groups are not supported: only ( ) and (?: )');
          this.#at += 2;
        }
        const inner = this.#choice();
        if (this.#peek() !== ')') throw new PatternProblem('a ( has no ) after it');
        this.#at += 1;
        return inner;
      }
      case '[':
        return { is: 'take', accepts: this.#class() };
      case '.':
        return { is: 'take', accepts: (code) => code !== 10 && code !== 13 };
      case '^':
        return { is: 'assert', holds: (before) => before === NONE };
      case '$':
        return { is: 'assert', holds: (_, after) => after === NONE };
      case '*':
      case '+':
      case '?':
        throw new PatternProblem(`${character} has nothing to repeat`);
      case '\\':
        return this.#escape();
      default:
        return { is: 'take', accepts: this.#one(character.charCodeAt(0)) };
    }
  }

  #one(code: number): (code: number) => boolean {
    if (!this.#ignoreCase) return (other) => other === code;
    const [lower, upper] = [String.fromCharCode(code).toLowerCase().charCodeAt(0), String.fromCharCode(code).toUpperCase().charCodeAt(0)];
    return (other) => other === lower || other === upper;
  }

  #escape(): Node {
    const character = this.#source.charAt(this.#at);
    if (character === 'b' || character === 'B') {
      this.#at += 1;
      return { is: 'assert', holds: character === 'b' ? boundary : (before, after) => !boundary(before, after) };
    }
    const escaped = this.#escaped();
    return { is: 'take', accepts: typeof escaped === 'number' ? this.#one(escaped) : escaped };
  }

  /** Behind a backslash: a class, or the code of one character. */
  #escaped(): number | ((code: number) => boolean) {
    const character = this.#source.charAt(this.#at++);
    const classed = CLASSES[character];
    if (classed !== undefined) return classed;
    const control = CONTROLS[character];
    if (control !== undefined) return control;
    const hex = /^(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/.exec(this.#source.slice(this.#at - 1));
    if (hex !== null) {
      this.#at += hex[0].length - 1;
      return Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
    }
    if (/[1-9k]/.test(character)) throw new PatternProblem(`\\${character} refers back, which cannot be matched in linear time`);
    if (character === '' || /[A-Za-z0]/.test(character)) throw new PatternProblem(`\\${character} is not supported`);
    return character.charCodeAt(0);
  }

  #class(): (code: number) => boolean {
    const negated = this.#peek() === '^';
    if (negated) this.#at += 1;
    const members: ((code: number) => boolean)[] = [];
    const end = (): number | ((code: number) => boolean) => {
      const character = this.#source.charAt(this.#at++);
      if (character === '') throw new PatternProblem('a [ has no ] after it');
      return character === '\\' ? this.#escaped() : character.charCodeAt(0);
    };
    while (this.#peek() !== ']') {
      const low = end();
      if (typeof low === 'number' && this.#peek() === '-' && this.#source.charAt(this.#at + 1) !== ']') {
        this.#at += 1;
        const high = end();
        if (typeof high !== 'number' || high < low) throw new PatternProblem('a range in [ ] has no proper end');
        members.push(this.#range(low, high));
      } else members.push(typeof low === 'number' ? this.#one(low) : low);
    }
    this.#at += 1;
    const accepts = (code: number): boolean => members.some((member) => member(code));
    return negated ? not(accepts) : accepts;
  }

  #range(low: number, high: number): (code: number) => boolean {
    const plain = between(low, high);
    if (!this.#ignoreCase) return plain;
    const letter = (code: number): boolean => between(65, 90)(code) || between(97, 122)(code);
    return (code) => plain(code) || (letter(code) && plain(code ^ 32));
  }
}

/** The pattern a text writes, or what is wrong with it, to be shown. */
export function parsePattern(source: string, ignoreCase: boolean): Pattern | { readonly problem: string } {
  try {
    const program: Step[] = [];
    write(new Parser(source, ignoreCase).parse(), program);
    program.push({ do: 'match' });
    if (program.length > MOST_STEPS)
      throw new PatternProblem(`the pattern is too large: ${program.length} steps, and ${MOST_STEPS} are allowed`);
    if (canBeEmpty(program)) throw new PatternProblem('the pattern matches nothing at all, so everywhere');
    return { program, firsts: firstsOf(program) };
  } catch (error) {
    if (error instanceof PatternProblem) return { problem: error.message };
    throw error;
  }
}

/** Writes a node's steps behind those there are; each leads to the one after it unless it forks. */
function write(node: Node, program: Step[]): void {
  if (program.length > MOST_STEPS * 4) throw new PatternProblem(`the pattern is too large: more than ${MOST_STEPS} steps`);
  switch (node.is) {
    case 'take':
      program.push({ do: 'take', accepts: node.accepts });
      return;
    case 'assert':
      program.push({ do: 'assert', holds: node.holds });
      return;
    case 'sequence':
      for (const each of node.of) write(each, program);
      return;
    case 'choice': {
      const fork = program.push({ do: 'fork', to: [] }) - 1;
      const [starts, leaps]: [number[], number[]] = [[], []];
      for (const each of node.of) {
        starts.push(program.length);
        write(each, program);
        leaps.push(program.push({ do: 'fork', to: [] }) - 1);
      }
      program[fork] = { do: 'fork', to: starts };
      for (const leap of leaps) program[leap] = { do: 'fork', to: [program.length] };
      return;
    }
    case 'repeat': {
      for (let i = 0; i < node.least; i++) write(node.node, program);
      if (node.most === Infinity) {
        const fork = program.push({ do: 'fork', to: [] }) - 1;
        write(node.node, program);
        program.push({ do: 'fork', to: [fork] });
        program[fork] = { do: 'fork', to: [fork + 1, program.length] };
        return;
      }
      const forks: number[] = [];
      for (let i = node.least; i < node.most; i++) {
        forks.push(program.push({ do: 'fork', to: [] }) - 1);
        write(node.node, program);
      }
      for (const fork of forks) program[fork] = { do: 'fork', to: [fork + 1, program.length] };
    }
  }
}

/** The steps that take a character or match, reached from `at` without taking any. */
function reach(program: readonly Step[], at: number, holds: (step: Step & { do: 'assert' }) => boolean, visit: (at: number) => void): void {
  if (program[at]?.do === 'take') return visit(at);
  const pending = [at];
  const seen = new Set<number>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const step = program[next];
    if (step === undefined || seen.has(next)) continue;
    seen.add(next);
    if (step.do === 'fork') pending.push(...step.to);
    else if (step.do === 'assert') {
      if (holds(step)) pending.push(next + 1);
    } else visit(next);
  }
}

function canBeEmpty(program: readonly Step[]): boolean {
  let empty = false;
  reach(
    program,
    0,
    () => true,
    (at) => (empty ||= program[at]?.do === 'match'),
  );
  return empty;
}

function firstsOf(program: readonly Step[]): Uint8Array {
  const firsts = new Uint8Array(128);
  reach(
    program,
    0,
    () => true,
    (at) => {
      const step = program[at];
      if (step?.do === 'take') for (let code = 0; code < 128; code++) if (step.accepts(code)) firsts[code] = 1;
    },
  );
  return firsts;
}

/** All matches, from left to right, none overlapping. */
export function findPattern({ program, firsts }: Pattern, text: string): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  // For each step where its thread began: the earliest wins, so there are never more threads than steps.
  let now = new Int32Array(program.length).fill(-1);
  let next = new Int32Array(program.length).fill(-1);
  let live: number[] = [];
  let best: { start: number; end: number } | undefined;
  for (let i = 0; ; i++) {
    const code = i < text.length ? text.charCodeAt(i) : NONE;
    const before = i > 0 ? text.charCodeAt(i - 1) : NONE;
    if (best === undefined && code !== NONE && (code > 127 || firsts[code] === 1)) enter(program, 0, i, before, code, now, live);
    const stepping = live;
    live = [];
    for (const at of stepping) {
      const start = now[at] ?? -1;
      now[at] = -1;
      const step = program[at];
      // A match is judged before the next character; a thread that began later than the best no longer counts.
      if (step?.do === 'match') {
        if (best === undefined || start <= best.start) best = { start, end: i };
      } else if (step?.do === 'take' && code !== NONE && (best === undefined || start <= best.start) && step.accepts(code))
        enter(program, at + 1, start, code, i + 1 < text.length ? text.charCodeAt(i + 1) : NONE, next, live);
    }
    [now, next] = [next, now];
    if (best !== undefined) {
      const { start } = best;
      if (i - best.end > LONGEST_WAIT || !live.some((at) => (now[at] ?? -1) <= start)) {
        found.push(best);
        for (const at of live) now[at] = -1;
        live = [];
        // A match that ends here leaves this very character to the next one.
        i = best.end - 1;
        best = undefined;
        continue;
      }
    }
    if (code === NONE) return found;
  }
}

/** Sets a thread on every step that can be reached from `at` before the next character is taken. */
function enter(
  program: readonly Step[],
  at: number,
  start: number,
  before: number,
  after: number,
  threads: Int32Array,
  live: number[],
): void {
  reach(
    program,
    at,
    ({ holds }) => holds(before, after),
    (reached) => {
      const other = threads[reached] ?? -1;
      if (other >= 0 && other <= start) return;
      if (other < 0) live.push(reached);
      threads[reached] = start;
    },
  );
}
