import type { ReactNode } from 'react';
import type { Agent } from '../../api/types.ts';
import { words } from '../../ui/format.ts';

export function Configuration({ agent }: { readonly agent: Agent }): ReactNode {
  const empty = Object.keys(agent.config).length === 0;
  return (
    <section aria-labelledby="config-title" className="card flex min-w-0 flex-col gap-2 px-4 py-3">
      <h2 id="config-title" className="text-sm">
        Configuration
      </h2>
      {empty ? (
        <p className="text-ink-3">All at its defaults.</p>
      ) : (
        <pre className="max-h-80 overflow-auto rounded-md bg-canvas p-3 text-xs leading-5" tabIndex={0} aria-labelledby="config-title">
          {JSON.stringify(agent.config, undefined, 2)}
        </pre>
      )}
    </section>
  );
}

export function Capabilities({ agent }: { readonly agent: Agent }): ReactNode {
  const capabilities = Object.entries(agent.capabilities ?? {});
  if (capabilities.length === 0) return null;
  return (
    <section aria-labelledby="capabilities-title" className="card flex min-w-0 flex-col gap-2 px-4 py-3">
      <h2 id="capabilities-title" className="text-sm">
        Capabilities
      </h2>
      <dl className="flex flex-col gap-1.5">
        {capabilities.map(([name, meaning]) => (
          <div key={name}>
            <dt className="font-medium">{words(name)}</dt>
            <dd className="text-xs text-ink-3">{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
