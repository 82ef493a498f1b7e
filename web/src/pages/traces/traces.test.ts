import { describe, expect, test } from 'vitest';
import { emptyView, exportQueryOf, isNarrowed, queryOf, runAddress, searchOf, viewOf } from './address.ts';
import { diffOf } from './compare/diff.ts';
import { isDrawable, isPlayable, mediaIn } from './conversation/media.ts';
import { jsonOf } from './conversation/json.ts';
import { blocksOf, spansOf } from './conversation/markdown.ts';
import { suggest } from './list/filter-language.ts';
import { environmentOf } from './list/first-trace.tsx';
import { merge } from './list/merge.ts';
import { formatCost } from './money.ts';
import { added } from './threads/thread.tsx';
import { detailsOf } from './trace/details.ts';
import { barOf, matching, pathTo, scaleOf, sumsOf, treeOf, unfolded } from './trace/tree.ts';
import { usageOf } from './trace/usage.ts';
import type { Message, RunSummary, TreeRun } from './types.ts';

const began = Date.parse('2026-01-31T12:00:00Z');
const at = (seconds: number): string => new Date(began + seconds * 1_000).toISOString();

function run(id: string, parent: string | null, change: Partial<TreeRun> = {}): TreeRun {
  return {
    run_id: id,
    parent_run_id: parent,
    name: id,
    run_type: 'chain',
    status: 'success',
    start_time: at(0),
    end_time: at(10),
    first_token_seconds: null,
    model: null,
    total_tokens: null,
    total_cost: null,
    error_preview: null,
    ...change,
  };
}

const outline = (runs: readonly TreeRun[]): readonly string[] =>
  treeOf(runs, began).nodes.map(({ below, depth, run: { run_id: id } }) => `${'.'.repeat(depth)}${id}${below === 0 ? '' : ` ${below}`}`);

describe('a trace as a tree', () => {
  test('has parents before their children, and children by their beginning', () => {
    expect(
      outline([
        run('c', 'a', { start_time: at(2) }),
        run('b', 'a', { start_time: at(1) }),
        run('a', null),
        run('d', 'b', { start_time: at(5) }),
      ]),
    ).toEqual(['a 3', '.b 1', '..d', '.c']);
  });

  test('leaves nothing out: not what lost its parent, not what stands in a circle, nothing twice', () => {
    const runs = [run('lost', 'nobody'), run('x', 'y'), run('y', 'x'), run('self', 'self'), run('self', 'self')];
    expect(
      outline(runs)
        .map((line) => line.replace(/[. \d]/g, ''))
        .toSorted(),
    ).toEqual(['lost', 'self', 'x', 'y']);
  });

  test('may be a chain of 10,000 runs, or one run with as many below', () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => `r${index}`);
    const chain = treeOf(
      ids.map((id, index) => run(id, ids[index - 1] ?? null)),
      began,
    );
    expect(chain.nodes.at(-1)?.depth).toBe(9_999);
    expect(chain.nodes[0]?.below).toBe(9_999);
    expect(pathTo(chain, 'r9999').length).toBe(9_999);
    const fan = treeOf(
      ids.map((id, index) => run(id, index === 0 ? null : 'r0')),
      began,
    );
    expect(unfolded(fan.nodes, new Set(['r0'])).length).toBe(1);
  });

  test('folds what is below a run, and finds by name, model and error', () => {
    const tree = treeOf([run('a', null), run('b', 'a'), run('c', 'b', { model: 'gpt-4o' }), run('d', 'a', { start_time: at(1) })], began);
    expect(unfolded(tree.nodes, new Set(['b'])).map((node) => node.run.run_id)).toEqual(['a', 'b', 'd']);
    expect(matching(tree, ' GPT ')).toEqual(['c']);
    expect(pathTo(tree, 'c').map((each) => each.run_id)).toEqual(['a', 'b']);
  });

  test('adds up what a run and those below it used, of models alone, and says what has no price', () => {
    const tree = treeOf(
      [
        run('agent', null, { total_tokens: 300, total_cost: '0.5' }),
        run('step', 'agent', { start_time: at(1) }),
        run('model', 'step', { run_type: 'llm', total_tokens: 100, total_cost: '0.25' }),
        run('own', 'agent', { run_type: 'llm', total_tokens: 20, start_time: at(2) }),
        run('tool', 'agent', { run_type: 'tool', status: 'error', start_time: at(3) }),
      ],
      began,
    );
    expect(sumsOf(tree, 'agent')).toEqual({ runs: 5, errors: 1, tokens: 120, cost: 0.25, unpriced: 1 });
    expect(sumsOf(tree, 'step')).toEqual({ runs: 2, errors: 0, tokens: 100, cost: 0.25, unpriced: 0 });
    expect(sumsOf(tree, 'tool')).toEqual({ runs: 1, errors: 1, tokens: 0, cost: null, unpriced: 0 });
    expect(sumsOf(tree, 'nobody')).toMatchObject({ runs: 0, cost: null });
  });

  test('draws bars by time; what runs lasts until now, and what ended before it began lasts nothing', () => {
    const runs = [
      run('a', null),
      run('b', 'a', { start_time: at(5), end_time: at(7), first_token_seconds: 0.5 }),
      run('odd', 'a', { start_time: at(4), end_time: at(3) }),
      run('going', 'a', { start_time: at(8), end_time: null, status: 'pending' }),
    ];
    const tree = treeOf(runs, began + 20_000);
    expect([tree.from, tree.to]).toEqual([began, began + 20_000]);
    const bar = (index: number): object => barOf(runs[index] ?? run('none', null), tree, began + 20_000);
    expect(scaleOf(tree)).toEqual([0, 10, 20]);
    expect(scaleOf({ from: 1, to: 1 })).toEqual([]);
    expect(bar(1)).toEqual({ left: 0.25, width: 0.1, first: 0.25 });
    expect(bar(2)).toEqual({ left: 0.2, width: 0, first: null });
    expect(bar(3)).toEqual({ left: 0.4, width: 0.6, first: null });
  });
});

