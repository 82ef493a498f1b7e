import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REASONS } from './quarantine.ts';

test('every reason for which something is quarantined stands in the documents, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/traces.md', import.meta.url), 'utf8');
  const [, table = ''] = /\| reason \| what \|\n((?:\|.*\n)+)/.exec(page) ?? [];
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason = '']) => reason).toSorted()).toEqual(Object.keys(REASONS).toSorted());
});
