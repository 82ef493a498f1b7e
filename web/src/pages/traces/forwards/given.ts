import type { Forward } from './queries.ts';

/** What stands in the form. */
export interface GivenForward {
  readonly name: string;
  readonly kind: string;
  readonly endpoint: string;
  readonly apiKey: string;
  /** A line each, as in HTTP. */
  readonly headers: string;
  readonly project: string;
  readonly targetProject: string;
  readonly encoding: string;
  readonly workspace: string;
  readonly patience: string;
  readonly from: string;
}

/** `Name: value`, a line each. What has no colon stays as it is: the server says what is wrong with it. */
export function headersOf(text: string): Readonly<Record<string, string>> | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0) return undefined;
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return colon === -1 ? [line, ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

/** What is sent. A forward that is there keeps its key and headers where none are given: nobody can read them to give them again. */
export function bodyOf(given: GivenForward, before: Forward | undefined): Readonly<Record<string, unknown>> {
  const kind = before?.kind ?? given.kind;
  const headers = headersOf(given.headers);
  return {
    ...(before === undefined
      ? { name: given.name, kind, from: given.from, ...(given.project === '' ? {} : { project: given.project }) }
      : {}),
    endpoint: given.endpoint,
    ...(given.apiKey === '' ? {} : { api_key: given.apiKey }),
    ...(headers === undefined ? {} : { headers }),
    target_project: given.targetProject === '' ? null : given.targetProject,
    ...(kind === 'otlp' ? { encoding: given.encoding } : given.workspace === '' ? {} : { workspace_id: given.workspace }),
    ...(given.patience === '' ? {} : { patience: given.patience }),
  };
}
