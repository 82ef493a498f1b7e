import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../../api/client.ts';
import { problemOf } from '../../../api/problem.ts';
import { useMay } from '../../../api/use-may.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { FormProblem } from '../../../ui/form-dialog.tsx';
import { Button } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';

const ways = [
  { value: 'langsmith', label: 'LangSmith, LangChain' },
  { value: 'otlp', label: 'OpenTelemetry' },
  { value: 'gateway', label: 'OpenAI client' },
] as const;
type Way = (typeof ways)[number]['value'];

/** What to put into the environment of an application, with this server's own address. */
export function environmentOf(way: Way, origin: string, key: string): string {
  switch (way) {
    case 'langsmith':
      return [
        `LANGSMITH_TRACING=true`,
        `LANGSMITH_ENDPOINT=${origin}/langsmith`,
        `LANGSMITH_API_KEY=${key}`,
        `LANGSMITH_PROJECT=default`,
      ].join('\n');
    case 'otlp':
      return [`OTEL_EXPORTER_OTLP_ENDPOINT=${origin}`, `OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20${key}`].join('\n');
    case 'gateway':
      return [`OPENAI_BASE_URL=${origin}/openai/v1`, `OPENAI_API_KEY=${key}`].join('\n');
  }
}

const notes: Readonly<Record<Way, string>> = {
  langsmith: 'Nothing else changes: the unmodified SDK, in JavaScript or Python, sends its runs here.',
  otlp: 'GenAI conventions, OpenInference, OpenLLMetry and the AI SDK are understood.',
  gateway: 'Calls go through Muster to the provider that is configured for the gateway, and are logged on the way.',
};

interface FreshKey {
  readonly key: string;
}

/** Nothing has come yet: how the first trace gets here. */
export function FirstTrace(): ReactNode {
  const [way, setWay] = useState<Way>('langsmith');
  const mayMake = useMay('keys:manage');
  const make = useMutation({
    mutationFn: (scope: string) =>
      call<FreshKey>('/keys', { method: 'POST', body: { name: `${scope} from the dashboard`, role: 'operator', scopes: [scope] } }),
  });
  const scope = way === 'gateway' ? 'gateway:write' : 'traces:write';
  const key = make.variables === scope ? make.data?.key : undefined;
  const text = environmentOf(way, location.origin, key ?? '<key>');
  return (
    <div className="mx-auto flex max-w-[44rem] flex-col gap-4 px-6 py-10">
      <div>
        <h2 className="text-lg">No conversation has come yet</h2>
        <p className="mt-1 text-ink-2">
          Put this into the environment of an application that talks to a model, and run it. It appears here by itself.
        </p>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Segmented<Way> legend="What the application uses" options={ways} value={way} onChange={setWay} />
      </div>
      <div className="relative rounded-md border border-line bg-raised">
        <pre
          className="overflow-x-auto px-3 py-2.5 pr-24 text-xs leading-5"
          tabIndex={0}
          role="region"
          aria-label="Environment of the application"
        >
          {text}
        </pre>
        <span className="absolute top-1 right-1">
          <CopyButton label="Copy the environment" text={() => text}>
            Copy
          </CopyButton>
        </span>
      </div>
      <p className="text-ink-2">{notes[way]}</p>
      <div className="flex flex-wrap items-center gap-3" aria-live="polite">
        {key === undefined ? (
          <>
            <Button kind="primary" icon="key" disabled={!mayMake || make.isPending} onClick={() => make.mutate(scope)}>
              Make a key for it
            </Button>
            <span className="text-xs text-ink-3">
              {mayMake ? (
                <>
                  It may do nothing but <code>{scope}</code>.
                </>
              ) : (
                'You may not make keys; an administrator may, here or with muster keys create.'
              )}
            </span>
          </>
        ) : (
          <p className="text-ink-2">The key stands above, this once: it is not shown again.</p>
        )}
      </div>
      <FormProblem problem={make.isError ? problemOf(make.error) : undefined} />
    </div>
  );
}
