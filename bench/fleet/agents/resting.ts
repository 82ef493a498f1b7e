import { defineAgent } from '../../../src/agent/index.ts';

/** Runs once an hour: as an agent that waits for something. */
export default {
  name: 'resting',
  agentTypes: [
    defineAgent({
      type: 'resting',
      name: 'Resting',
      description: 'Has nothing to do.',
      schedule: { every: '1h' },
      run: () => Promise.resolve(),
    }),
  ],
};
