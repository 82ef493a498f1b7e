import { type RunStatus, runStatuses, type RunType, runTypes } from './types.ts';

export const ranges = ['1h', '24h', '7d', '30d', ''] as const;
export type Range = (typeof ranges)[number];
const rangeMs: Readonly<Record<Exclude<Range, ''>, number>> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
};

/** What the list shows, kept in its address: a link shows the same to whom it is sent, and a saved filter is one. */
export interface View {
  readonly project: string;
  readonly q: string;
  /** LangSmith's filter language. */
  readonly filter: string;
  readonly status: RunStatus | '';
  readonly type: RunType | '';
  readonly model: string;
  readonly tag: string;
  readonly user: string;
  readonly thread: string;
  readonly prompt: string;
  readonly range: Range;
  /** From a point of a chart: between two moments, ISO 8601. They win over the range. */
  readonly from: string;
  readonly to: string;
  /** Every run, not only the first of each trace. */
  readonly all: boolean;
  /** Only what no price is known for. */
  readonly unpriced: boolean;
}

/** Words that are copied between the view and its address as they are. */
export const texts = ['project', 'q', 'filter', 'model', 'tag', 'user', 'thread', 'prompt', 'from', 'to'] as const;

export const emptyView: View = {
  project: '',
  q: '',
  filter: '',
  status: '',
  type: '',
  model: '',
  tag: '',
  user: '',
  thread: '',
  prompt: '',
  range: '7d',
  from: '',
  to: '',
  all: false,
  unpriced: false,
};

export function viewOf(search: string): View {
  const given = new URLSearchParams(search);
  const oneOf = <Value extends string>(values: readonly Value[], name: string, fallback: Value | ''): Value | '' => {
    const value = given.get(name);
    return values.find((each) => each === value) ?? fallback;
  };
  return {
    ...(Object.fromEntries(texts.map((name) => [name, given.get(name) ?? ''])) as Pick<View, (typeof texts)[number]>),
    status: oneOf(runStatuses, 'status', ''),
    type: oneOf(runTypes, 'type', ''),
    range: given.get('range') === 'all' ? '' : oneOf<Range>(ranges, 'range', '7d'),
    all: given.get('all') === '1',
    unpriced: given.get('unpriced') === '1',
  };
}

export function searchOf(view: View): string {
  const search = new URLSearchParams();
  for (const name of [...texts, 'status', 'type'] as const) if (view[name] !== '') search.set(name, view[name]);
  if (view.range !== emptyView.range) search.set('range', view.range === '' ? 'all' : view.range);
  if (view.all) search.set('all', '1');
  if (view.unpriced) search.set('unpriced', '1');
  return search.toString();
}

/** Whether anything narrows the list besides the project and how far back it goes. */
export const isNarrowed = (view: View): boolean =>
  [...texts.filter((name) => name !== 'project'), 'status' as const, 'type' as const].some((name) => view[name] !== '') || view.unpriced;

export type RunQuery = Readonly<Record<string, string | undefined>>;

/** What is asked of the server. The beginning of a range is cut to the minute, so that asking again asks the same. */
export function queryOf(view: View, now: number): RunQuery {
  const since =
    view.from !== ''
      ? view.from
      : view.range === ''
        ? ''
        : new Date(Math.floor((now - rangeMs[view.range]) / 60_000) * 60_000).toISOString();
  const runs: Record<string, string | undefined> = {
    project: view.project,
    q: view.q,
    filter: view.filter,
    status: view.status,
    run_type: view.type,
    model: view.model,
    tag: view.tag,
    user: view.user,
    thread: view.thread,
    prompt: view.prompt,
    from: since,
    to: view.to,
    has_price: view.unpriced ? 'false' : undefined,
    // What asks for models, prices or a kind of run is mostly answered by runs inside of a trace.
    is_root: view.all || view.type !== '' || view.model !== '' || view.unpriced || view.prompt !== '' ? undefined : 'true',
  };
  return Object.fromEntries(Object.entries(runs).filter(([, value]) => value !== undefined && value !== ''));
}

/** The same runs, asked of the export; undefined for what it cannot be asked for. Words are searched for by the filter language there. */
export function exportQueryOf(view: View, now: number): RunQuery | undefined {
  const { filter, has_price: hasPrice, prompt, q, ...rest } = queryOf(view, now);
  if (hasPrice !== undefined) return undefined;
  const parts = [
    ...(filter === undefined ? [] : [filter]),
    ...(q === undefined ? [] : [`search(${JSON.stringify(q)})`]),
    ...(prompt === undefined ? [] : [`eq(prompt, ${JSON.stringify(prompt)})`]),
  ];
  return parts.length === 0 ? rest : { ...rest, filter: parts.length === 1 ? parts[0] : `and(${parts.join(', ')})` };
}

/** The list of what a query of the API finds: the runs behind a point of a chart. */
export function viewBehind(runsQuery: string, from: number, to: number): View {
  const given = new URLSearchParams(runsQuery);
  const projects = given.getAll('project');
  const { type, ...view } = viewOf(runsQuery);
  return {
    ...view,
    type: runTypes.find((each) => each === given.get('run_type')) ?? type,
    project: projects.length === 1 ? (projects[0] ?? '') : '',
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    all: given.get('is_root') !== 'true',
  };
}

export const listAddress = (view: Partial<View>): string => {
  const search = searchOf({ ...emptyView, ...view });
  return search === '' ? '/traces' : `/traces?${search}`;
};
/** `sought`: what it was found by, to be shown where it stands. */
export const runAddress = ({ run_id: run, trace_id: trace }: { readonly run_id: string; readonly trace_id: string }, sought = ''): string =>
  `/traces/trace/${trace}${searchInTrace(run === trace ? '' : run, sought)}`;
/** What is behind the address of a trace: the run that is shown, where it is not the first, and what is sought in it. */
export function searchInTrace(run: string, sought: string): string {
  const search = new URLSearchParams({ ...(run === '' ? {} : { run }), ...(sought === '' ? {} : { q: sought }) }).toString();
  return search === '' ? '' : `?${search}`;
}
export const threadAddress = (project: string, thread: string): string =>
  `/traces/threads/turns?${new URLSearchParams({ project, thread }).toString()}`;
export const compareAddress = (a: string, b: string): string => `/traces/compare?a=${a}&b=${b}`;
