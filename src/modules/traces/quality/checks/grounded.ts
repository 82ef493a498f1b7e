import { at, fail, pass, unsure, withoutCode, type Check, type Evidence } from './check.ts';

/** Quotations in the marks of many languages. An apostrophe opens none: too many words hold one. */
const QUOTATIONS =
  /“([^”“\n]{8,600})”|„([^“”"\n]{8,600})[“”"]|«([^»\n]{8,600})»|»([^«\n]{8,600})«|「([^」\n]{4,300})」|『([^』\n]{4,300})』|"([^"\n]{8,600})"/g;
const FEWEST_WORDS = 4;
/** So much must have been given besides the question that there is something to quote from. */
const SHORTEST_SOURCE = 200;

interface Claim {
  readonly kind: 'quotation' | 'address' | 'reference';
  readonly text: string;
  readonly evidence: Evidence;
}

/** Whether what stands in quotation marks, and what is cited, occurs in what the model was given. It does not judge what is only said. */
export const grounded: Check = ({ answer, given, question, conversation, failed }) => {
  if (failed || conversation.asked !== null) return undefined;
  const sourced = conversation.input.some(({ parts }) => parts.some(({ type }) => type === 'tool_result' || type === 'json'));
  if (given.length - question.length < SHORTEST_SOURCE && !sourced && question.length < SHORTEST_SOURCE) return undefined;
  const claims = claimsOf(answer, given);
  if (claims.length === 0) return undefined;
  const source = plain(given);
  const squeezed = source.replaceAll(' ', '');
  const found = claims.map((claim) => ({
    claim,
    share: claim.kind === 'quotation' ? shareFound(claim.text, source, squeezed) : Number(given.includes(claim.text)),
  }));
  const missing = found.filter(({ share }) => share < 0.6);
  const changed = found.filter(({ share }) => share >= 0.6 && share < 1);
  const score = found.reduce((sum, { share }) => sum + share, 0) / found.length;
  const places = [...missing, ...changed].map(({ claim }) => claim.evidence);
  const [first] = missing;
  if (first !== undefined)
    return fail(
      Math.min(0.5, score),
      `${missing.length} of ${found.length} quotations or citations ${missing.length === 1 ? 'does' : 'do'} not occur in what it was given: a ${first.claim.kind}`,
      places,
    );
  if (changed.length > 0)
    return unsure(Math.min(0.8, score), `${changed.length} of ${found.length} quotations differ from what it was given`, places);
  return pass(`${found.length} quotations or citations occur in what it was given`);
};

function claimsOf(answer: string, given: string): readonly Claim[] {
  const text = withoutCode(answer);
  const claims: Claim[] = [];
  for (const match of text.matchAll(QUOTATIONS)) {
    const quoted = match.slice(1).find((group) => group !== undefined) ?? '';
    // Names, titles and single words stand in quotation marks, too: they quote nothing.
    if (isLong(quoted)) claims.push({ kind: 'quotation', text: quoted, evidence: at(answer, match.index, match.index + match[0].length) });
  }
  if (/https?:\/\//.test(given))
    for (const match of text.matchAll(/https?:\/\/[^\s)\]}>"'”»，。]+/g)) {
      const address = match[0].replace(/[.,;:!?]+$/, '');
      claims.push({ kind: 'address', text: address, evidence: at(answer, match.index, match.index + address.length) });
    }
  if (/\[\d{1,3}\]/.test(given))
    for (const match of text.matchAll(/\[\d{1,3}\](?!\()/g))
      claims.push({ kind: 'reference', text: match[0], evidence: at(answer, match.index, match.index + match[0].length) });
  return claims.slice(0, 50);
}

const isLong = (quoted: string): boolean =>
  (quoted.match(/[\p{L}\p{N}]+/gu)?.length ?? 0) >= FEWEST_WORDS ||
  (quoted.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0) >= 6;

/** Letters and digits only, in lower case: line breaks, dashes and kinds of quotation marks make no other quotation. */
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim();

/** The share of a quotation that occurs word for word: what is left out at `…` or in brackets parts it. */
function shareFound(quoted: string, source: string, squeezed: string): number {
  const pieces = quoted
    .split(/\s*(?:…|\.{3}|\[[^\]]*\]|\([^)]*\))\s*/)
    .map(plain)
    .filter((piece) => piece !== '');
  const all = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (all === 0) return 1;
  return pieces.reduce((sum, piece) => sum + (occurs(piece, source, squeezed) ? piece.length : partly(piece, source)), 0) / all;
}

const occurs = (piece: string, source: string, squeezed: string): boolean =>
  source.includes(piece) || squeezed.includes(piece.replaceAll(' ', ''));

/** Characters of a piece that stand in runs of three words of the source. */
function partly(piece: string, source: string): number {
  const words = piece.split(' ');
  if (words.length < 4) return 0;
  const covered = new Set<number>();
  for (let i = 0; i + 3 <= words.length; i++)
    if (source.includes(words.slice(i, i + 3).join(' '))) for (let k = i; k < i + 3; k++) covered.add(k);
  return [...covered].reduce((sum, index) => sum + (words[index]?.length ?? 0) + 1, 0) * 0.95;
}
