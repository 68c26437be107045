import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { runInProcess } from '../../helpers/in-process.js';

/** Creates a repository with an invalid and a valid narrative in the folder where a workflow step runs. */
function createRepository() {
  const top = createTemporaryFolder(onTestFinished);
  const cwd = join(top, 'prompts');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'bad.toml'), buildNarrative(1, 'modle = "x"'));
  writeFileSync(join(cwd, 'good.toml'), buildNarrative(1));
  return { cwd, env: { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: top } };
}

const annotation = /^::error file=prompts\/bad\.toml,line=3,endLine=3,col=1,endColumn=6,title=unknown-key::.*model.*$/m;

test('check prints its report on standard output, and annotations for GitHub Actions on standard error', async () => {
  const { stdout, stderr, code } = await runBoticelli(['check', 'bad.toml', 'good.toml'], createRepository());
  expect(code).toBe(65);
  expect(stdout).toContain('bad.toml:3:1: error[unknown-key]');
  expect(stdout).not.toContain('::');
  expect(stderr).toMatch(annotation);
  expect(stderr.match(/^::/gm)).toHaveLength(1);
});

test('run prints annotations for its narrative and its settings', async () => {
  const workspace = createRepository();
  const narrative = await runInProcess(['run', 'bad.toml', '--rehearse'], workspace);
  expect(narrative).toMatchObject({ code: 65, stdout: '', stderr: expect.stringMatching(annotation) });
  writeFileSync(join(workspace.cwd, 'boticelli.toml'), '[budgte]\n');
  const settings = await runInProcess(['run', 'good.toml', '--rehearse'], workspace);
  expect(settings).toMatchObject({ code: 78, stdout: '' });
  expect(settings.stderr).toMatch(/^::error file=prompts\/boticelli\.toml,line=1,/m);
});

test('annotates an error in a nested narrative once, in its own file', async () => {
  const { cwd, env } = createRepository();
  for (const name of ['one', 'two']) {
    writeFileSync(join(cwd, `${name}.toml`), buildNarrative(1).replace('Question 1', 'narrative:bad'));
  }
  const ended = await runInProcess(['check', 'one.toml', 'two.toml'], { cwd, env });
  expect(ended.stderr).toMatch(annotation);
  expect(ended.stderr.match(/^::.*$/gm)).toHaveLength(1);
});

test('prints no annotations outside of GitHub Actions or with --format json', async () => {
  const { cwd, env } = createRepository();
  expect((await runInProcess(['check', 'bad.toml'], { cwd })).stderr).not.toContain('::');
  const { stdout, stderr } = await runInProcess(['check', 'bad.toml', '--format', 'json'], { cwd, env });
  expect(JSON.parse(stdout).files).toHaveLength(1);
  expect(stderr).not.toContain('::');
});

test('annotates a file in a folder of the repository whose name begins with two dots', async () => {
  const { cwd, env } = createRepository();
  mkdirSync(join(cwd, '..drafts'));
  writeFileSync(join(cwd, '..drafts/bad.toml'), buildNarrative(1, 'modle = "x"'));
  const envOfStep = { ...env, GITHUB_WORKSPACE: cwd };
  const { stderr } = await runInProcess(['check', '..drafts/bad.toml'], { cwd, env: envOfStep });
  expect(stderr).toContain('::error file=..drafts/bad.toml,line=3');
});

test('annotates a file outside of the repository with its absolute path, and standard input without a path', async () => {
  const { cwd, env } = createRepository();
  const envOfOtherWorkspace = { ...env, GITHUB_WORKSPACE: createTemporaryFolder(onTestFinished) };
  const outside = await runInProcess(['check', 'bad.toml'], { cwd, env: envOfOtherWorkspace });
  expect(outside.stderr).toContain(`::error file=${join(cwd, 'bad.toml')},line=3`);
  const piped = await runInProcess(['check', '-'], { cwd, env, input: 'a = ' });
  expect(piped.stderr).toMatch(/^::error title=syntax::/m);
});
