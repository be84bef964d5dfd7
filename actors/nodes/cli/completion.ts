import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

const EXAMPLES = `
Examples:
  source <(millrace completion bash)                                   for this shell
  millrace completion zsh > "\${fpath[1]}/_millrace"                    for all to come
  millrace completion fish > ~/.config/fish/completions/millrace.fish`;

/** `millrace completion <shell>`; knows the verbs that `program` has by then. */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print what makes a shell complete verbs and options')
    .addHelpText('after', EXAMPLES);
}
