import * as current from 'langsmith';
import * as oldest from 'langsmith-0.3';
import * as older from 'langsmith-0.6';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { sql } from '../../src/db/sql.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
let apiUrl: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  apiUrl = `${await server.listen()}/langsmith`;
});
afterAll(() => server[Symbol.asyncDispose]());

type Package = Pick<typeof current, 'Client' | 'RunTree'>;
const clientOf = ({ Client }: Pick<Package, 'Client'>, apiKey = BOOTSTRAP) =>
  new Client({ apiUrl, apiKey, callerOptions: { maxRetries: 0 } });

/** Runs of a project, the first of them sent first. */
async function kept(client: current.Client, { RunTree }: Pick<Package, 'RunTree'>, project: string, names: readonly string[]) {
  const runs = names.map((name) => new RunTree({ name, run_type: 'llm', inputs: { name }, project_name: project, client }));
  for (const run of runs) {
    await run.postRun();
    await run.end({ said: run.name });
    await run.patchRun();
  }
  await client.awaitPendingTraceBatches();
  return runs.map(({ id }) => id);
}

describe.each([
  ['current', current as unknown as Package],
  ['0.6', older as unknown as Package],
  ['0.3', oldest as unknown as Package],
])('annotation queues by the LangSmith client of JavaScript, %s', (version, pack) => {
  it('hold runs in the order they were added, until they are taken out', async () => {
    const client = clientOf(pack);
    const [first = '', second = ''] = await kept(client, pack, `queued-${version}`, ['first', 'second']);
    const { id } = await client.createAnnotationQueue({
      name: `to look at ${version}`,
      description: 'Doubtful',
      rubricInstructions: 'Be strict',
    });
    await client.addRunsToAnnotationQueue(id, [second]);
    await client.addRunsToAnnotationQueue(id, [first, second]);
    expect(await client.getSizeFromAnnotationQueue(id)).toEqual({ size: 2 });
    expect(await client.getRunFromAnnotationQueue(id, 0)).toMatchObject({
      id: second,
      name: 'second',
      inputs: { name: 'second' },
      outputs: { said: 'second' },
    });
    expect(await client.getRunFromAnnotationQueue(id, 1)).toMatchObject({ id: first, added_at: expect.any(String) });
    await expect(client.getRunFromAnnotationQueue(id, 2)).rejects.toThrow(/no run at 2/);
    await client.deleteRunFromAnnotationQueue(id, second);
    expect(await client.getRunFromAnnotationQueue(id, 0)).toMatchObject({ id: first });
    await client.updateAnnotationQueue(id, { name: `looked at ${version}`, description: 'Seen' });
    expect(await client.readAnnotationQueue(id)).toMatchObject({
      name: `looked at ${version}`,
      description: 'Seen',
      rubric_instructions: 'Be strict',
    });
    const listed = [];
    for await (const queue of client.listAnnotationQueues({ nameContains: version })) listed.push(queue.id);
    expect(listed).toEqual([id]);
    await client.deleteAnnotationQueue(id);
    await expect(client.readAnnotationQueue(id)).rejects.toThrow(/no annotation queue/);
  });
});

describe('annotation queues', () => {
  it('say with their rubric what its keys mean', async () => {
    const client = clientOf(current);
    await client.createFeedbackConfig({
      feedbackKey: 'tone',
      feedbackConfig: { type: 'categorical', categories: [{ value: 0, label: 'rude' }] },
    });
    await client.addFeedbackCategories('tone', [{ value: 1, label: 'kind' }]);
    const { id } = await client.createAnnotationQueue({
      name: 'rubric',
      rubricItems: [{ feedback_key: 'tone', is_required: true }, { feedback_key: 'other' }],
    });
    const { rubric_items: items } = await client.readAnnotationQueue(id);
    expect(items).toMatchObject([
      {
        feedback_key: 'tone',
        is_required: true,
        feedback_config: { feedback_config: { categories: [{ label: 'rude' }, { label: 'kind' }] } },
      },
      { feedback_key: 'other', feedback_config: null },
    ]);
  });

  it('know what was reviewed', async () => {
    const client = clientOf(current);
    const ids = await kept(client, current, 'reviewed', ['one', 'two']);
    const { id } = await client.createAnnotationQueue({ name: 'reviewed' });
    const { id: sessionId } = await client.readProject({ projectName: 'reviewed' });
    await client.addRunsToAnnotationQueue(
      id,
      ids.map((runId) => ({ runId, sessionId, startTime: new Date() })),
    );
    const { queue_run_id: item } = (await client.getRunFromAnnotationQueue(id, 0)) as unknown as { queue_run_id: string };
    await client.annotationQueues.createRunStatus(item, { status: 'completed' });
    const inState = async (status: 'completed' | 'needs_my_review') => {
      const names = [];
      for await (const { name } of client.listRunsFromAnnotationQueue(id, { status })) names.push(name);
      return names;
    };
    expect([await inState('completed'), await inState('needs_my_review')]).toEqual([['one'], ['two']]);
    expect([await client.annotationQueues.retrieveSize(id), await client.annotationQueues.retrieveTotalArchived(id)]).toEqual([
      { size: 1 },
      { size: 1 },
    ]);
  });

  it('lose a run that is gone, and hold none that is not there', async () => {
    const client = clientOf(current);
    const [gone = '', stays = ''] = await kept(client, current, 'going', ['gone', 'stays']);
    const { id } = await client.createAnnotationQueue({ name: 'going' });
    await client.addRunsToAnnotationQueue(id, [gone, stays]);
    await server.database.database.query(sql`delete from muster.trace_runs where run_id = ${gone}`);
    expect(await client.getSizeFromAnnotationQueue(id)).toEqual({ size: 1 });
    expect(await client.getRunFromAnnotationQueue(id, 0)).toMatchObject({ name: 'stays' });
    await expect(client.addRunsToAnnotationQueue(id, [gone])).rejects.toThrow(/no run/);
  });

  it('show a confined key the runs of its projects only, and are not its to make', async () => {
    const client = clientOf(current);
    const [mine = ''] = await kept(client, current, 'mine', ['mine']);
    const [theirs = ''] = await kept(client, current, 'theirs', ['theirs']);
    const { id } = await client.createAnnotationQueue({ name: 'mixed' });
    await client.addRunsToAnnotationQueue(id, [theirs, mine]);
    const { key } = (await server.ask('POST', '/keys', { body: { name: 'of mine', role: 'operator', projects: ['mine'] } })).json<{
      key: string;
    }>();
    const confined = clientOf(current, key);
    expect(await confined.getSizeFromAnnotationQueue(id)).toEqual({ size: 1 });
    expect(await confined.getRunFromAnnotationQueue(id, 0)).toMatchObject({ name: 'mine' });
    await expect(confined.addRunsToAnnotationQueue(id, [theirs])).rejects.toThrow(/no run/);
    await expect(confined.deleteRunFromAnnotationQueue(id, theirs)).rejects.toThrow(/no run/);
    await expect(confined.createAnnotationQueue({ name: 'own' })).rejects.toThrow(/confined to some projects/);
  });
});
