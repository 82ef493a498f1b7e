// One worker process of a peer: `node worker.mjs <peer> <url> [enqueue <count>]`. Every job notes in public.peer_effects that it
// began, and then takes for ever, as an agent does. Each peer with the settings of its documentation that notice a death soonest.
import pg from 'pg';

const JOBS = 50;
const [peer, url, verb, count] = process.argv.slice(2);
const effects = new pg.Pool({ connectionString: url, max: 5 });

/** @param {string} job */
async function work(job) {
  await effects.query('insert into public.peer_effects (peer, job, pid) values ($1, $2, $3)', [peer, job, process.pid]);
  await new Promise(() => {});
}

/** Each gives the way to enqueue and the way to work. @type {Record<string, () => Promise<{ enqueue(names: string[]): Promise<unknown>, work(): Promise<unknown> }>>} */
const PEERS = {
  // No setting reaches the four hours after which a lock counts as left behind (dist/sql/resetLockedAt.js).
  async 'graphile-worker'() {
    const { makeWorkerUtils, run } = await import('graphile-worker');
    return {
      async enqueue(names) {
        const utils = await makeWorkerUtils({ connectionString: url });
        await utils.migrate();
        for (const name of names) await utils.addJob('agent', { name });
        await utils.release();
      },
      work: () =>
        run({
          connectionString: url,
          concurrency: JOBS,
          maxPoolSize: 10,
          pollInterval: 100,
          minResetLockedInterval: 1_000,
          maxResetLockedInterval: 1_000,
          noHandleSignals: true,
          taskList: { agent: (payload) => work(/** @type {{ name: string }} */ (payload).name) },
        }),
    };
  },
  // A job is taken for dead when it ran longer than expireInSeconds (1 at least), also on a worker that lives: looked at every second.
  async 'pg-boss'() {
    const { default: PgBoss } = await import('pg-boss');
    const boss = new PgBoss({ connectionString: url, max: 5, maintenanceIntervalSeconds: 1 });
    boss.on('error', (error) => void process.stderr.write(`${String(error)}\n`));
    await boss.start();
    const queue = { expireInSeconds: 1, retryLimit: 1_000, retryDelay: 0 };
    return {
      async enqueue(names) {
        await boss.createQueue('agent', { name: 'agent', policy: 'standard', ...queue });
        for (const name of names) await boss.send('agent', { name }, queue);
      },
      work: () =>
        boss.work('agent', { batchSize: JOBS, pollingIntervalSeconds: 0.5 }, (jobs) =>
          Promise.all(jobs.map((job) => work(/** @type {{ name: string }} */ (job.data).name))),
        ),
    };
  },
  // Its lease of 30 s is a constant (dist/worker/worker.js).
  async openworkflow() {
    const { OpenWorkflow } = await import('openworkflow');
    const { BackendPostgres } = await import('openworkflow/postgres');
    const backend = await BackendPostgres.connect(url);
    const ow = new OpenWorkflow({ backend });
    const agent = ow.defineWorkflow({ name: 'agent' }, ({ input }) => work(/** @type {{ name: string }} */ (input).name));
    return {
      async enqueue(names) {
        for (const name of names) await agent.run({ name });
      },
      work: () => ow.newWorker({ concurrency: JOBS }).start(),
    };
  },
};

const site = await PEERS[peer]();
if (verb === 'enqueue') {
  await site.enqueue(Array.from({ length: Number(count) }, (_, n) => `job ${n}`));
  process.exit(0);
}
await site.work();
process.stdout.write('working\n');
