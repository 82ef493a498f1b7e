import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { builtInModules } from '../../src/modules/built-in.ts';
import { testServer } from './support/test-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

test('every request that documents, remedies and pages name is there, with its parameters', async () => {
  await using server = await testServer({ modules: builtInModules });
  const { paths } = (await server.ask('GET', '/openapi.json')).json<{ paths: Paths }>();
  const named = [...filesIn('docs', /\.md$/), 'README.md', ...filesIn('src', /(?<!\.test)\.ts$/), ...filesIn('web/src', /\.tsx?$/)].flatMap(
    (file) => requestsIn(readFileSync(join(ROOT, file), 'utf8')).map((request) => ({ file, request })),
  );
  expect(named.length).toBeGreaterThan(70);
  expect(
    named.flatMap(({ file, request }) => {
      const wrong = whatIsWrong(paths, request);
      return wrong === undefined ? [] : [`${file}: ${request}: ${wrong}`];
    }),
  ).toEqual([]);
});

test('a request that is not there is found', () => {
  const paths: Paths = {
    '/api/v1/runs': { get: { parameters: [{ name: 'project', in: 'query' }] } },
    '/api/v1/runs/{id}/share': { put: {} },
  };
  expect(whatIsWrong(paths, 'GET /api/v1/runs?project=…')).toBeUndefined();
  expect(whatIsWrong(paths, 'PUT /api/v1/runs/:id/share')).toBeUndefined();
  expect(whatIsWrong(paths, 'GET /api/v1/runs?user=ann')).toBe('there is no parameter user');
  expect(whatIsWrong(paths, 'DELETE /api/v1/runs')).toBe('there is no such request');
  expect(whatIsWrong(paths, 'GET /api/v1/walks/1/share')).toBe('there is no such request');
  expect(requestsIn('`GET, POST /api/v1/runs` and\nDELETE /api/v1/runs/{id}. Then PUT /api/v1/runs/<id>?a=b')).toEqual([
    'GET /api/v1/runs',
    'POST /api/v1/runs',
    'DELETE /api/v1/runs/{id}',
    'PUT /api/v1/runs/<id>?a=b',
  ]);
});

function filesIn(folder: string, name: RegExp): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

/** What text calls a method with an address of the API; what follows an address, as a full stop, is none of it. */
function requestsIn(text: string): readonly string[] {
  const found = text.matchAll(
    /\b((?:GET|POST|PUT|PATCH|DELETE)(?:, (?:GET|POST|PUT|PATCH|DELETE))*) (\/api\/v1\/(?:\$\{[\w.()]+\}|<\w+>|[^\s`'")<|,])*)/g,
  );
  return [...found].flatMap(([, methods = '', address = '']) =>
    methods.split(', ').map((method) => `${method} ${address.replace(/[.…:;/]+$/, '')}`),
  );
}

/** Undefined where the API has the request. A part in braces, as <id>, :id or ${id} stands for any. */
function whatIsWrong(paths: Paths, request: string): string | undefined {
  const [method = '', address = ''] = request.split(' ');
  const [path = '', query = ''] = address.split('?');
  const parts = path.split('/');
  const operation = Object.entries(paths).find(([there, operations]) => {
    const pieces = there.split('/');
    return (
      operations[method.toLowerCase()] !== undefined &&
      pieces.length === parts.length &&
      pieces.every((piece, at) => piece === parts[at] || piece.startsWith('{'))
    );
  })?.[1][method.toLowerCase()];
  if (operation === undefined) return 'there is no such request';
  const names = new Set(operation.parameters?.flatMap((one) => (one.in === 'query' ? [one.name] : [])));
  const unknown = [...query.matchAll(/(?:^|&)(\w+)=/g)].map(([, name = '']) => name).find((name) => !names.has(name));
  return unknown === undefined ? undefined : `there is no parameter ${unknown}`;
}
