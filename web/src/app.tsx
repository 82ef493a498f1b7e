import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Redirect, Route, Switch, useLocation, useSearch } from 'wouter';
import { useConnection } from './live/connection.ts';
import { EventFeed, Live, makeQueryClient } from './live/provider.tsx';
import { AgentPage } from './pages/agent/agent.tsx';
import { AgentsPage } from './pages/agents/agents.tsx';
import { AlertPage } from './pages/alerts/alert.tsx';
import { AlertsPage } from './pages/alerts/alerts.tsx';
import { ChannelPage } from './pages/channels/channel.tsx';
import { ChannelsPage } from './pages/channels/channels.tsx';
import { EventsPage } from './pages/events.tsx';
import { HostsPage } from './pages/hosts.tsx';
import { IncidentPage } from './pages/incidents/incident.tsx';
import { IncidentsPage } from './pages/incidents/incidents.tsx';
import { MonitorsPage } from './pages/monitors.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { OnCallPage } from './pages/on-call/on-call.tsx';
import { OverviewPage } from './pages/overview/overview.tsx';
import { QuietPage } from './pages/quiet/quiet.tsx';
import { RecoveryPage } from './pages/recovery/recovery.tsx';
import { RulePage } from './pages/rules/rule.tsx';
import { RulesPage } from './pages/rules/rules.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { PageBoundary } from './shell/page-boundary.tsx';
import { Shell } from './shell/shell.tsx';
import { Tabs } from './shell/tabs.tsx';
import { Skeleton } from './ui/primitives.tsx';

const TracePages = lazy(() => import('./pages/traces/pages.tsx'));
const LangsmithLinks = lazy(() => import('./pages/traces/langsmith-links.tsx'));

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
        <Tabs />
        <PageBoundary path={path}>
          <Switch>
            <Route path="/" component={OverviewPage} />
            <Route path="/agents" component={AgentsPage} />
            <Route path="/agents/:id">{({ id }) => <AgentPage key={id} id={decodeURIComponent(id)} />}</Route>
            <Route path="/alerts" component={AlertsPage} />
            <Route path="/alerts/:id">{({ id }) => <AlertPage key={id} id={decodeURIComponent(id)} />}</Route>
            <Route path="/incidents" component={IncidentsPage} />
            <Route path="/incidents/:id">{({ id }) => <IncidentPage key={id} id={decodeURIComponent(id)} />}</Route>
            <Route path="/rules" component={RulesPage} />
            <Route path="/rules/:name">{({ name }) => <RulePage key={name} name={decodeURIComponent(name)} />}</Route>
            <Route path="/on-call" component={OnCallPage} />
            <Route path="/quiet" component={QuietPage} />
            <Route path="/channels" component={ChannelsPage} />
            <Route path="/channels/:name">{({ name }) => <ChannelPage key={name} name={decodeURIComponent(name)} />}</Route>
            <Route path="/hosts" component={HostsPage} />
            <Route path="/monitors" component={MonitorsPage} />
            <Route path="/healing" component={RecoveryPage} />
            <Route path="/events" component={EventsPage} />
            <Route path="/traces/*?">
              <Suspense fallback={<Skeleton className="h-40" />}>
                <TracePages />
              </Suspense>
            </Route>
            <Route path="/o/*?">
              <Suspense fallback={<Skeleton className="h-40" />}>
                <LangsmithLinks />
              </Suspense>
            </Route>
            <Route component={NotFoundPage} />
          </Switch>
        </PageBoundary>
      </Shell>
    </>
  );
}
