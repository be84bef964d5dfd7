import { ConfigurationError } from '../../src/base/errors.ts';
import { JOB_PARAMETERS } from '../../src/config/options.ts';

/**
 * Arguments of a job as job parameters: `--name value`, `--name=value`, or `--flag` alone for `true`.
 * As Flink's `ParameterTool`, so that `-1` is a value and not a name.
 * @returns `pipeline.global-job-parameters.<name>=<value>` for each
 * @throws ConfigurationError for a word that belongs to no name
 */
export function jobArguments(words: readonly string[]): string[] {
  const pairs: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (!isName(word))
      throw new ConfigurationError(`argument "${word}" of the job has no name: write --name ${word}`);
    const name = word.replace(/^-+/, '');
    const equals = name.indexOf('=');
    const next = words[i + 1];
    if (equals > 0) pairs.push(name);
    else if (next === undefined || isName(next)) pairs.push(`${name}=true`);
    else {
      pairs.push(`${name}=${next}`);
      i += 1;
    }
  }
  return pairs.map((pair) => `${JOB_PARAMETERS}.${pair}`);
}

function isName(word: string): boolean {
  return /^--?[^\d\s=.-]/.test(word);
}
