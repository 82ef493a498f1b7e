import type { Command, Option } from 'commander';
import { buildProgram } from '../../../src/cli/program.ts';
import { GENERATED, table } from './markdown.ts';

export function renderCommands(): string {
  const program = buildProgram();
  return `# Command line
${GENERATED}

\`\`\`
muster <command> [options]
\`\`\`

Results go to standard output; progress, warnings and errors to standard error. With \`--json\` standard output carries JSON and nothing
else: one document for a command that ends, one a line for a command that follows (\`up\`, \`launch\`, \`dashboard\`, \`events\`).
Errors and exit codes: [errors.md](errors.md). What can also be set in the environment or in files: [configuration.md](configuration.md).

## Options of every command
${optionTable(program)}

${leavesOf(program).map(section).join('\n\n')}
`;
}

function leavesOf(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((child) => (child.commands.length > 0 ? leavesOf(child) : [child]));
}

function section(command: Command): string {
  const help = command.createHelp();
  const path: string[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) path.unshift(each.name());
  const argumentText = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}${argument.variadic ? '...' : ''}>` : `[${argument.name()}${argument.variadic ? '...' : ''}]`,
  );
  const options = optionTable(command);
  return [
    `## ${path.join(' ')}`,
    `${capital(help.commandDescription(command))}.`,
    '',
    '```',
    [...path, ...argumentText, ...(options === '' ? [] : ['[options]'])].join(' '),
    '```',
    ...(options === '' ? [] : ['', options]),
  ].join('\n');
}

function optionTable(command: Command): string {
  const options = command.options.filter((option) => !option.hidden);
  if (options.length === 0) return '';
  return table(
    ['Option', 'What it does'],
    options.map((option) => [`\`${option.flags}\``, describe(option)]),
  );
}

function describe(option: Option): string {
  const facts = [
    ...(option.argChoices === undefined ? [] : [`one of ${option.argChoices.join(', ')}`]),
    ...(option.defaultValue === undefined || typeof option.defaultValue === 'boolean' || Array.isArray(option.defaultValue)
      ? []
      : [`default: ${String(option.defaultValue)}`]),
  ];
  return `${capital(option.description)}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
