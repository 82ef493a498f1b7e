import { expect, it } from 'vitest';
import type { RunRecord } from './run-record.ts';
import { childrenIn, subtreeUsage, type Spending } from './subtree-usage.ts';

const spent = (id: string, parent: string | null, more: Partial<Spending> = {}): Spending => ({
  id,
  parent,
  spends: true,
  promptTokens: null,
  completionTokens: null,
  totalTokens: null,
  inputCost: null,
  outputCost: null,
  totalCost: null,
  firstTokenTime: null,
  ...more,
});
const record = (id: string, more: Partial<RunRecord> = {}): RunRecord =>
  ({ ...spent(id, null), runId: id, parentRunId: null, runType: 'chain', ...more }) as unknown as RunRecord;
const childrenOf = (...runs: readonly Spending[]) => childrenIn(runs);

it('adds up what models below a run used, to the last digit, and takes the first of their first tokens', () => {
  const children = childrenOf(
    spent('a', 'root', { spends: false, totalTokens: 15, totalCost: '9' }),
    spent('b', 'a', { promptTokens: 10, completionTokens: 5, totalTokens: 15, totalCost: '0.1', firstTokenTime: 20 }),
    spent('c', 'root', { promptTokens: 1, totalTokens: 1, totalCost: '0.2', inputCost: '0.000000000001', firstTokenTime: 30 }),
    spent('d', 'elsewhere', { totalTokens: 1_000 }),
  );
  expect(subtreeUsage(record('root', { totalTokens: 99 }), children)).toEqual({
    promptTokens: 11,
    completionTokens: 5,
    totalTokens: 16,
    inputCost: '0.000000000001',
    outputCost: null,
    totalCost: '0.3',
    firstTokenTime: 20,
  });
});

it('counts a call of a model that has runs below it', () => {
  const children = childrenOf(spent('tool', 'call', { spends: false }), spent('inner', 'tool', { totalTokens: 2 }));
  expect(subtreeUsage(record('call', { runType: 'llm', totalTokens: 5 }), children)).toMatchObject({ totalTokens: 7 });
});

it('says nothing of a run without others below it, and ends where runs go in a circle', () => {
  expect(subtreeUsage(record('alone', { totalTokens: 5 }), childrenOf())).toEqual({});
  const circle = childrenOf(
    spent('a', 'b', { totalTokens: 1 }),
    spent('b', 'a', { totalTokens: 2 }),
    spent('own', 'own', { totalTokens: 4 }),
  );
  expect(subtreeUsage(record('a', { runType: 'llm', totalTokens: 1 }), circle)).toMatchObject({ totalTokens: 3 });
  expect(subtreeUsage(record('own', { runType: 'llm', totalTokens: 4 }), circle)).toEqual({});
});

it('leaves what a run says where nothing below it was counted', () => {
  expect(subtreeUsage(record('root', { totalTokens: 8 }), childrenOf(spent('a', 'root', { spends: false })))).toEqual({
    firstTokenTime: null,
  });
});
