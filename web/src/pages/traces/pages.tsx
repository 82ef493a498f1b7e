import type { ReactNode } from 'react';
import { Route, Switch } from 'wouter';
import { NotFoundPage } from '../not-found.tsx';
import { ComparePage } from './compare/compare.tsx';
import { FiguresPage } from './figures/figures.tsx';
import { GatewayPage } from './gateway/gateway.tsx';
import { TracesPage } from './list/traces.tsx';
import { QualityPage } from './quality/quality.tsx';
import { QuarantinePage } from './quarantine.tsx';
import { SettingsPage } from './settings/page.tsx';
import { ThreadPage } from './threads/thread.tsx';
import { ThreadsPage } from './threads/threads.tsx';
import { TracePage } from './trace/trace.tsx';

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
      <Route path="/traces/settings" component={SettingsPage} />
      <Route path="/traces/threads" component={ThreadsPage} />
      <Route path="/traces/threads/turns" component={ThreadPage} />
      <Route path="/traces/quarantine" component={QuarantinePage} />
      <Route component={NotFoundPage} />
    </Switch>
  );
}
