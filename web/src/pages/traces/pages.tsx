import type { ReactNode } from 'react';
import { Route, Switch } from 'wouter';
import { NotFoundPage } from '../not-found.tsx';
import { ComparePage } from './compare/compare.tsx';
import { FiguresPage } from './figures/figures.tsx';
import { TracesPage } from './list/traces.tsx';
import { TracePage } from './trace/trace.tsx';

/** Everything under /traces: loaded when somebody goes there. */
export default function TracePages(): ReactNode {
  return (
    <Switch>
      <Route path="/traces" component={TracesPage} />
      <Route path="/traces/trace/:id">{({ id }) => <TracePage key={id} traceId={decodeURIComponent(id)} />}</Route>
      <Route path="/traces/compare" component={ComparePage} />
      <Route path="/traces/figures" component={FiguresPage} />
      <Route component={NotFoundPage} />
    </Switch>
  );
}
