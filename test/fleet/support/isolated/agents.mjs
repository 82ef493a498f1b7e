// Agents of a test that run in threads and processes of their own: plain JavaScript, as a user's file is.
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const agent = (type, run, more = {}) => ({
  type,
  name: type,
  description: 'An agent for a test.',
  schedule: { every: '100ms' },
  timeout: '500ms',
  run,
  ...more,
});

/** A schema that takes whatever there is. */
const any = { safeParse: (data) => ({ success: true, data }) };

/** Sits in a statement that no signal reaches. */
function forever() {
  for (;;);
}

export default [
  // Everything a context offers, used once a run.
  agent(
    'model',
    async (ctx) => {
      ctx.log.info({ run: ctx.runNumber }, 'a line');
      ctx.metric('model_runs', ctx.runNumber, { unit: 'count', labels: { where: 'apart' } });
      ctx.emit('model:ran', { run: ctx.runNumber, pid: process.pid });
      await ctx.state.set('model', { run: ctx.runNumber, epoch: ctx.epoch });
      const { value, revision } = await ctx.state.read('model');
      const won = await ctx.state.compareAndSet('model', { ...value, sure: true }, revision);
      const lost = await ctx.state.compareAndSet('model', {}, revision);
      const { rows } = await ctx.sql.read({ text: 'select $1::int + 1 as n', values: [ctx.config.number] });
      await ctx.sql.write({
        text: 'insert into public.effects (agent_id, epoch, note) values ($1, $2, $3)',
        values: [ctx.agentId, ctx.epoch, 'write'],
      });
      const told = await ctx.sql.transaction(async (tx) => {
        await tx.query({
          text: 'insert into public.effects (agent_id, epoch, note) values ($1, $2, $3)',
          values: [ctx.agentId, ctx.epoch, 'transaction'],
        });
        return 'committed';
      });
      const undone = await ctx.sql
        .transaction(async (tx) => {
          await tx.query({
            text: 'insert into public.effects (agent_id, epoch, note) values ($1, $2, $3)',
            values: [ctx.agentId, ctx.epoch, 'undone'],
          });
          throw new Error('changed my mind');
        })
        .catch((error) => error.message);
      const me = await ctx.fleet.agents.get(ctx.agentId);
      const broken = await ctx.sql.read({ text: 'select 1 / 0', values: [] }).catch((error) => error.code);
      return { n: rows[0].n, won: won > revision, lost: lost ?? null, told, undone, me: me.agentId, broken, at: me.createdAt };
    },
    {
      schedule: undefined,
      timeout: '10s',
      config: any,
      commands: {
        echo: async (ctx, payload) => ({ heard: payload, pid: process.pid }),
        fail: async () => {
          throw Object.assign(new Error('not today'), { code: 'CONFLICT', remedy: 'Try tomorrow.' });
        },
      },
      health: (ctx) => ({ score: ctx.runNumber > 0 ? 77 : 66, reasons: ['as the model says'] }),
    },
  ),
  agent('steady', async (ctx) => ctx.emit('steady:ran', { pid: process.pid })),
  agent('looping', forever),
  // Busy for longer than anybody waits for an answer, but within its time-out.
  agent(
    'brooding',
    async () => {
      const until = Date.now() + 9_000;
      while (Date.now() < until);
    },
    { timeout: '60s' },
  ),
  agent('looping_startup', async () => {}, { startup: forever }),
  agent('deaf', () => delay(3_600_000)),
  agent(
    'hungry',
    async () => {
      const kept = [];
      for (;;) kept.push(Array.from({ length: 10_000 }, (_, n) => `${n} ${Math.random()}`));
    },
    { timeout: '60s' },
  ),
  agent('exiting', async () => {
    process.stderr.write('the last words of the agent\n');
    process.exit(3);
  }),
  agent('aborting', async () => process.abort()),
  agent('throwing_later', async () => {
    setTimeout(() => {
      throw new Error('thrown by a timer');
    }, 1);
    await delay(300);
  }),
  agent('careless', async () => {
    void Promise.reject(new Error('nobody awaits this'));
    await delay(300);
  }),
  agent(
    'flooding',
    async (ctx) => {
      for (let n = 0; n < 1_000_000; n += 1) ctx.metric('flood', n);
      for (let n = 0; n < 5_000; n += 1) ctx.log.info(`line ${n}`);
      for (let n = 0; n < 5_000; n += 1) ctx.emit('flood:ran', { n });
      ctx.metric('flood', Number.NaN);
    },
    { schedule: { every: '10m' }, timeout: '30s' },
  ),
  // Dies in the middle of a transaction.
  agent(
    'half_way',
    async (ctx) => {
      await ctx.sql.transaction(async (tx) => {
        await tx.query({
          text: 'insert into public.effects (agent_id, epoch, note) values ($1, $2, $3)',
          values: [ctx.agentId, ctx.epoch, 'half'],
        });
        if (ctx.config.how === 'exit') process.exit(1);
        forever();
      });
    },
    { config: any },
  ),
  // Effects outside the database, by which a test sees that it lives: its file grows while it does.
  agent(
    'scribbling',
    async (ctx) => {
      const { file } = ctx.config;
      for (;;) {
        appendFileSync(file, `${ctx.epoch} ${process.pid} ${Date.now()}\n`);
        const until = Date.now() + 10;
        while (Date.now() < until);
      }
    },
    { timeout: '10m', config: any },
  ),
  // Writes as fast as it can, also after it was told to end.
  agent(
    'stubborn',
    async (ctx) => {
      for (;;) {
        await ctx.sql
          .write({
            text: 'insert into public.effects (agent_id, epoch, note) values ($1, $2, $3)',
            values: [ctx.agentId, ctx.epoch, 'stubborn'],
          })
          .catch(() => delay(10));
      }
    },
    { timeout: '10m' },
  ),
  // Writes down each event that sets it off; of one that says so it dies.
  agent(
    'listening',
    async (ctx) => {
      for (const { data } of ctx.events) {
        if (data.die === true) process.exit(1);
        await note(ctx, `${ctx.trigger} ${data.n}`);
      }
    },
    { schedule: { on: 'invoice:created' }, timeout: '20s' },
  ),
  agent('answering', async (ctx) => ctx.emit('pong:said', { to: ctx.events.length }), { schedule: { on: 'ping:said' } }),
  // Every second, and writes down which second it was and how many it missed.
  agent('ticking', async (ctx) => note(ctx, `${ctx.tick} ${ctx.missed}`), {
    config: any,
    schedule: ({ missed }) => ({ cron: '* * * * * *', missed }),
    timeout: '20s',
  }),
];

const note = (ctx, text) =>
  ctx.sql.write({
    text: 'insert into public.effects (agent_id, epoch, note) values ($1, $2, $3)',
    values: [ctx.agentId, ctx.epoch, text],
  });
