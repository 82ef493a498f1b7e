import { at, fail, pass, unsure, withoutCode, type Check, type Evidence } from './check.ts';

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const MOST_WORDS = 6_000;
const LONGEST_PERIOD = 120;

/** Loops: the same words, three times and more on end. And texts that say the same lines over and over. */
export const repetition: Check = ({ answer, failed }) => {
  if (failed) return undefined;
  const words = wordsIn(withoutCode(answer));
  if (words.length < 12) return words.length === 0 ? undefined : pass('too short to go round in circles');
  const loop = longestLoop(words);
  if (loop !== undefined) {
    const share = (loop.to - loop.from) / words.length;
    const evidence = place(answer, words, loop.from, Math.min(loop.to, loop.from + loop.period * 2));
    const because = `${loop.period === 1 ? 'a word' : `${loop.period} words`} ${Math.floor((loop.to - loop.from) / loop.period)} times on end`;
    if (share > 0.3 || loop.to - loop.from > 60) return fail(Math.max(0, Math.min(0.3, 1 - share)), because, [evidence]);
    return unsure(0.5, because, [evidence]);
  }
  const again = linesAgain(answer);
  if (again !== undefined && again.share > 0.5)
    return fail(1 - again.share, 'most of its lines stand there more than once', [again.evidence]);
  if (again !== undefined && again.share > 0.34) return unsure(0.5, 'many of its lines stand there more than once', [again.evidence]);
  return pass('it does not go round in circles');
};

/** Words of a text; in scripts that do not part them, each character is one. */
function wordsIn(text: string): readonly Word[] {
  const found: Word[] = [];
  for (const match of text.matchAll(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}]+/gu)) {
    found.push({ text: match[0].toLowerCase(), start: match.index, end: match.index + match[0].length });
    if (found.length >= MOST_WORDS) break;
  }
  return found;
}

interface Loop {
  readonly from: number;
  readonly to: number;
  readonly period: number;
}

/** The longest stretch in which every word is the one a period before, at least three times round and 12 words long. */
function longestLoop(words: readonly Word[]): Loop | undefined {
  let best: Loop | undefined;
  for (let period = 1; period <= LONGEST_PERIOD && period * 3 <= words.length; period++) {
    let run = 0;
    for (let i = period; i <= words.length; i++) {
      if (i < words.length && words[i]?.text === words[i - period]?.text) {
        run++;
        continue;
      }
      const length = run + period;
      // Figures in rows repeat; words do.
      if (
        length >= Math.max(12, period * 3) &&
        length > (best === undefined ? 0 : best.to - best.from) &&
        holdsLetters(words, i - length, i)
      )
        best = { from: i - length, to: i, period };
      run = 0;
    }
  }
  return best;
}

const holdsLetters = (words: readonly Word[], from: number, to: number): boolean =>
  words.slice(from, to).filter(({ text }) => /\p{L}/u.test(text)).length * 2 > to - from;

function place(answer: string, words: readonly Word[], from: number, to: number): Evidence {
  return at(answer, words[from]?.start ?? 0, words[to - 1]?.end ?? answer.length);
}

/** Lines and sentences of some length that stand there more than once, as a share of all such. */
function linesAgain(answer: string): { readonly share: number; readonly evidence: Evidence } | undefined {
  const seen = new Map<string, number>();
  let all = 0;
  let again = 0;
  let evidence: Evidence | undefined;
  for (const match of withoutCode(answer).matchAll(/[^\n.!?。！？]{20,}/gu)) {
    const line = match[0].trim().toLowerCase().replace(/\d+/g, '0');
    if (line.length < 20 || line.startsWith('|') || !/\p{L}/u.test(line)) continue;
    all++;
    const times = (seen.get(line) ?? 0) + 1;
    seen.set(line, times);
    if (times === 1) continue;
    again++;
    evidence ??= at(answer, match.index, match.index + match[0].length);
  }
  return all >= 4 && evidence !== undefined ? { share: again / all, evidence } : undefined;
}
