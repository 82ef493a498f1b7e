import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import { usage, type Invocation } from '../invocation.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

/** tab's script for bash leans on the package bash-completion; where that is not installed, this does what it needs of it. */
const BASH_FALLBACK = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
  _get_comp_words_by_ref() {
    cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
  }
fi

`;

/** The script to source: `source <(muster completion bash)`. It asks `muster complete` for each word. */
export function script({ output, program }: Invocation, _options: unknown, shell: string): Promise<void> {
  if (!SHELLS.includes(shell)) {
    const meant = nearest(shell, SHELLS);
    throw usage(
      `There is no completion for "${shell}"`,
      meant === undefined ? `There is one for ${SHELLS.join(', ')}.` : `Did you mean ${meant}?`,
    );
  }
  // A script that is sourced twice may not declare anything readonly.
  const made = capture(() => completions(program).setup('muster', 'muster', shell)).replaceAll(/^readonly /gm, '');
  const written = shell === 'bash' ? BASH_FALLBACK + made : made;
  output.result({ shell, script: written }, () => written.trimEnd());
  return Promise.resolve();
}

/** What may follow the words typed so far. */
export function complete({ program }: Invocation, _options: unknown, words: readonly string[]): Promise<void> {
  completions(program).parse([...words]);
  return Promise.resolve();
}

/** Nothing else is done with the tree in this run, so tab may add to it. */
function completions(program: Command): ReturnType<typeof tab> {
  // tab brings these two itself.
  const commands = program.commands as Command[];
  for (const name of ['completion', 'complete'])
    commands.splice(
      commands.findIndex((command) => command.name() === name),
      1,
    );
  return tab(program, { completionCommandName: 'completion' });
}

/** tab prints its script instead of returning it. */
function capture(print: () => void): string {
  const before = console.log;
  let text = '';
  console.log = (line: string) => (text += `${line}\n`);
  try {
    print();
  } finally {
    console.log = before;
  }
  return text;
}
