import { expect, it } from 'vitest';
import { beginStatement } from './transaction.ts';

const limits = { statementTimeoutMs: 30_000, lockTimeoutMs: 10_000, idleInTransactionTimeoutMs: 60_000 };

it('begins with what was asked for and nothing else', () => {
  expect(beginStatement({}, limits, false)).toBe('begin');
  expect(beginStatement({ isolation: 'serializable', readOnly: true, synchronousCommit: 'off', lockTimeoutMs: 1.4 }, limits, false)).toBe(
    'begin isolation level serializable read only; set local lock_timeout = 1; set local synchronous_commit = off',
  );
});

it('sets every limit behind a pooler, where the session is not ours', () => {
  expect(beginStatement({ statementTimeoutMs: 5_000 }, limits, true)).toBe(
    'begin; set local statement_timeout = 5000; set local lock_timeout = 10000; set local idle_in_transaction_session_timeout = 60000',
  );
});
