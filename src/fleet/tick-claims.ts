import type { Clock } from '../base/clock.ts';
import { MusterError } from '../base/errors.ts';
import type { HostId } from '../base/ids.ts';
import type { TickAnswer, TickClaim, Ticks } from '../state/ticks.ts';

/** Ticks that come due in the same moment are claimed in one statement: it waits this long for more. */
const GATHER_MS = 4;
const MOST_AT_ONCE = 1_000;

export interface TickClaimsOptions {
  readonly ticks: Ticks;
  readonly hostId: HostId;
  readonly clock: Clock;
  readonly trusted: () => boolean;
}

interface Waiting {
  readonly claim: TickClaim;
  readonly resolve: (answer: TickAnswer | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Claims the ticks of all agents of a host, those of the same moment together: ten thousand agents of one cron expression cost ten statements. */
export class TickClaims {
  readonly #options: TickClaimsOptions;
  #waiting: Waiting[] = [];
  #gathering = false;

  constructor(options: TickClaimsOptions) {
    this.#options = options;
  }

  /** The database's answer; undefined where it does not know the agent. Throws LEASE_LOST where the host may not believe in its lease. */
  claim(claim: TickClaim): Promise<TickAnswer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ claim, resolve, reject });
      if (!this.#gathering) void this.#gather();
    });
  }

  async #gather(): Promise<void> {
    this.#gathering = true;
    await this.#options.clock.sleep(GATHER_MS);
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0, MOST_AT_ONCE));
    this.#gathering = false;
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const { hostId, ticks } = this.#options;
    try {
      this.#requireTrust();
      const answers = new Map(
        (
          await ticks.claim(
            hostId,
            batch.map(({ claim }) => claim),
          )
        ).map((answer) => [answer.agentId, answer]),
      );
      // A host that was frozen meanwhile begins nothing: whoever has the agent now does.
      this.#requireTrust();
      for (const { claim, resolve } of batch) resolve(answers.get(claim.agentId));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #requireTrust(): void {
    if (!this.#options.trusted()) throw new MusterError('LEASE_LOST', 'the lease of the host could not be confirmed in time');
  }
}
