import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { call } from '../api/client.ts';
import { type ApiProblem, problemOf } from '../api/problem.ts';
import type { Session } from '../api/types.ts';
import { signedIn } from '../live/connection.ts';
import { Mark } from '../shell/mark.tsx';
import { Icon } from '../ui/icons.tsx';
import { Button, Prose } from '../ui/primitives.tsx';

/** A page of our own to go on to; anything else leads home, so that a link cannot send a visitor elsewhere. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get('next');
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/';
}

/** The token leaves the address before anything else happens: it must not stay in the history or in a screenshot. */
function stripToken(): void {
  const parameters = new URLSearchParams(location.search);
  parameters.delete('token');
  const rest = parameters.toString();
  history.replaceState(history.state, '', location.pathname + (rest === '' ? '' : `?${rest}`));
}

export function SignInPage(): ReactNode {
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const [token] = useState(() => new URLSearchParams(location.search).get('token'));
  const [busy, setBusy] = useState(token !== null);
  const [problem, setProblem] = useState<{ readonly of: 'link' | 'key'; readonly problem: ApiProblem }>();
  const sent = useRef(false);

  const enter = async (credential: { token: string } | { key: string }): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await call<Session>('/session', { method: 'POST', body: credential });
      client.clear();
      signedIn();
      navigate(nextPage(location.search), { replace: true });
    } catch (error) {
      setProblem({ of: 'token' in credential ? 'link' : 'key', problem: problemOf(error) });
      setBusy(false);
    }
  };

  useEffect(() => {
    document.title = 'Sign in · Muster';
    // A link works once: React's second effect in development must not spend it again.
    if (token === null || sent.current) return;
    sent.current = true;
    stripToken();
    void enter({ token });
  });

  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="flex w-full max-w-[25rem] flex-col gap-6">
        <div className="flex items-center gap-3">
          <Mark className="size-8" />
          <h1 className="text-xl">{busy && token !== null ? 'Signing you in…' : 'Sign in to Muster'}</h1>
        </div>
        {problem && <Refusal of={problem.of} problem={problem.problem} />}
        {busy && token !== null ? (
          <p role="status" className="text-ink-2">
            Checking the link.
          </p>
        ) : (
          <>
            <section className="card flex flex-col gap-2 p-5">
              <h2 className="text-md">With a link</h2>
              <p className="text-ink-2">On a machine where Muster runs, this prints a link that works once:</p>
              <code className="rounded-md bg-raised px-3 py-2">muster sign-in</code>
            </section>
            <KeyForm busy={busy} onKey={(key) => void enter({ key })} />
          </>
        )}
      </div>
    </main>
  );
}

function KeyForm({ busy, onKey }: { readonly busy: boolean; readonly onKey: (key: string) => void }): ReactNode {
  const [key, setKey] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (key.trim() !== '') onKey(key.trim());
  };
  return (
    <form onSubmit={submit} className="card flex flex-col gap-3 p-5">
      <h2 className="text-md">With an API key</h2>
      <label className="flex flex-col gap-1.5 text-ink-2">
        API key
        <input
          type="password"
          name="key"
          autoComplete="current-password"
          spellCheck={false}
          required
          value={key}
          onChange={(event) => setKey(event.target.value)}
          className="h-9 rounded-md border border-line-strong bg-canvas px-3 font-mono text-ink"
        />
      </label>
      <Button kind="primary" type="submit" icon="key" disabled={busy} className="h-9 justify-center">
        {busy ? 'Signing in…' : 'Sign in'}
      </Button>
    </form>
  );
}

function Refusal({ of, problem }: { readonly of: 'link' | 'key'; readonly problem: ApiProblem }): ReactNode {
  const refused =
    problem.status === 401 || problem.status === 403 || problem.status === 404 || problem.status === 410 || problem.status === 422;
  const title = !refused ? problem.title : of === 'link' ? 'This link no longer works' : 'This key is not accepted';
  const detail = !refused
    ? problem.message
    : of === 'link'
      ? 'A sign-in link works once and for a short time: it was used already, or is too old.'
      : 'It may be mistyped, expired or revoked.';
  return (
    <div role="alert" className="card flex gap-3 border-bad/40 p-4">
      <Icon name="critical" className="mt-0.5 text-bad" />
      <div className="flex flex-col gap-1">
        <p className="font-medium text-bad">{title}</p>
        <p className="text-ink-2">{detail}</p>
        <p className="text-ink-2">
          {!refused ? (
            <Prose text={problem.remedy ?? ''} />
          ) : of === 'link' ? (
            <>
              Run <code>muster sign-in</code> for a new one.
            </>
          ) : (
            <>
              Ask an administrator for another, or run <code>muster sign-in</code>.
            </>
          )}
        </p>
      </div>
    </div>
  );
}
