import { lazy, type ReactNode } from 'react';
import { Route, Switch } from 'wouter';
import { NotFoundPage } from '../not-found.tsx';
import { ComparePage } from './compare/compare.tsx';
import { TracesPage } from './list/traces.tsx';
import { QuarantinePage } from './quarantine.tsx';
import { ThreadPage } from './threads/thread.tsx';
import { ThreadsPage } from './threads/threads.tsx';
import { TracePage } from './trace/trace.tsx';

// Reading conversations needs none of these: each is loaded by whoever opens it.
const ComparisonPage = lazy(async () => ({ default: (await import('./datasets/comparison.tsx')).ComparisonPage }));
const DatasetPage = lazy(async () => ({ default: (await import('./datasets/dataset.tsx')).DatasetPage }));
const DatasetsPage = lazy(async () => ({ default: (await import('./datasets/datasets.tsx')).DatasetsPage }));
const FiguresPage = lazy(async () => ({ default: (await import('./figures/figures.tsx')).FiguresPage }));
const ForwardsPage = lazy(async () => ({ default: (await import('./forwards/forwards.tsx')).ForwardsPage }));
const GatewayPage = lazy(async () => ({ default: (await import('./gateway/gateway.tsx')).GatewayPage }));
const PromptPage = lazy(async () => ({ default: (await import('./prompts/prompt.tsx')).PromptPage }));
const PromptsPage = lazy(async () => ({ default: (await import('./prompts/prompts.tsx')).PromptsPage }));
const QualityPage = lazy(async () => ({ default: (await import('./quality/quality.tsx')).QualityPage }));
const QueuePage = lazy(async () => ({ default: (await import('./queues/queue.tsx')).QueuePage }));
const QueuesPage = lazy(async () => ({ default: (await import('./queues/queues.tsx')).QueuesPage }));
const SettingsPage = lazy(async () => ({ default: (await import('./settings/page.tsx')).SettingsPage }));

/** Everything under /traces: loaded when somebody goes there. */
export default function TracePages(): ReactNode {
  return (
    <Switch>
      <Route path="/traces" component={TracesPage} />
      <Route path="/traces/trace/:id">{({ id }) => <TracePage key={id} traceId={decodeURIComponent(id)} />}</Route>
      <Route path="/traces/compare" component={ComparePage} />
      <Route path="/traces/figures" component={FiguresPage} />
      <Route path="/traces/quality" component={QualityPage} />
      <Route path="/traces/gateway" component={GatewayPage} />
      <Route path="/traces/datasets" component={DatasetsPage} />
      <Route path="/traces/datasets/:id">{({ id }) => <DatasetPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/traces/datasets/:id/compare">{({ id }) => <ComparisonPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/traces/prompts" component={PromptsPage} />
      <Route path="/traces/prompts/:name">{({ name }) => <PromptPage key={name} name={decodeURIComponent(name)} />}</Route>
      <Route path="/traces/queues" component={QueuesPage} />
      <Route path="/traces/queues/:id">{({ id }) => <QueuePage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/traces/forwards" component={ForwardsPage} />
      <Route path="/traces/settings" component={SettingsPage} />
      <Route path="/traces/threads" component={ThreadsPage} />
      <Route path="/traces/threads/turns" component={ThreadPage} />
      <Route path="/traces/quarantine" component={QuarantinePage} />
      <Route component={NotFoundPage} />
    </Switch>
  );
}
