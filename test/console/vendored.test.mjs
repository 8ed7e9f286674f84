// The console contains copies of npm packages. They must be the files of the versions that packages.json names.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const vendor = new URL('../../adapters/rest/console/assets/vendor/', import.meta.url);
const packages = JSON.parse(readFileSync(new URL('packages.json', vendor)));
const lock = JSON.parse(readFileSync(new URL('package-lock.json', import.meta.url)));

test('the versions and integrities are those that npm has verified', () => {
  for (const { name, version, integrity, license } of packages) {
    const locked = lock.packages['node_modules/' + name];
    assert.deepEqual({ name, version, integrity, license }, { name, version: locked.version, integrity: locked.integrity, license: locked.license });
  }
});

test('each file equals its source in the package, apart from the recorded replacement', () => {
  for (const { name, files } of packages) {
    for (const [file, { source, replace }] of Object.entries(files)) {
      let text = readFileSync(new URL(`node_modules/${name}/${source}`, import.meta.url), 'utf8');
      if (replace) {
        assert.equal(text.split(replace[0]).length, 2, `${file}: the replaced text occurs once`);
        text = text.replace(...replace);
      }
      assert.equal(readFileSync(new URL(file, vendor), 'utf8'), text, `${file} differs from ${name}/${source}`);
    }
  }
});

test('each file and each licence is recorded', () => {
  const recorded = packages.flatMap(({ files }) => Object.keys(files));
  assert.deepEqual(readdirSync(vendor).sort(), [...recorded, 'packages.json'].sort());
  for (const { name } of packages) assert.ok(recorded.includes(`LICENSE.${name}.txt`), name);
});
