import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOutbound } from '../../../../outbound/index.ts';
import type { RunOperation } from '../../run/operation.ts';
import { Allowance } from '../allowance.ts';
import { scorerOf, type Answered } from './index.ts';
import { similarity } from './similarity.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-scorers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const doors = {
  similarity: () => () => Promise.resolve([]),
  judge: () => Promise.reject(new Error('unused')),
  outbound: createOutbound({ allowedNetworks: [], allowCommands: true }),
  timeoutMs: 20_000,
  environment: { PATH: process.env['PATH'] ?? '' },
  codeFolder: '',
};
const { signal } = new AbortController();

/** Scores by key; what could not be given says why. */
async function scored(names: readonly string[], answered: Partial<Answered>): Promise<Record<string, number | string>> {
  const given = { exampleId: 'e', runId: 'r', inputs: '{}', expected: null, outputs: null, ...answered };
  const scorers = await Promise.all(names.map((name) => scorerOf(name, doors)));
  const scores = (await Promise.all(scorers.map((scorer) => scorer(given, signal)))).flat();
  return Object.fromEntries(scores.map((one) => [one.key, 'score' in one ? Number(one.score.toFixed(3)) : one.unscored]));
}
const TEXTS = ['exact', 'contains', 'overlap', 'json_equal'];

