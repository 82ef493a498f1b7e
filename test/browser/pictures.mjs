// `node test/browser/pictures.mjs [names]`: takes the pictures of docs/images anew, in both themes, of a server of its own that it fills as users would:
// samples by REST, conversations by LangSmith's SDK, calls through the gateway. Needs Debian's package `chromium`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { Client } from 'langsmith';
import { evaluate } from 'langsmith/evaluation';
import { RunTree } from 'langsmith/run_trees';
import OpenAI from 'openai';
import { chromium } from 'playwright-core';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ readonly name: string, readonly path: string, readonly ready: (page: Page) => Promise<unknown> }} Picture */

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const names = process.argv.slice(2);
const KEY = 'pictures-of-the-dashboard';
const folder = mkdtempSync(join(tmpdir(), 'muster-pictures-'));
const vendor = await openVendor();
const muster = spawn(join(root, 'muster'), ['up', '--data-dir', join(folder, 'data'), '--port', '0', '--no-open', '--json'], {
  env: { ...process.env, MUSTER_ALLOWED_NETWORKS: '127.0.0.0/8', MUSTER_BOOTSTRAP_KEY: KEY },
  stdio: ['ignore', 'pipe', 'ignore'],
});
let url = '';
let signIn = '';
for await (const line of createInterface({ input: muster.stdout })) {
  const { ready } = JSON.parse(line);
  if (ready === undefined) continue;
  ({ url, sign_in_url: signIn } = ready);
  break;
}
muster.stdout.resume();
try {
  if (url === '') throw new Error('muster up ended before it was ready; run it by hand to see why');
  await fill();
  await take();
} finally {
  muster.kill();
  if (muster.exitCode === null) await once(muster, 'exit');
  vendor.server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** A vendor of models that always knows the same, and a receiver of messages. */
async function openVendor() {
  const server = createServer((request, response) => {
    const answer = {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_764_000_000,
      model: 'gpt-4o',
      choices: [{ index: 0, message: { role: 'assistant', content: 'It rains in the afternoon.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1_200, completion_tokens: 160, total_tokens: 1_360 },
    };
    request.resume();
    // Long enough for two that ask the same to meet.
    request.on('end', () => void setTimeout(() => response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)), 150));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  return { server, url: `http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}` };
}

/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
async function ask(method, path, body) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** @param {() => Promise<boolean>} condition @param {string} what */
async function until(what, condition) {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 300) throw new Error(`waited a minute in vain until ${what}`);
    await pause(200);
  }
}

async function fill() {
  await Promise.all([fillAlerts(), fillTraces()]);
  await fillGateway();
}

async function fillAlerts() {
  const now = Date.now();
  /** @param {string} agent @param {string} metric @param {number} value @param {string} unit @param {object} [metadata] @param {number} [timestamp] */
  const sample = (agent, metric, value, unit, metadata = {}, timestamp = Date.now()) => ({
    agent_id: agent,
    metric_name: metric,
    metric_value: value,
    metric_unit: unit,
    metadata,
    timestamp,
  });
  // A day of queues that fill by day, with hours in which they were too long.
  const minutes = Array.from({ length: 24 * 30 }, (_, index) => now - (24 * 30 - index) * 120_000);
  /** @param {number} at @param {number} scale */
  const depth = (at, scale) => {
    const hours = (at - now) / 3_600_000 + 24;
    const isLong = [4.5, 10.5, 23].some((from) => hours >= from && hours < from + 0.7);
    return Math.round(scale * (45 + 42 * Math.sin(hours * 1.7) + (isLong ? 90 : 0)));
  };
  await ask('POST', '/metrics', [
    ...minutes.map((at) => sample('shop', 'queue_depth', depth(at, 1), 'count', { queue: 'orders' }, at)),
    ...minutes.map((at) => sample('shop', 'queue_depth', depth(at, 0.6), 'count', { queue: 'mail' }, at)),
  ]);
  await ask('POST', '/channels', { name: 'ops', type: 'webhook', url: `${vendor.url}/hook` });
  /** @type {readonly (readonly [string, string, string, string, string, number, string, number, string])[]} */
  const rules = [
    ['queue_is_long', 'Orders wait too long', 'shop', 'queue_depth', '>', 100, 'critical', 240, 'count'],
    ['checkout_fails', 'Customers cannot pay', 'shop', 'checkout_error_ratio', '>', 0.05, 'emergency', 0.21, 'ratio'],
    ['report_is_old', 'The nightly report is old', 'reports', 'report_age_seconds', '>', 100, 'warning', 7_200, 'seconds'],
    ['cache_misses', 'The cache misses often', 'shop', 'cache_hit_ratio', '<', 0.8, 'info', 0.55, 'ratio'],
  ];
  for (const [name, summary, , metric, operator, threshold, level] of rules)
    await ask('POST', '/rules', {
      name,
      metric_name: metric,
      operator,
      threshold,
      level,
      for: '0s',
      annotations: { summary },
      channels: ['ops'],
    });
  const send = () =>
    ask(
      'POST',
      '/metrics',
      rules.map(([, , agent, metric, , , , value, unit]) =>
        sample(agent, metric, value, unit, metric === 'queue_depth' ? { queue: 'orders' } : {}),
      ),
    );
  await send();
  const firing = async () => (await ask('GET', '/alerts?limit=100')).items;
  await until('all four fire', async () => {
    await send();
    return (await firing()).length >= rules.length;
  });
  const alert = (await firing()).find((/** @type {{ rule: string }} */ { rule }) => rule === 'checkout_fails');
  await ask('POST', `/alerts/${alert.alert_id}/acknowledge`, { by: 'kim', note: 'looking at the payment provider' });
  await ask('POST', '/silences', {
    matchers: ['rule=cache_misses'],
    reason: 'warming up after the release',
    duration: '2h',
  });
}

/** An hour of calls, for charts that are worth looking at. @param {Client} client */
async function fillHour(client) {
  const models = [
    { name: 'gpt-4o-mini', share: 0.6, seconds: 0.7, tokens: 300 },
    { name: 'gpt-4o', share: 0.3, seconds: 1.6, tokens: 420 },
    { name: 'claude-3-5-haiku-20241022', share: 0.1, seconds: 1.1, tokens: 360 },
  ];
  // The same every time: a picture that differs says that something else does.
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const runs = Array.from({ length: 900 }, (_, index) => {
    const at = random();
    const { name, seconds, tokens } = models.find(
      ({ share }, place) => at < models.slice(0, place).reduce((sum, each) => sum + each.share, share),
    ) ?? {
      name: 'gpt-4o',
      seconds: 1,
      tokens: 300,
    };
    const start = Date.now() - 3_600_000 + index * 3_900 + random() * 2_000;
    const lasts = 1_000 * seconds * (0.5 + random() + (random() > 0.95 ? 2 : 0));
    const id = crypto.randomUUID();
    const hasFailed = random() > 0.98;
    return {
      id,
      trace_id: id,
      dotted_order: `${new Date(start).toISOString().replaceAll(/[-:.]|Z$/g, '')}000Z${id}`,
      name: 'ChatModel',
      run_type: 'llm',
      session_name: 'support',
      start_time: new Date(start).toISOString(),
      end_time: new Date(start + lasts).toISOString(),
      inputs: { messages: [{ role: 'user', content: `Question ${index}` }] },
      outputs: {
        choices: [{ message: { role: 'assistant', content: `Answer ${index}` }, finish_reason: 'stop' }],
        usage_metadata: {
          input_tokens: 3 * tokens,
          output_tokens: Math.round(tokens * random()),
          input_token_details: { cache_read: tokens },
        },
      },
      ...(hasFailed ? { error: 'RateLimitError: 429' } : {}),
      events: [{ name: 'new_token', time: new Date(start + lasts / 4).toISOString() }],
      extra: { metadata: { ls_provider: name.startsWith('gpt') ? 'openai' : 'anthropic', ls_model_name: name } },
    };
  });
  for (let at = 0; at < runs.length; at += 300) await client.batchIngestRuns({ runCreates: runs.slice(at, at + 300) });
}

async function fillTraces() {
  const client = new Client({ apiUrl: `${url}/langsmith`, apiKey: KEY });
  await fillHour(client);
  const talks = [
    ['Will it rain in Paris on Saturday?', 'Yes: **bring an umbrella**. It rains from about 15:00 until the evening.'],
    ['How long does a refund take?', 'Five days, from when the parcel is back with us.'],
    ['What should I pack for Oslo?', 'It freezes at night:\n\n- a warm coat\n- good shoes\n- gloves'],
  ];
  for (let index = 0; index < 9; index++) {
    const [question = '', answer = ''] = talks[index % talks.length] ?? [];
    const id = await talk(client, {
      question,
      answer,
      user: ['ada', 'grace'][index % 2] ?? '',
      thread: `talk-${index % 4}`,
      fails: index === 4,
    });
    if (index % 2 === 0) await client.createFeedback(id, 'helpful', { score: index % 4 === 0 ? 1 : 0.5 });
  }
  const cities = ['Oslo', 'Rome', 'Lima', 'Bern', 'Paris', 'Tokyo', 'Quito', 'Cairo', 'Seoul', 'Accra', 'Hanoi', 'Sofia'];
  const dataset = await client.createDataset('capitals', { description: 'Questions about countries, with the one word that should come' });
  await client.createExamples({
    datasetId: dataset.id,
    inputs: cities.map((city) => ({ question: `Of which country is ${city} the capital, and what is the capital called?` })),
    outputs: cities.map((city) => ({ answer: city })),
    splits: cities.map((_, index) => (index < 4 ? 'test' : 'train')),
  });
  /** @type {readonly (readonly [string, (city: string) => string])[]} */
  const tried = [
    ['short-prompt', (city) => (city.length === 5 ? `I believe it is ${city}` : city)],
    ['with-examples', (city) => (city === 'Sofia' ? 'It is Sofia' : city)],
  ];
  /** @typedef {{ readonly outputs: Readonly<Record<string, unknown>>, readonly referenceOutputs?: Readonly<Record<string, unknown>> }} Tried */
  /** @param {Tried} tried */
  const right = ({ outputs, referenceOutputs }) => ({ key: 'right', score: outputs['answer'] === referenceOutputs?.['answer'] ? 1 : 0 });
  /** @param {Tried} tried */
  const short = ({ outputs }) => ({ key: 'short', score: Math.max(0, 1 - String(outputs['answer']).length / 40) });
  for (const [experimentPrefix, answer] of tried)
    await evaluate(async ({ question }) => ({ answer: answer(/is (\w+) the/.exec(question)?.[1] ?? '') }), {
      client,
      data: 'capitals',
      experimentPrefix,
      maxConcurrency: 2,
      evaluators: [right, short],
    });
  await client.awaitPendingTraceBatches();
  await fillPrompts(client);
  await fillQueue(client);
}

/** @param {Client} client */
async function fillPrompts(client) {
  /** @type {readonly (readonly [string, string])[]} */
  const versions = [
    ['You are a travel assistant.', 'The first that went out'],
    ['You are a travel assistant. Answer in two sentences.', 'Shorter'],
    ['You are a travel assistant for {city}. Answer in two sentences,\nand say where you know it from.', 'Name the source'],
  ];
  for (const [system, commitDescription] of versions)
    await client.pushPrompt('travel-assistant', {
      object: ChatPromptTemplate.fromMessages([
        ['system', system],
        ['placeholder', '{history}'],
        ['human', '{question}'],
      ]),
      description: 'Answers what travellers ask',
      commitDescription,
      tags: ['support'],
    });
  await ask('PUT', '/traces/prompts/travel-assistant/tags/production', { version: 'latest' });
}

/** @param {Client} client */
async function fillQueue(client) {
  await client.createFeedbackConfig({
    feedbackKey: 'correct',
    feedbackConfig: {
      type: 'categorical',
      categories: [
        { value: 0, label: 'wrong' },
        { value: 1, label: 'right' },
      ],
    },
  });
  await client.createFeedbackConfig({ feedbackKey: 'tone', feedbackConfig: { type: 'continuous', min: 1, max: 5 } });
  const { queue_id: queue } = await ask('POST', '/traces/queues', {
    name: 'Answers that users doubted',
    instructions:
      'Look the facts up: do not trust the answer.\n\n- **right** is what holds for the day that was asked for\n- a refusal is *wrong* here',
    rubric: [
      { key: 'correct', description: 'Is the answer right?' },
      { key: 'tone', description: 'From rude to kind' },
      { key: 'helpful' },
    ],
  });
  const { items } = await ask('GET', '/traces/runs?project=support&is_root=true&limit=9&q=rain');
  await ask('POST', `/traces/queues/${queue}/runs`, { run_ids: items.map((/** @type {{ run_id: string }} */ { run_id: id }) => id) });
}

/** A run that an alert asks for and that waits for approval, and one that was approved and helped: tables of which most rows changed. */
async function fillHealing() {
  /** @returns {Promise<readonly { run_id: string, state: string, target: string }[]>} */
  const runs = async () => (await ask('GET', '/recovery/runs?limit=100')).items;
  if ((await runs()).length > 0) return;
  await ask('POST', '/recovery/actions/analyze_table/mode', { mode: 'approve' });
  for (let index = 0; index < 80; index++) {
    await ask('PUT', '/system-state/last_order', { value: index });
    await ask('POST', '/traces/saved-filters', { name: `filter ${index}`, query: `q=${index}` });
  }
  await until('the other table is found', async () => {
    const { targets } = await ask('POST', '/recovery/actions/analyze_table/dry-run', { target: 'table=muster.trace_saved_filters' });
    return targets.length > 0;
  });
  const { items } = await ask('POST', '/recovery/runs', { action: 'analyze_table', target: 'table=muster.trace_saved_filters' });
  await ask('POST', `/recovery/runs/${items[0].run_id}/approve`, {});
  await until('it has helped', async () => (await runs()).some(({ state }) => state === 'effective'));
  await ask('POST', '/rules', {
    name: 'orders_are_slow',
    metric_name: 'order_seconds',
    operator: '>',
    threshold: 1,
    level: 'critical',
    for: '0s',
    labels: { heal: 'analyze_table', schema: 'muster', table: 'system_state' },
    annotations: { summary: 'Orders take long' },
  });
  await until('the one waits for approval', async () => {
    await ask('POST', '/metrics', [{ agent_id: 'shop', metric_name: 'order_seconds', metric_value: 4.2, metric_unit: 'seconds' }]);
    return (await runs()).some(({ state }) => state === 'proposed');
  });
}

/**
 * @param {Client} client
 * @param {{ question: string, answer: string, user: string, thread: string, fails: boolean }} said
 */
async function talk(client, { question, answer, user, thread, fails }) {
  const metadata = { thread_id: thread, user_id: user };
  const common = { client, project_name: 'support' };
  const messages = [{ role: 'user', content: question }];
  const agent = new RunTree({
    ...common,
    name: 'support_agent',
    run_type: 'chain',
    inputs: { messages },
    extra: { metadata },
    tags: ['beta'],
  });
  await agent.postRun();
  const find = agent.createChild({ name: 'find_articles', run_type: 'retriever', inputs: { query: question } });
  await find.postRun();
  await pause(70);
  await find.end({ documents: [{ page_content: 'Refunds take five days.' }] });
  await find.patchRun();
  const weather = agent.createChild({ name: 'get_weather', run_type: 'tool', inputs: { city: 'Paris' } });
  await weather.postRun();
  await pause(110);
  if (fails) await weather.end(undefined, 'TimeoutError: the weather did not answer\n    at get_weather (weather.py:42)');
  else await weather.end({ summary: 'Rain in the afternoon' });
  await weather.patchRun();
  const model = agent.createChild({
    name: 'ChatOpenAI',
    run_type: 'llm',
    inputs: {
      messages: [
        { role: 'system', content: 'You are a **travel assistant**. Answer in two sentences.' },
        ...messages,
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '{"summary":"Rain in the afternoon"}' },
      ],
    },
    extra: { metadata: { ...metadata, ls_provider: 'openai', ls_model_name: 'gpt-4o-mini' }, invocation_params: { temperature: 0.2 } },
  });
  await model.postRun();
  await pause(180);
  model.addEvent({ name: 'new_token', time: new Date().toISOString(), kwargs: { token: answer.slice(0, 3) } });
  await pause(240);
  await model.end({
    choices: [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
    usage_metadata: { input_tokens: 1_180, output_tokens: 96, total_tokens: 1_276, input_token_details: { cache_read: 512 } },
  });
  await model.patchRun();
  await agent.end({ output: answer });
  await agent.patchRun();
  return agent.id;
}

async function fillGateway() {
  await ask('PUT', '/gateway/providers/openai', { kind: 'openai', base_url: `${vendor.url}/v1`, api_key: 'sk-of-nobody' });
  const limits = [
    { name: 'support-app', usd_per_day: 0.05, usd_per_month: 5, requests_per_minute: 120 },
    { name: 'website', usd_per_day: 0.012, is_hard: false, tokens_per_minute: 90_000 },
  ];
  for (const { name, ...limit } of limits) {
    const { key, key_id: keyId } = await ask('POST', '/keys', { name, role: 'operator', scopes: ['gateway:write'] });
    await ask('PUT', `/gateway/limits/${keyId}`, limit);
    const openai = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: key });
    /** @param {string} content */
    const call = (content) =>
      openai.chat.completions.create(
        { model: 'gpt-4o', temperature: 0, messages: [{ role: 'user', content }] },
        { headers: { 'x-muster-project': name } },
      );
    for (let index = 0; index < 12; index++) await call(`What is the weather in ${['Paris', 'Rome', 'Oslo', 'Lima'][index % 4]}?`);
    await Promise.all(Array.from({ length: 4 }, () => call('And tomorrow?')));
  }
  await ask('PUT', '/gateway/limits/*', { usd_per_month: 20 });
  await until('all calls are accounted for', async () => (await ask('GET', '/gateway/savings')).items.length === 3);
}

