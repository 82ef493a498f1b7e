import type { Database } from '../../../db/database.ts';
import { backlogOf, ForwardStore, type Backlog } from './forward-store.ts';

export interface ForwardStatus extends Backlog {
  readonly name: string;
  readonly enabled: boolean;
  readonly sent: number;
  readonly refused: number;
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly lastError: string | null;
}

/** How each forward stands: for metrics and health. */
export async function forwardStatus(database: Database): Promise<readonly ForwardStatus[]> {
  const forwards = await new ForwardStore(database).list();
  return Promise.all(
    forwards.map(async ({ name, enabled, sent, refused, failures, failingSince, lastError }) => ({
      name,
      enabled,
      sent,
      refused,
      failures,
      failingSince,
      lastError,
      ...(await backlogOf(database, name)),
    })),
  );
}

export { ForwardService } from './forward-service.ts';
export { addForwardRoutes } from './routes.ts';
