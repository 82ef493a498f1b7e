import { ApiProblem } from './problem.ts';
import { observe } from './server-clock.ts';

const base = '/api/v1';
const patienceMs = 15_000;
/** A file may be large, and the way to the server slow. */
const patienceForFilesMs = 120_000;

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly query?: Query;
  readonly body?: unknown;
  /** Instead of a body of JSON: a file as it is. */
  readonly file?: { readonly text: string; readonly type: string };
  /** The revision that a write insists on. */
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long an answer may take, where much is to be done for it. */
  readonly patienceMs?: number;
}

/** One call of the REST API. Throws ApiProblem, and AbortError where `signal` aborted. */
export async function call<Answer>(path: string, request: Request = {}): Promise<Answer> {
  const timeout = AbortSignal.timeout(request.patienceMs ?? (request.file === undefined ? patienceMs : patienceForFilesMs));
  const type = request.file?.type ?? (request.body === undefined ? undefined : 'application/json');
  const sentAt = Date.now();
  let response: Response;
  try {
    response = await fetch(address(path, request.query), {
      method: request.method ?? 'GET',
      headers: {
        accept: 'application/json',
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(request.ifMatch === undefined ? {} : { 'if-match': request.ifMatch }),
      },
      body: request.file?.text ?? (request.body === undefined ? null : JSON.stringify(request.body)),
      credentials: 'same-origin',
      signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw ApiProblem.network(error);
  }
  observe({ sentAt, receivedAt: Date.now(), date: response.headers.get('date') });
  if (!response.ok) throw await ApiProblem.of(response);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    for (const each of Array.isArray(value) ? value : [value]) search.append(name, String(each));
  }
  const text = search.toString();
  return `${base}${path}${text === '' ? '' : `?${text}`}`;
}
