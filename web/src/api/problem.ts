/** What is wrong with one field; the pointer is RFC 6901's, into the body. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** A request that did not succeed, as RFC 9457 tells it, or why there was no answer at all. */
export class ApiProblem extends Error {
  /** 0: no answer came. */
  readonly status: number;
  /** The stable code of docs/reference/errors.md, NETWORK where the server could not be reached. */
  readonly code: string;
  readonly title: string;
  readonly remedy: string | undefined;
  readonly requestId: string | undefined;
  /** Empty where no single field is to blame. */
  readonly errors: readonly FieldError[];

  constructor(problem: {
    status: number;
    code: string;
    title: string;
    detail?: string | undefined;
    remedy?: string | undefined;
    requestId?: string | undefined;
    errors?: readonly FieldError[];
  }) {
    super(problem.detail ?? problem.title);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.remedy = problem.remedy;
    this.requestId = problem.requestId;
    this.errors = problem.errors ?? [];
  }

  static network(cause: unknown): ApiProblem {
    const problem = new ApiProblem({
      status: 0,
      code: 'NETWORK',
      title: 'Muster does not answer',
      detail: 'The server could not be reached.',
      remedy: 'Check that it runs (`muster status`) and that the network is up.',
    });
    problem.cause = cause;
    return problem;
  }

  static async of(response: Response): Promise<ApiProblem> {
    const body = await readJson(response);
    return new ApiProblem({
      status: response.status,
      code: text(body['code']) ?? `HTTP_${response.status}`,
      title: text(body['title']) ?? (response.statusText || `HTTP ${response.status}`),
      detail: text(body['detail']),
      remedy: text(body['remedy']),
      requestId: text(body['request_id']),
      errors: fieldErrors(body['errors']),
    });
  }

  /** The server answers, but the database behind it does not. */
  get databaseAway(): boolean {
    return this.status === 503 && (this.code.startsWith('DATABASE_') || this.code === 'DISK_FULL');
  }

  get signedOut(): boolean {
    return this.status === 401;
  }
}

export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({
    status: 0,
    code: 'INTERNAL',
    title: 'The dashboard failed',
    detail: error instanceof Error ? error.message : String(error),
  });
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    // A proxy's HTML page, or nothing: the status line then has to do.
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function fieldErrors(value: unknown): readonly FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown) => {
    const { message, pointer } = (each ?? {}) as Record<string, unknown>;
    return typeof pointer === 'string' && typeof message === 'string' ? [{ pointer, message }] : [];
  });
}