describe('what was written', () => {
  test('keeps the Markdown that models write', () => {
    expect(blocksOf('# Title\ntext **bold** and `code`\n\n1. one\n2. two\n   more\n\n```js\nlet a\n```\n> quoted\n---')).toEqual([
      { kind: 'heading', spans: [{ kind: 'text', text: 'Title' }] },
      {
        kind: 'paragraph',
        spans: [
          { kind: 'text', text: 'text ' },
          { kind: 'strong', text: 'bold' },
          { kind: 'text', text: ' and ' },
          { kind: 'code', text: 'code' },
        ],
      },
      { kind: 'list', ordered: true, start: 1, items: [[{ kind: 'text', text: 'one' }], [{ kind: 'text', text: 'two\nmore' }]] },
      { kind: 'code', language: 'js', text: 'let a' },
      { kind: 'quote', spans: [{ kind: 'text', text: 'quoted' }] },
      { kind: 'rule' },
    ]);
    expect(blocksOf('```\nnever closed')).toEqual([{ kind: 'code', language: '', text: 'never closed' }]);
  });

  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '[x](data:text/html,<script>)',
    '![x](https://evil.example/track.png)',
    '[x](vbscript:x)',
    '<a href="javascript:x">y</a>',
  ])('makes no address of %s but one that is http and is shown', (text) => {
    const links = spansOf(text).filter((span) => span.kind === 'link');
    for (const link of links) {
      expect(link.href).toMatch(/^https?:\/\//);
      expect(link.text).toContain(link.href);
    }
  });

  test('shows where a link leads beside the words laid over it', () => {
    expect(spansOf('[your bank](https://evil.example/)')).toEqual([
      { kind: 'link', text: 'your bank (https://evil.example/)', href: 'https://evil.example/' },
    ]);
  });

  test('is read in time that grows with its length, whatever it is made of', () => {
    for (const hostile of [
      '*',
      '_',
      '`',
      '[',
      '**a',
      '> ',
      '- ',
      '#',
      '](',
      'http://',
      '  ',
      '~~~\n',
      '1. \n',
      '|',
      '|-',
      '|\n|-\n',
      '\\|',
    ]) {
      const started = performance.now();
      blocksOf(hostile.repeat(20_000 / hostile.length));
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });

  test('is JSON where it is that, and text where it only looks like it', () => {
    expect(jsonOf('{"a":1}')).toEqual({ a: 1 });
    expect(jsonOf('[note] this')).toBe('[note] this');
    expect(jsonOf('42')).toBe('42');
  });

  test('has tables, whose lines have as many cells as their head', () => {
    const plain = (text: string) => (text === '' ? [] : [{ kind: 'text', text }]);
    expect(blocksOf('Rain:\n| hour | rain |\n|---|:-:|\n| 9 | 20 % | more |\n| a\\|b\n\nafter')).toEqual([
      { kind: 'paragraph', spans: plain('Rain:') },
      {
        kind: 'table',
        head: [plain('hour'), plain('rain')],
        rows: [
          [plain('9'), plain('20 %')],
          [plain('a|b'), plain('')],
        ],
      },
      { kind: 'paragraph', spans: plain('after') },
    ]);
    for (const none of ['a | b\nc | d', '| a | b |\n|---|', 'a\n---'])
      expect(blocksOf(none).every(({ kind }) => kind !== 'table')).toBe(true);
  });

  test('has images and sounds whose bytes lie in it, in their order, of kinds that carry no script', () => {
    const png = 'data:image/png;base64,AAAA';
    expect(
      mediaIn({
        messages: [
          { content: [{ image_url: { url: png } }, { source: { media_type: 'image/jpeg', data: 'BBBB' } }] },
          { content: [{ input_audio: { data: 'CCCC', format: 'wav' } }, { data: 'DDDD', format: '"><script>' }] },
          'https://x/y.png',
        ],
      }),
    ).toEqual({
      images: [png, 'data:image/jpeg;base64,BBBB'],
      sounds: ['data:audio/wav;base64,CCCC', 'data:audio/"><script>;base64,DDDD'],
    });
    expect(isPlayable('data:audio/wav;base64,CCCC')).toBe(true);
    expect(isPlayable('data:audio/"><script>;base64,DDDD')).toBe(false);
    expect(isDrawable(png)).toBe(true);
    expect(isDrawable('data:image/svg+xml;base64,AAAA')).toBe(false);
    expect(isDrawable('data:text/html;base64,AAAA')).toBe(false);
  });
});

