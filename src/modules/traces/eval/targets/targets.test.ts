import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MusterError } from '../../../../base/errors.ts';
import { createOutbound } from '../../../../outbound/index.ts';
import { messagesFor } from './chat.ts';
import { attempt, targetOf, type Target } from './index.ts';

const asked = { exampleId: 'x', inputs: '{"q":1}', trace: { dottedOrder: 'd', project: 'p' } };
const { signal } = new AbortController();
const options = {
  outbound: createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: true }),
  timeoutMs: 20_000,
  models: undefined,
  environment: { PATH: process.env['PATH'] ?? '', MINE: 'kept' },
  codeFolder: '',
};

describe('a target', () => {
  it('that is a command gets the inputs and its user’s environment, and may answer in plain text; what it logs is no part of it', async () => {
    const says = await targetOf('cat; echo " of $MINE $MUSTER_EXAMPLE $MUSTER_PROJECT"; echo warning >&2', options);
    expect(await says(asked, signal)).toEqual({ outputs: JSON.stringify({ output: '{"q":1} of kept x p' }) });
    const fails = await targetOf('echo "So it is" >&2; exit 1', options);
    await expect(fails(asked, signal)).rejects.toThrow(/exit status 1: So it is/);
  });

  it('that is a module is called in this process, and left alone where it takes too long', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-target-'));
    try {
      writeFileSync(join(folder, 'answer.mjs'), 'export default async ({ q }, { exampleId }) => ({ answer: q + 1, exampleId });');
      writeFileSync(join(folder, 'slow.mjs'), 'export default () => new Promise(() => undefined);');
      const answer = await targetOf(join(folder, 'answer.mjs'), options);
      expect(await answer(asked, signal)).toEqual({ outputs: '{"answer":2,"exampleId":"x"}' });
      const slow = await targetOf(join(folder, 'slow.mjs'), { ...options, timeoutMs: 5 });
      await expect(slow(asked, signal)).rejects.toThrow(/did not answer within/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('that is a model is asked as the example says: a chat as it is, anything else as a question', async () => {
    expect(messagesFor('{"messages":[{"role":"user","content":"Hi"}]}')).toEqual([{ role: 'user', content: 'Hi' }]);
    expect(messagesFor('{"question":"Why?"}')).toEqual([{ role: 'user', content: 'Why?' }]);
    expect(messagesFor('{"a":"x","b":"y"}')).toEqual([{ role: 'user', content: '{"a":"x","b":"y"}' }]);
    await expect(targetOf('model:gpt', options)).rejects.toThrow(/no server runs/);
  });
});

describe('a target that fails', () => {
  const refused = (data: object): MusterError => new MusterError('OUTBOUND_FAILED', 'no', { data: { ...data } });
  const run = async (failures: readonly Error[], retries = 2) => {
    const pauses: number[] = [];
    let asks = 0;
    const target: Target = () => {
      const failure = failures[asks++];
      return failure === undefined ? Promise.resolve({ outputs: '1' }) : Promise.reject(failure);
    };
    const sleep = (ms: number): Promise<void> => {
      pauses.push(ms);
      return Promise.resolve();
    };
    const { answer, attempts } = await attempt(target, asked, signal, { retries, sleep, random: () => 1 }, () => 0);
    return { answered: answer !== undefined, attempts, pauses };
  };

  it('is asked again where it may answer in a moment, as late as it says', async () => {
    const busy = refused({ again: true, afterMs: 2_000 });
    const away = new MusterError('OUTBOUND_FAILED', 'unreachable', { cause: new Error('ECONNREFUSED') });
    expect(await run([busy, away])).toEqual({ answered: true, attempts: 3, pauses: [2_000, 1_000] });
    expect(await run([busy, busy, busy])).toMatchObject({ answered: false, attempts: 3 });
    expect(await run([busy], 0)).toEqual({ answered: false, attempts: 1, pauses: [] });
  });

  it('is not asked again where that is its answer', async () => {
    const late = new MusterError('OUTBOUND_TIMEOUT', 'too slow');
    const wrong = refused({ again: false });
    const command = new MusterError('OUTBOUND_FAILED', 'exit status 1');
    for (const failure of [late, wrong, command, new Error('a bug')])
      expect(await run([failure])).toEqual({ answered: false, attempts: 1, pauses: [] });
  });
});