describe('scores', () => {
  it('compare what came with what was expected, whatever the fields are called', async () => {
    const expected = '{"answer":"Paris is the capital"}';
    expect(await scored(TEXTS, { expected, outputs: '{"output":"Paris is the capital "}' })).toEqual({
      exact: 1,
      contains: 1,
      overlap: 1,
      json_equal: 0,
    });
    const chat = JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'Well, PARIS is the  capital of France.' } }] });
    expect(await scored(['exact', 'contains', 'overlap'], { expected, outputs: chat })).toEqual({ exact: 0, contains: 1, overlap: 0.727 });
    expect(await scored(['json_equal'], { expected: '{"a":{"x":1,"y":[2]}}', outputs: '{"b":{"y":[2],"x":1}}' })).toEqual({
      json_equal: 1,
    });
    expect(await scored(['exact', 'overlap'], { expected: '"北京是首都"', outputs: '"首都是北京"' })).toEqual({ exact: 0, overlap: 1 });
    expect(await scored(['exact'], { expected: '{"n":3}', outputs: '3' })).toEqual({ exact: 1 });
  });

  it('are missing where nothing was expected or nothing came, and not zero', async () => {
    expect(await scored([...TEXTS, 'not_empty', 'number', 'regex'], { outputs: '"x"' })).toEqual({ not_empty: 1 });
    expect(await scored([...TEXTS, 'not_empty', 'number', 'json'], { expected: '"x"' })).toEqual({});
    await expect(scorerOf('nonsense', doors)).rejects.toThrow(/no evaluator nonsense/);
  });

  it('find a pattern, under a key of one’s own, also the one that is expected', async () => {
    const outputs = '{"answer":"It was in 1905."}';
    expect(await scored([String.raw`year=regex:\b\d{4}\b`, 'regex:^In'], { outputs })).toEqual({ year: 1, regex: 0 });
    expect(await scored(['regex'], { expected: '"19\\\\d\\\\d"', outputs })).toEqual({ regex: 1 });
    await expect(scorerOf('regex:(', doors)).rejects.toThrow(/is no pattern/);
  });

  it('compare the last number of an answer, within a tolerance', async () => {
    const near = { expected: '{"n":1200}', outputs: '"2 + 2 apples: 1,206.0"' };
    expect(await scored(['number', 'a=number:6', 'b=number:0.4%', 'c=number:0.5%'], near)).toEqual({ number: 0, a: 1, b: 0, c: 1 });
    expect(await scored(['number'], { expected: '-0.3', outputs: '"0.1 − 0.4 = −0.30000000000000004"' })).toEqual({ number: 1 });
    expect(await scored(['number'], { expected: '3', outputs: '"three"' })).toEqual({ number: 0 });
    await expect(scorerOf('number:few', doors)).rejects.toThrow(/no tolerance/);
  });

  it('tell JSON, also in a block of code, and what breaks a schema', async () => {
    const file = join(folder, 'answer.schema.json');
    writeFileSync(file, JSON.stringify({ type: 'object', required: ['city'], properties: { city: { type: 'string' } } }));
    const checks = ['json', `schema:${file}`];
    const chat = (content: string) => JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] });
    expect(await scored(checks, { outputs: chat('```json\n{"city":"Oslo"}\n```') })).toEqual({ json: 1, schema: 1 });
    expect(await scored(checks, { outputs: '{"city":"Oslo"}' })).toEqual({ json: 1, schema: 1 });
    expect(await scored(checks, { outputs: chat('{"city":3}') })).toEqual({ json: 1, schema: 0 });
    expect(await scored(checks, { outputs: chat('Oslo') })).toEqual({ json: 0, schema: 0 });
    expect(await scored(['json_equal'], { expected: '{"city":"Oslo","n":1}', outputs: chat('{"n":1,"city":"Oslo"}') })).toEqual({
      json_equal: 1,
    });
    await expect(scorerOf('schema:nowhere.json', doors)).rejects.toThrow(/cannot be read/);
  });

  it('are given by functions and commands of one’s own; one that fails is said to be missing', async () => {
    const mine = join(folder, 'mine.mjs');
    writeFileSync(
      mine,
      'export default async ({ outputs, expected }) => [outputs.n === expected.n, { key: "far", score: Math.abs(outputs.n - expected.n), comment: "off" }];',
    );
    const bad = join(folder, 'bad.mjs');
    writeFileSync(bad, 'export default () => { throw new Error("no idea"); };');
    const command = `long=command:node -e 'let t="";process.stdin.on("data",(c)=>t+=c).on("end",()=>{console.error("a word");console.log(JSON.parse(t).outputs.n>2)})'`;
    expect(
      await scored([mine, command, bad, 'command:exit 3', 'x=command:echo \'"good"\''], { expected: '{"n":3}', outputs: '{"n":5}' }),
    ).toEqual({
      mine: 0,
      far: 2,
      long: 1,
      bad: 'no idea',
      command: 'exit status 3: ',
      x: 'it said "good", which is no score',
    });
    await expect(scorerOf(join(folder, 'nowhere.mjs'), doors)).rejects.toThrow(/cannot be loaded/);
  });

  it('tell how alike texts are to a model of embeddings, which is not asked where it need not be, and say so in a run', async () => {
    const { asked, like, runs } = embedding({ usd: 1 });
    const of = async (outputs: string) =>
      (await like(outputs)).map((one) => ('score' in one ? Number(one.score.toFixed(3)) : one.unscored));
    expect([await of('"Bergen"'), await of('"Oslo "'), await of('" "'), await of('"down"')]).toEqual([
      [0.6],
      [1],
      [0],
      ['nobody serves it'],
    ]);
    expect(asked).toEqual([
      ['Oslo', 'Bergen'],
      ['Oslo', 'down'],
    ]);
    expect(runs).toMatchObject([
      {
        name: 'like',
        runType: 'embedding',
        project: { name: 'evaluators' },
        inputs: '{"model":"m","input":["Oslo","Bergen"]}',
        outputs: '{}',
      },
      { name: 'like', error: '"nobody serves it"' },
    ]);
    expect(JSON.parse(runs[0]?.extra ?? '')).toEqual({
      metadata: { ls_model_name: 'm-1', ls_provider: 'openai', evaluator: 'like', judged_run_id: 'r' },
    });
    expect(await like('"Bergen"')).toMatchObject([{ saidIn: runs[0]?.runId }]);
  });

  it('of likeness spend no more than they may, and say so where they are missing', async () => {
    const { asked, like } = embedding({ usd: 0.5, cost: '0.3' });
    const scores = [await like('"a"'), await like('"b"'), await like('"c"'), await like('"Oslo"')].flat();
    expect(asked).toHaveLength(2);
    expect(scores.slice(2)).toEqual([
      { key: 'like', unscored: 'the 0.5 USD that embeddings may cost are spent' },
      { key: 'like', score: 1, because: 'the same text' },
    ]);
  });
});

/** The scorer `like` with a model that is down for the word, and sees all others at an angle. */
function embedding({ cost, usd }: { readonly usd: number; readonly cost?: string }) {
  const asked: (readonly string[])[] = [];
  const runs: RunOperation[] = [];
  const like = similarity('like', 'm', {
    allowance: new Allowance(usd),
    intake: {
      submit: async ({ operations }) => {
        runs.push(...operations);
        return { refused: 0 };
      },
    },
    door: {
      embed: async (_model, texts) => {
        asked.push(texts);
        if (texts[1] === 'down') throw new Error('nobody serves it');
        return { vectors: [Float32Array.of(1, 0), Float32Array.of(0.6, 0.8)], cost, model: 'm-1', provider: 'openai', answer: '{}' };
      },
    },
  });
  const of = { exampleId: 'e', runId: 'r', inputs: '{}', expected: '"Oslo"' };
  return { asked, runs, like: (outputs: string) => like({ ...of, outputs }, signal) };
}
