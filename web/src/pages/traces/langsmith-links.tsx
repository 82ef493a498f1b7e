import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { problemOf } from '../../api/problem.ts';
import { ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { NotFoundPage } from '../not-found.tsx';
import { listAddress, runAddress } from './address.ts';
import { datasetAddress } from './datasets/queries.ts';
import { traceQueries } from './queries.ts';

/** Addresses as LangSmith's clients print them, once they were told that the dashboard is here. */
export default function LangsmithLinks(): ReactNode {
  return (
    <Switch>
      <Route path="/o/:tenant/projects/p/:project/r/:run">{({ run }) => <ToRun id={decodeURIComponent(run)} />}</Route>
      <Route path="/o/:tenant/projects/p/:project">{({ project }) => <ToProject id={decodeURIComponent(project)} />}</Route>
      <Route path="/o/:tenant/datasets/:id/*?">{({ id }) => <Redirect to={datasetAddress(decodeURIComponent(id))} replace />}</Route>
      <Route component={NotFoundPage} />
    </Switch>
  );
}

function ToRun({ id }: { readonly id: string }): ReactNode {
  const { data, error, refetch } = useQuery(traceQueries.run(id));
  if (data !== undefined) return <Redirect to={runAddress(data)} replace />;
  return error === null ? <Skeleton className="h-40" /> : <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />;
}

function ToProject({ id }: { readonly id: string }): ReactNode {
  const { data, error, refetch } = useQuery(traceQueries.projects());
  const project = data?.items.find(({ project_id: each }) => each === id);
  if (project !== undefined) return <Redirect to={listAddress({ project: project.name })} replace />;
  if (data !== undefined) return <NotFoundPage />;
  return error === null ? <Skeleton className="h-40" /> : <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />;
}
