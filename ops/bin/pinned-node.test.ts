import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findNode } from './pinned-node.mjs';

const MODULE = new URL('./pinned-node.mjs', import.meta.url).href;
const LAUNCHER = fileURLToPath(new URL('../setup/launch.mjs', import.meta.url));

/** A program that hands over to `code`; `how` removes execve to go the way of older Nodes. */
function handingOver(code: string, how: 'execve' | 'child'): string[] {
  const prepare = how === 'child' ? 'process.execve = undefined;' : '';
  const args = JSON.stringify(['--eval', code]);
  return [
    '--input-type=module',
    '--eval',
    `import { handOver } from '${MODULE}'; ${prepare} handOver(process.execPath, ${args});`,
  ];
}

describe.each(['execve', 'child'] as const)('handOver by %s', (how) => {
  it('when the program ends then its exit code and output are the result, without a warning', () => {
    const run = spawnSync(process.execPath, handingOver("console.log('out'); process.exit(7)", how), {
      encoding: 'utf8',
    });
    expect({ status: run.status, stdout: run.stdout, stderr: run.stderr }).toEqual({
      status: 7,
      stdout: 'out\n',
      stderr: '',
    });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'when %s arrives then the program gets it and may end in its own way',
    async (signal) => {
      const program = `process.on('${signal}', () => process.exit(42)); console.log('ready'); setInterval(() => {}, 1000)`;
      const child = spawn(process.execPath, handingOver(program, how), {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([42, null]);
    },
  );
});

describe('launch', () => {
  it('when the program is an installed tool then it runs under the pinned Node', () => {
    const run = spawnSync(process.execPath, [LAUNCHER, 'tsc', '--version'], { encoding: 'utf8' });
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/^Version 7\./);
  });

  it('when the program does not exist then the error names it', () => {
    const run = spawnSync(process.execPath, [LAUNCHER, 'examples/none.ts'], { encoding: 'utf8' });
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^millrace: examples\/none\.ts does not exist/);
  });

  it('when a Node is looked for then one is found that runs', () => {
    expect(spawnSync(findNode(), ['--version'], { encoding: 'utf8' }).stdout).toMatch(/^v2[4-9]\./);
  });
});
