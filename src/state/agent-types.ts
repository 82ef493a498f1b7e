import type { HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';

/** What is known of a type of agents without its code. */
export interface TypeCard {
  readonly agentType: string;
  readonly name: string;
  readonly description: string;
  readonly capabilities: Readonly<Record<string, string>>;
  /** For people, as in "every 30s". Null: it runs when it is told to. */
  readonly schedule: string | null;
  /** The schedule itself; null where there is none, or where it depends on the configuration. */
  readonly when: Readonly<Record<string, unknown>> | null;
  /** Beyond the built-in ones. */
  readonly commands: readonly string[];
  /** JSON Schema of its configuration; null: it takes none. */
  readonly configSchema: Readonly<Record<string, unknown>> | null;
}

/** The types of agents that hosts of the fleet run, or ran. */
export interface KnownTypes {
  /** A host says what it runs. */
  tell(host: HostId, cards: readonly TypeCard[]): Promise<void>;
  list(): Promise<readonly TypeCard[]>;
  /** Forgets types that no agent has and no host that is left has told of. */
  forget(): Promise<void>;
}

/** More types than a fleet has; what is beyond them is only not shown in full. */
const MOST_TYPES = 10_000;

export function createKnownTypes(database: Database): KnownTypes {
  return {
    async tell(host, cards) {
      if (cards.length === 0) return;
      await database.query(sql`insert into muster.agent_types as known (agent_type, card, host_id)
        select card ->> 'agentType', card, ${host}::uuid from unnest(${cards.map((card) => JSON.stringify(card))}::jsonb[]) as told (card)
        order by card ->> 'agentType'
        on conflict (agent_type) do update set card = excluded.card, host_id = excluded.host_id, told_at = excluded.told_at`);
    },

    async list() {
      const { rows } = await database.query<{ card: TypeCard }>(
        sql`select card from muster.agent_types order by told_at desc limit ${MOST_TYPES}`,
      );
      return rows.map(({ card }) => card);
    },

    async forget() {
      await database.query(sql`delete from muster.agent_types known
        where not exists (select from muster.agents a where a.agent_type = known.agent_type)
          and not exists (select from muster.hosts h where h.host_id = known.host_id)`);
    },
  };
}
