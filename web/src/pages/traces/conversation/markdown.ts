/** The little of Markdown that models write and people miss when it is gone. Text in, a tree out: what draws it makes elements, never HTML. */
export type Block =
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'heading'; readonly spans: readonly Span[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly start: number; readonly items: readonly (readonly Span[])[] }
  | { readonly kind: 'quote'; readonly spans: readonly Span[] }
  | { readonly kind: 'table'; readonly head: readonly (readonly Span[])[]; readonly rows: readonly (readonly (readonly Span[])[])[] }
  | { readonly kind: 'rule' };

export type Span =
  | { readonly kind: 'text' | 'code' | 'strong' | 'emphasis'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

const bullet = /^ {0,6}(?:[-*+]|(\d{1,9})[.)]) +(.*)$/;
const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/;

/** A line is looked at once, so a hostile text costs what a harmless one of its length does. */
export function blocksOf(source: string): readonly Block[] {
  const lines = source.split(/\r\n|\n|\r/);
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', spans: spansOf(paragraph.join('\n')) });
    paragraph = [];
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const opened = fence.exec(line);
    const heading = /^ {0,3}#{1,6} +(.*?)(?: +#+)?$/.exec(line);
    if (opened) {
      flush();
      const body: string[] = [];
      const mark = opened[1] ?? '```';
      for (index++; index < lines.length && !closes(lines[index] ?? '', mark); index++) body.push(lines[index] ?? '');
      blocks.push({ kind: 'code', language: opened[2] ?? '', text: body.join('\n') });
    } else if (/^\s*$/.test(line)) flush();
    else if (heading) {
      flush();
      blocks.push({ kind: 'heading', spans: spansOf(heading[1] ?? '') });
    } else if (/^ {0,3}([-*_])( *\1){2,} *$/.test(line)) {
      flush();
      blocks.push({ kind: 'rule' });
    } else if (bullet.test(line)) {
      flush();
      index = list(lines, index, blocks);
    } else if (/^ {0,3}>/.test(line)) {
      flush();
      const quoted: string[] = [];
      for (; index < lines.length && /^ {0,3}>/.test(lines[index] ?? ''); index++)
        quoted.push((lines[index] ?? '').replace(/^ {0,3}> ?/, ''));
      index--;
      blocks.push({ kind: 'quote', spans: spansOf(quoted.join('\n')) });
    } else if (line.includes('|') && isDivider(lines[index + 1], cellsOf(line).length)) {
      flush();
      index = table(lines, index, blocks);
    } else paragraph.push(line);
  }
  flush();
  return blocks;
}

const closes = (line: string, mark: string): boolean => {
  const said = line.trim();
  return said.length >= mark.length && said === (mark[0] ?? '`').repeat(said.length);
};

/** The items from a line on; answers with the last line it took. Lines that are indented belong to the item above them. */
function list(lines: readonly string[], from: number, blocks: Block[]): number {
  const items: string[] = [];
  const first = bullet.exec(lines[from] ?? '');
  let index = from;
  for (; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const item = bullet.exec(line);
    if (item && (item[1] === undefined) === (first?.[1] === undefined)) items.push(item[2] ?? '');
    else if (/^\s+\S/.test(line) && !fence.test(line)) items.push(`${items.pop() ?? ''}\n${line.trim()}`);
    else break;
  }
  blocks.push({ kind: 'list', ordered: first?.[1] !== undefined, start: Number(first?.[1] ?? 1), items: items.map(spansOf) });
  return index - 1;
}

/** Cells drawn of one table; behind them its lines are text. */
const mostCells = 5_000;

/** `| --- | :-: |`, with as many columns as the line above it. */
const isDivider = (line: string | undefined, columns: number): boolean =>
  line !== undefined && /^[\s|:-]*-[\s|:-]*$/.test(line) && line.includes('|') && cellsOf(line).length === columns;

/** The cells of a line: between bars, but for those that are written `\|`. */
function cellsOf(line: string): readonly string[] {
  const bare = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** A table from its head on; answers with the last line it took. A line of it has as many cells as its head, whatever it says. */
function table(lines: readonly string[], from: number, blocks: Block[]): number {
  const head = cellsOf(lines[from] ?? '').map(spansOf);
  const rows: (readonly Span[])[][] = [];
  let index = from + 2;
  for (; index < lines.length && (lines[index] ?? '').includes('|') && rows.length * head.length < mostCells; index++) {
    const cells = cellsOf(lines[index] ?? '');
    rows.push(head.map((_, column) => spansOf(cells[column] ?? '')));
  }
  blocks.push({ kind: 'table', head, rows });
  return index - 1;
}

/** Longest bits tried as one mark: without a bound, a text of asterisks would be read once for each of them. */
const inline =
  /`([^`\n]{1,400})`|\*\*([^*\n]{1,400})\*\*|(?<![\w*])\*([^*\s][^*\n]{0,400})\*(?![\w*])|(?<!\w)_([^_\s][^_\n]{0,400})_(?!\w)|\[([^\]\n]{1,200})\]\((https?:\/\/[^\s)]{1,1000})\)|(https?:\/\/[^\s<>"'`)\]]{1,1000})/g;

export function spansOf(text: string): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const match of text.matchAll(inline)) {
    if (match.index > at) spans.push({ kind: 'text', text: text.slice(at, match.index) });
    at = match.index + match[0].length;
    const [, code, strong, star, dash, label, href, bare] = match;
    const emphasis = star ?? dash;
    if (code !== undefined) spans.push({ kind: 'code', text: code });
    else if (strong !== undefined) spans.push({ kind: 'strong', text: strong });
    else if (emphasis !== undefined) spans.push({ kind: 'emphasis', text: emphasis });
    // The address is read, not only the words laid over it: what a model says it leads to is not where it leads.
    else if (label !== undefined && href !== undefined)
      spans.push({ kind: 'link', text: label === href ? href : `${label} (${href})`, href });
    else if (bare !== undefined) spans.push({ kind: 'link', text: bare, href: bare });
  }
  if (at < text.length) spans.push({ kind: 'text', text: text.slice(at) });
  return spans;
}
