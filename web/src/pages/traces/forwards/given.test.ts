import { expect, test } from 'vitest';
import { bodyOf, type GivenForward, headersOf } from './given.ts';
import type { Forward } from './queries.ts';

const given: GivenForward = {
  name: 'out',
  kind: 'otlp',
  endpoint: 'https://collector.example',
  apiKey: '',
  headers: '',
  project: '',
  targetProject: '',
  encoding: 'json',
  workspace: '',
  patience: '',
  from: 'now',
};

test('headers are lines, and a value may hold a colon', () => {
  expect(headersOf('a: b\n\n  x-api-key :  k:1 \nbroken')).toEqual({ a: 'b', 'x-api-key': 'k:1', broken: '' });
  expect(headersOf(' \n')).toBeUndefined();
});

test('a new forward says what it is; one that is there keeps its kind, its project and its secrets', () => {
  expect(bodyOf({ ...given, project: 'shop', apiKey: 'k' }, undefined)).toEqual({
    name: 'out',
    kind: 'otlp',
    from: 'now',
    project: 'shop',
    endpoint: 'https://collector.example',
    api_key: 'k',
    target_project: null,
    encoding: 'json',
  });
  expect(bodyOf({ ...given, workspace: 'w', targetProject: 'theirs' }, { kind: 'langsmith' } as Forward)).toEqual({
    endpoint: 'https://collector.example',
    target_project: 'theirs',
    workspace_id: 'w',
  });
});
