import { type ReactNode, useState } from 'react';
import { Redirect, Route, Switch, useLocation, useSearch } from 'wouter';
import { useConnection } from './live/connection.ts';
import { EventFeed, Live, makeQueryClient } from './live/provider.tsx';
import { AgentPage } from './pages/agent/agent.tsx';
import { AgentsPage } from './pages/agents/agents.tsx';
import { AlertPage } from './pages/alerts/alert.tsx';
import { AlertsPage } from './pages/alerts/alerts.tsx';
import { EventsPage } from './pages/events.tsx';
import { HostsPage } from './pages/hosts.tsx';
import { MonitorsPage } from './pages/monitors.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { OverviewPage } from './pages/overview/overview.tsx';
import { RecoveryPage } from './pages/recovery/recovery.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { Shell } from './shell/shell.tsx';

export function App(): ReactNode {
  const [client] = useState(makeQueryClient);
  return (
    <Live client={client}>
      <Switch>
        <Route path="/sign-in">
          <SignInPage />
        </Route>
        <Route>
          <SignedIn />
        </Route>
      </Switch>
    </Live>
  );
}

function SignedIn(): ReactNode {
  const { signedOut } = useConnection();
  const [path] = useLocation();
  const search = useSearch();
  if (signedOut)
    return (
      <Redirect
        to={`/sign-in${path === '/' && search === '' ? '' : `?next=${encodeURIComponent(path + (search === '' ? '' : `?${search}`))}`}`}
        replace
      />
    );
  return (
    <>
      <EventFeed />
      <Shell>
        <Switch>
          <Route path="/" component={OverviewPage} />
          <Route path="/agents" component={AgentsPage} />
          <Route path="/agents/:id">{({ id }) => <AgentPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/alerts" component={AlertsPage} />
          <Route path="/alerts/:id">{({ id }) => <AlertPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/hosts" component={HostsPage} />
          <Route path="/monitors" component={MonitorsPage} />
          <Route path="/healing" component={RecoveryPage} />
          <Route path="/events" component={EventsPage} />
          <Route component={NotFoundPage} />
        </Switch>
      </Shell>
    </>
  );
}