describe('the list', () => {
  test('is exported as it is shown, with words and prompt in the filter language', () => {
    const now = Date.parse('2026-01-31T12:00:00Z');
    const asked = (view: Partial<typeof emptyView>) => exportQueryOf({ ...emptyView, range: '', ...view }, now);
    expect(asked({ project: 'shop' })).toEqual({ project: 'shop', is_root: 'true' });
    expect(asked({ q: 'too "late"', all: true })).toEqual({ filter: 'search("too \\"late\\"")' });
    expect(asked({ filter: 'eq(status, "error")', q: 'x', prompt: 'greet' })).toEqual({
      filter: 'and(eq(status, "error"), search("x"), eq(prompt, "greet"))',
    });
    expect(asked({ unpriced: true })).toBeUndefined();
  });

  test('leads to a run with what it was found by', () => {
    expect(runAddress({ run_id: 'a', trace_id: 'a' })).toBe('/traces/trace/a');
    expect(runAddress({ run_id: 'b', trace_id: 'a' }, 'too late & "so on"')).toBe('/traces/trace/a?run=b&q=too+late+%26+%22so+on%22');
  });

  test('is kept in its address, and asks the server for just that', () => {
    const view = { ...emptyView, project: 'a b', status: 'error', model: 'gpt-4o', range: '1h', filter: 'has(tags, "x")' } as const;
    expect(viewOf(searchOf(view))).toEqual(view);
    expect(searchOf(emptyView)).toBe('');
    expect(viewOf('status=evil&type=__proto__&range=x')).toEqual(emptyView);
    expect(isNarrowed({ ...emptyView, project: 'p', range: '' })).toBe(false);
    expect(queryOf(emptyView, began + 1_500)).toEqual({ from: '2026-01-24T12:00:00.000Z', is_root: 'true' });
    // What asks for a model is mostly answered by runs inside of a trace.
    expect(queryOf(view, began)).toEqual({
      project: 'a b',
      status: 'error',
      model: 'gpt-4o',
      filter: 'has(tags, "x")',
      from: '2026-01-31T11:00:00.000Z',
    });
  });

  test('renews what it shows, and only counts what is newer', () => {
    const of = (id: string, seconds: number, status: 'pending' | 'success' = 'success'): RunSummary =>
      ({ run_id: id, start_time: at(seconds), status }) as RunSummary;
    const listed = [of('b', 2, 'pending'), of('a', 1)];
    const { fresh, runs } = merge(listed, [of('c', 3), of('b', 2), of('old', 0)]);
    expect(runs.map(({ run_id: id, status }) => [id, status])).toEqual([
      ['b', 'success'],
      ['a', 'success'],
    ]);
    expect(fresh.map(({ run_id: id }) => id)).toEqual(['c']);
    expect(merge([], [of('c', 3)]).fresh.length).toBe(1);
  });

  test.each([
    ['', 0, ['eq()', 'neq()', 'gt()']],
    ['an', 2, ['and()']],
    ['and(eq(', 7, ['run_type', 'name', 'status']],
    ['eq(run_type, ', 13, ['"llm"', '"chain"', '"tool"']],
    ['eq(run_type, "l', 15, ['"llm"']],
    ['eq(name, ")(", ', 15, []],
    ['and(eq(status, "error"), ', 25, ['eq()', 'neq()', 'gt()']],
  ] as const)('after %j the filter language goes on', (text, caret, expected) => {
    expect(
      suggest(text, caret)
        .options.slice(0, 3)
        .map((option) => option.text),
    ).toEqual(expected);
  });
});