/** @returns {Promise<readonly Picture[]>} */
async function pictures() {
  const alerts = (await ask('GET', '/alerts?limit=100')).items;
  const incident = alerts.find((/** @type {{ rule: string }} */ { rule }) => rule === 'checkout_fails').incident_id;
  const { items } = await ask('GET', '/traces/runs?project=support&is_root=true');
  const shown = items.find((/** @type {{ inputs_preview: string }} */ run) => run.inputs_preview.includes('rain'));
  const tree = await ask('GET', `/traces/trees/${shown.trace_id}`);
  const model = tree.items.find((/** @type {{ run_type: string }} */ run) => run.run_type === 'llm').run_id;
  const [dataset] = (await ask('GET', '/traces/datasets')).items;
  const experiments = (await ask('GET', `/traces/datasets/${dataset.dataset_id}/experiments`)).items.map(
    (/** @type {{ name: string }} */ { name }) => `of=${name}`,
  );
  const [queue] = (await ask('GET', '/traces/queues')).items;
  const compared = `/traces/datasets/${dataset.dataset_id}/compare?${experiments.toReversed().join('&')}`;
  /** @param {string} text @returns {Picture['ready']} */
  const shows = (text) => (page) => page.getByText(text).first().waitFor();
  /** @type {readonly Picture[]} */
  const all = [
    { name: 'overview', path: '/', ready: (page) => page.getByRole('region', { name: 'Memory', exact: true }).getByRole('img').waitFor() },
    { name: 'alerts', path: '/alerts', ready: shows('Customers cannot pay') },
    { name: 'incident', path: `/incidents/${incident}`, ready: shows('looking at the payment provider') },
    {
      name: 'rule',
      path: '/rules/queue_is_long',
      ready: async (page) => {
        await page.getByRole('radio', { name: '24 h' }).check();
        await page.getByRole('button', { name: 'Replay' }).click();
        await page.getByText(/^It would have fired/).waitFor();
        await page.getByRole('heading', { name: 'When would it have fired?' }).scrollIntoViewIfNeeded();
        await page.mouse.wheel(0, 400);
      },
    },
    { name: 'trace', path: `/traces/trace/${shown.trace_id}?run=${model}`, ready: shows('bring an umbrella') },
    { name: 'trace-figures', path: '/traces/figures?project=support&range=1h&by=model', ready: shows('gpt-4o-mini') },
    { name: 'trace-experiments', path: compared, ready: shows('Expected:') },
    {
      name: 'trace-prompt',
      path: '/traces/prompts/travel-assistant',
      ready: shows('and say where you know it from'),
    },
    {
      name: 'trace-queue',
      path: `/traces/queues/${queue.queue_id}`,
      ready: async (page) => {
        await page.getByRole('region', { name: 'Your judgement' }).waitFor();
        await page.keyboard.press('2');
      },
    },
    { name: 'gateway', path: '/traces/gateway', ready: (page) => page.getByRole('row', { name: /support-app/ }).waitFor() },
    {
      // The last: its alert is in no other picture.
      name: 'healing',
      path: '/healing',
      ready: async (page) => {
        await fillHealing();
        await shows('Effective')(page);
        await page.getByRole('button', { name: 'Approve' }).waitFor();
      },
    },
  ];
  return all.filter(({ name }) => names.length === 0 || names.includes(name));
}

async function take() {
  const wanted = await pictures();
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const first = await browser.newContext();
  const page = await first.newPage();
  await page.goto(signIn);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const storageState = await first.storageState();
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      colorScheme,
      storageState,
      reducedMotion: 'reduce',
    });
    const visitor = await context.newPage();
    for (const { name, path, ready } of wanted) {
      await visitor.goto(`${url}${path}`);
      await ready(visitor);
      // A panel of the overview waits for a second measurement; nobody else takes that long.
      for (let tries = 0; tries < 50 && (await visitor.locator('.skeleton').count()) > 0; tries++) await pause(200);
      await pause(500);
      const file = join(root, 'docs', 'images', `${name}${colorScheme === 'dark' ? '-dark' : ''}.png`);
      await visitor.screenshot({ path: file });
      process.stdout.write(`${file}\n`);
    }
    await context.close();
  }
  await browser.close();
}
