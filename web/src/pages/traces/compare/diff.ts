/** A stretch of text that both have, or only one of them. */
export interface Piece {
  readonly kind: 'same' | 'gone' | 'new';
  readonly text: string;
}

export interface DiffLine {
  readonly kind: Piece['kind'];
  readonly pieces: readonly Piece[];
}

/** The table of a longest common subsequence has a cell for each pair: more of them than this would hold the page up. */
const mostCells = 4_000_000;

/** Lines that both have, went or came; within a line that was changed, its words. Where the texts are too large for that, all of one and all of the other. */
export function diffOf(before: string, after: string): readonly DiffLine[] {
  const pieces = align(before.split('\n'), after.split('\n'));
  const lines: DiffLine[] = [];
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at];
    if (piece === undefined) break;
    if (piece.kind === 'same') {
      lines.push({ kind: 'same', pieces: [piece] });
      continue;
    }
    const gone: string[] = [];
    const fresh: string[] = [];
    for (; pieces[at]?.kind === 'gone'; at++) gone.push(pieces[at]?.text ?? '');
    for (; pieces[at]?.kind === 'new'; at++) fresh.push(pieces[at]?.text ?? '');
    at--;
    lines.push(...changed(gone, fresh));
  }
  return lines;
}

/** Lines in the same place are the same line, changed, if they have enough in common. */
function changed(gone: readonly string[], fresh: readonly string[]): readonly DiffLine[] {
  const paired = Math.min(gone.length, fresh.length);
  const words = Array.from({ length: paired }, (_, index) => align(wordsOf(gone[index] ?? ''), wordsOf(fresh[index] ?? '')));
  const related = words.map((pieces) => isRelated(pieces));
  const lineOf = (kind: 'gone' | 'new', text: string, index: number): DiffLine => {
    const pieces = words[index];
    return pieces !== undefined && related[index] === true
      ? { kind, pieces: pieces.filter((piece) => piece.kind === 'same' || piece.kind === kind) }
      : { kind, pieces: [{ kind, text }] };
  };
  return [...gone.map((text, index) => lineOf('gone', text, index)), ...fresh.map((text, index) => lineOf('new', text, index))];
}

function isRelated(pieces: readonly Piece[]): boolean {
  let same = 0;
  let all = 0;
  for (const { kind, text } of pieces) {
    all += text.length;
    if (kind === 'same') same += text.trim().length;
  }
  return same * 4 >= all;
}

const wordsOf = (line: string): readonly string[] => line.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];

function align(before: readonly string[], after: readonly string[]): readonly Piece[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end])
    end++;
  const said = (kind: Piece['kind'], texts: readonly string[]): readonly Piece[] => texts.map((text) => ({ kind, text }));
  return [
    ...said('same', before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...said('same', before.slice(before.length - end)),
  ];
}

function middle(before: readonly string[], after: readonly string[]): readonly Piece[] {
  const [rows, columns] = [before.length, after.length];
  const pieces: Piece[] = [];
  let [row, column] = [0, 0];
  if (rows > 0 && columns > 0 && (rows + 1) * (columns + 1) <= mostCells) {
    const lengths = commonLengths(before, after);
    const at = (r: number, c: number): number => lengths[r * (columns + 1) + c] ?? 0;
    while (row < rows && column < columns) {
      if (before[row] === after[column]) {
        pieces.push({ kind: 'same', text: before[row] ?? '' });
        row++;
        column++;
      } else if (at(row + 1, column) >= at(row, column + 1)) pieces.push({ kind: 'gone', text: before[row++] ?? '' });
      else pieces.push({ kind: 'new', text: after[column++] ?? '' });
    }
  }
  while (row < rows) pieces.push({ kind: 'gone', text: before[row++] ?? '' });
  while (column < columns) pieces.push({ kind: 'new', text: after[column++] ?? '' });
  return goneFirst(pieces);
}

/** For each pair of places, how long the longest common subsequence from there on is. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint16Array {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row--)
    for (let column = after.length - 1; column >= 0; column--) {
      const place = row * width + column;
      lengths[place] =
        before[row] === after[column]
          ? (lengths[place + width + 1] ?? 0) + 1
          : Math.max(lengths[place + width] ?? 0, lengths[place + 1] ?? 0);
    }
  return lengths;
}

/** Between two things that stayed, what went stands before what came. */
function goneFirst(pieces: readonly Piece[]): readonly Piece[] {
  const ordered: Piece[] = [];
  let fresh: Piece[] = [];
  for (const piece of pieces) {
    if (piece.kind === 'new') fresh.push(piece);
    else if (piece.kind === 'gone') ordered.push(piece);
    else {
      ordered.push(...fresh, piece);
      fresh = [];
    }
  }
  return [...ordered, ...fresh];
}
