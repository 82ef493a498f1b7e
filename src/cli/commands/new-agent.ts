import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { MusterError, messageOf } from '../../base/errors.ts';
import { agentTemplate, classTemplate, testTemplate } from '../agent-templates.ts';
import { usage, type Invocation } from '../invocation.ts';

/** Writes an agent file and its test, which run as they are. */
export async function run({ output }: Invocation, options: { dir: string; class?: boolean }, name: string): Promise<void> {
  const type = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  if (!/^[a-z][a-z0-9_]{0,99}$/.test(type)) throw usage(`"${name}" is no name for an agent`, 'Begin with a letter, as in unpaid-invoices.');
  const base = type.replaceAll('_', '-');
  const agent = join(options.dir, `${base}.ts`);
  const itsTest = join(options.dir, `${base}.test.ts`);
  await mkdir(options.dir, { recursive: true }).catch((error: unknown) => {
    throw new MusterError('DATA_FOLDER_UNUSABLE', `the folder ${options.dir} cannot be made: ${messageOf(error)}`, {
      remedy: 'Name another with --dir.',
    });
  });
  await write(agent, (options.class === true ? classTemplate : agentTemplate)({ type, base }));
  await write(itsTest, testTemplate({ type, base }));
  const folder = relative(process.cwd(), options.dir) || '.';
  output.result({ agent_type: type, files: [agent, itsTest] }, () =>
    [
      `${agent}\n${itsTest}`,
      '',
      'Next:',
      `  muster agents test ${itsTest}`,
      `  muster up --agents ${folder} --watch`,
      `  muster agents activate slot_custom_agent --implementation ${folder === '.' ? `./${agent}` : agent}`,
    ].join('\n'),
  );
}

/** Never over what is there. */
async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new MusterError('DATA_FOLDER_UNUSABLE', `${file} cannot be written: ${messageOf(error)}`, {
        remedy: 'Name another folder with --dir.',
      });
    throw new MusterError('CONFLICT', `${file} is there already`, { remedy: 'Choose another name, or take the file away.' });
  }
}