test('a difference is told by lines, and within a line by words', () => {
  const told = (before: string, after: string): readonly string[] =>
    diffOf(before, after).map(
      ({ kind, pieces }) => `${kind}: ${pieces.map((piece) => (piece.kind === 'same' ? piece.text : `{${piece.text}}`)).join('')}`,
    );
  expect(told('a\nthe cat sat\nz', 'a\nthe dog sat\nz')).toEqual(['same: a', 'gone: the {cat} sat', 'new: the {dog} sat', 'same: z']);
  expect(told('a', 'a\nb')).toEqual(['same: a', 'new: {b}']);
  expect(told('x', 'x')).toEqual(['same: x']);
  const large = Array.from({ length: 30_000 }, (_, index) => `line ${index}`);
  const started = performance.now();
  expect(diffOf(large.join('\n'), large.toReversed().join('\n')).length).toBeGreaterThan(30_000);
  expect(performance.now() - started).toBeLessThan(20_000);
});

test.each([
  [null, '–'],
  ['0', '$0'],
  ['0.000315', '$0.000315'],
  ['0.00012000', '$0.00012'],
  ['0.5', '$0.50'],
  ['12.3456', '$12.35'],
  ['1234.5', '$1\u202f235'],
] as const)('%j dollars are written %j', (cost, text) => {
  expect(formatCost(cost)).toBe(text);
});

test('what a run carries is taken apart, and nothing of it is dropped', () => {
  expect(detailsOf({ extra: { metadata: { a: 1 }, invocation_params: { t: 0 }, odd: 2 }, events: [1], rest: { new_field: 3 } })).toEqual({
    metadata: { a: 1 },
    parameters: { t: 0 },
    runtime: undefined,
    events: [1],
    rest: { odd: 2, new_field: 3 },
  });
  expect(detailsOf({ extra: 'text', events: null, rest: null }).rest).toEqual({ extra: 'text' });
});

test('parts of tokens are told with whose price it is', () => {
  expect(usageOf({ input_token_details: { cache_read: 400, audio: 0 }, price: 'openai/gpt-4o-mini', sample_rate: 0.1 })).toMatchObject({
    prompt: [{ name: 'from the cache', amount: 400 }],
    price: 'openai/gpt-4o-mini',
    sampleRate: 0.1,
  });
  expect(usageOf(null)).toMatchObject({ prompt: [], price: undefined });
});

test('a turn shows what it added, not the whole history that was sent again', () => {
  const message = (role: Message['role'], text: string): Message => ({ role, parts: [{ type: 'text', text }] });
  const history = [message('system', 's'), message('user', 'one'), message('assistant', 'two'), message('user', 'three')];
  expect(added(history)).toEqual([history[3]]);
  expect(added(history.slice(0, 2))).toEqual([history[1]]);
  expect(added([message('assistant', 'x')]).length).toBe(1);
});

test('the environment of an application names this server and the key', () => {
  expect(environmentOf('langsmith', 'http://h:1', 'K')).toBe(
    'LANGSMITH_TRACING=true\nLANGSMITH_ENDPOINT=http://h:1/langsmith\nLANGSMITH_API_KEY=K\nLANGSMITH_PROJECT=default',
  );
  expect(environmentOf('otlp', 'http://h:1', 'K')).toContain('OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20K');
  expect(environmentOf('gateway', 'http://h:1', 'K')).toContain('OPENAI_BASE_URL=http://h:1/openai/v1');
});
