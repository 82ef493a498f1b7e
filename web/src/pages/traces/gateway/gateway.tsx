import type { ReactNode } from 'react';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { PageHeader } from '../../../ui/primitives.tsx';
import { LimitsCard } from './limits.tsx';
import { ProvidersCard } from './providers.tsx';
import { SavingsPart } from './savings.tsx';

/** Where calls of models go, what was paid and saved on the way, and what keys may spend. */
export function GatewayPage(): ReactNode {
  const address = `OPENAI_BASE_URL=${location.origin}/openai/v1`;
  return (
    <>
      <PageHeader title="Gateway">
        <code className="min-w-0 text-xs text-ink-2 [overflow-wrap:anywhere]">{address}</code>
        <CopyButton label="Copy the address of the gateway" text={() => address} />
      </PageHeader>
      <SavingsPart />
      <ProvidersCard />
      <LimitsCard />
    </>
  );
}
