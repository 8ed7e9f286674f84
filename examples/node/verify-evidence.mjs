// Checks an evidence pack of a closed period without packages and without this service: an independent implementation
// of docs/audit.md. Exits 0 if the pack is right, and 1 with the file at fault otherwise.
//
//   node verify-evidence.mjs FILE KEY
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';

const ORDER = ['close.json', 'records.txt', 'versions.jsonl', 'statement.xml', 'audit.json', 'checkpoint.txt',
  'key.txt', 'manifest.json', 'manifest.sig'];

function check(condition, file, reason) {
  if (!condition) throw new Error(`${file}: ${reason}`);
}
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const hex = (bytes) => bytes.toString('hex');

// canonical returns the canonical JSON of a value (RFC 8785): numbers here are integers.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(',')}}`;
}

// parse parses canonical JSON with one line feed at its end.
function parse(file, bytes) {
  const value = JSON.parse(bytes.toString('utf8'));
  check(Buffer.from(`${canonical(value)}\n`).equals(bytes), file, 'is not canonical JSON');
  return value;
}

// le returns numbers of 2 or 4 bytes, the lowest byte first.
const le = (size, ...values) => Buffer.concat(values.map((value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.subarray(0, size);
}));

// headerOf returns what the two headers of a file have in common. 33 is 1980-01-01.
const headerOf = (name, content) => Buffer.concat([le(2, 20, 0, 0, 0, 33),
  le(4, crc32(content), content.length, content.length), le(2, name.length, 0)]);
const localHeader = (name, content) => Buffer.concat([Buffer.from('PK\x03\x04'), headerOf(name, content),
  Buffer.from(name)]);

// directory returns the canonical directory of an archive.
function directory(files) {
  let [list, offset] = [Buffer.alloc(0), 0];
  for (const [name, content] of files) {
    list = Buffer.concat([list, Buffer.from('PK\x01\x02'), le(2, 20), headerOf(name, content), Buffer.alloc(10),
      le(4, offset), Buffer.from(name)]);
    offset += localHeader(name, content).length + content.length;
  }
  return Buffer.concat([list, Buffer.from('PK\x05\x06'), le(2, 0, 0, files.size, files.size),
    le(4, list.length, offset), le(2, 0)]);
}

// unzip returns the files of a canonical archive by name.
function unzip(pack) {
  const files = new Map();
  let at = 0;
  for (const name of ORDER) {
    const header = 30 + name.length;
    check(at + header <= pack.length, name, 'the archive ends too early');
    if (name === 'statement.xml' && pack.subarray(at + 30, at + 40).toString() === 'audit.json') continue;
    const content = pack.subarray(at + header, at + header + pack.readUInt32LE(at + 18));
    check(localHeader(name, content).equals(pack.subarray(at, at + header)), name, 'its header or content is wrong');
    files.set(name, content);
    at += header + content.length;
  }
  check(directory(files).equals(pack.subarray(at)), 'the ZIP archive', 'its directory is not canonical');
  return files;
}

// parseKey parses a verifier key NAME+HASH+KEY with an Ed25519 key.
function parseKey(text) {
  const [name, hash, ...rest] = text.split('+');
  const key = Buffer.from(rest.join('+'), 'base64');
  const keyHash = sha256(`${name}\n`, key).subarray(0, 4);
  check(key.length === 33 && key[0] === 1 && text === `${name}+${hex(keyHash)}+${key.toString('base64')}`, 'KEY',
    'is not a verifier key');
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
  return { text, name, hash: keyHash, public: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

// open returns the text of a signed note with exactly one signature, that of the key.
function open(file, key, note) {
  const mark = Buffer.from(`\n\n— ${key.name} `);
  const at = note.indexOf(mark);
  check(at >= 0, file, 'is not signed by the key');
  const text = note.subarray(0, at + 1);
  const line = note.subarray(at + mark.length).toString('latin1');
  const signature = Buffer.from(line, 'base64');
  check(signature.length === 68 && line === `${signature.toString('base64')}\n` &&
    key.hash.equals(signature.subarray(0, 4)), file, 'does not have exactly one signature of the key');
  check(verifySignature(null, text, key.public, signature.subarray(4)), file, 'its signature is wrong');
  return text;
}

// rootOf returns the root to which a proof leads (RFC 9162, section 2.1.3.2); undefined if it does not fit.
function rootOf(leaf, sequence, size, hashes) {
  let [node, last, root] = [BigInt(sequence), BigInt(size) - 1n, leaf];
  for (const hash of hashes) {
    if (last === 0n) return undefined;
    if (node % 2n === 1n || node === last) {
      root = sha256(Buffer.of(1), hash, root);
      while (node % 2n === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else root = sha256(Buffer.of(1), root, hash);
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n ? root : undefined;
}

// units returns a decimal number in units of 10^-20.
function units(text) {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,20}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return (sign ? -1n : 1n) * BigInt(whole + fraction.padEnd(20, '0'));
}

const MONEY = '(-?\\d+(?:\\.\\d+)?)\\|([A-Z]{3})';
const RECORD = new RegExp(`^([0-9a-f-]{36})\\|(\\d{4}-\\d\\d-\\d\\d)\\|(pending|posted)\\|${MONEY}\\|(?:\\||${MONEY})$`);
const ENTRY = /<Ntry><Amt Ccy="[A-Z]{3}">([\d.]+)<\/Amt><CdtDbtInd>(CRDT|DBIT)<\/CdtDbtInd><Sts>/g;

function linesOf(file, content) {
  const lines = content.toString('utf8').split('\n');
  check(lines.pop() === '', file, 'does not end with a line feed');
  return lines;
}

function checkRecords(files, close) {
  const [ids, all, posted, left] = [[], { sum: 0n }, { sum: 0n, count: 0 }, []];
  for (const line of linesOf('records.txt', files.get('records.txt'))) {
    const [, id, date, status, amount, currency, accountAmount, accountCurrency] = RECORD.exec(line) ?? [];
    check(id > (ids.at(-1) ?? '') && date <= close.date, 'records.txt', 'a line is not a record of the period');
    ids.push(id);
    const value = (accountCurrency ?? currency) === close.currency ? units(accountAmount ?? amount) : undefined;
    const isLeft = close.format === 4 && value === undefined; // the sums leave the record out
    const inPeriod = status === 'posted' && close.firstDay !== undefined && date >= close.firstDay && !isLeft;
    const plus = (sum) => (value === undefined || sum === undefined ? undefined : sum + value);
    if (isLeft) left.push(id); else all.sum = plus(all.sum);
    if (inPeriod) Object.assign(posted, { count: posted.count + 1, sum: plus(posted.sum) });
  }
  check(hex(sha256(files.get('records.txt'))) === close.digest, 'records.txt', 'does not have the digest of the close');
  check(ids.length === close.count, 'records.txt', 'does not have as many records as the close');
  check(left.length === (close.withoutAmount ?? 0), 'close.json', 'withoutAmount is not that of the records');
  check(all.sum === (close.sum && units(close.sum)), 'close.json', 'sum is not that of the records');
  check(close.postedCount === undefined || (posted.count === close.postedCount &&
    posted.sum === units(close.postedSum)), 'close.json', 'postedCount and postedSum are not those of the records');
  const versions = linesOf('versions.jsonl', files.get('versions.jsonl'));
  check(versions.length === ids.length && versions.every((line, i) => {
    const version = parse('versions.jsonl', Buffer.from(`${line}\n`));
    return version.id === ids[i] && version.version >= 1;
  }), 'versions.jsonl', 'its records are not those of records.txt');
}

function checkStatement(xml, close, detail) {
  check(hex(sha256(xml)) === detail.statementSha256, 'statement.xml', 'does not have the hash in the audit entry');
  const entries = [...xml.toString('utf8').matchAll(ENTRY)];
  const sum = entries.reduce((total, [, amount, side]) => total + (side === 'CRDT' ? 1n : -1n) * units(amount), 0n);
  check(entries.length === close.postedCount && sum === units(close.postedSum), 'statement.xml',
    'its entries do not have the number and the sum of the close');
  check(units(close.closingBalance) - units(close.openingBalance) === sum, 'close.json', 'its balances are wrong');
}

// verify throws a Fault unless the pack is right.
export function verify(pack, keyText) {
  const key = parseKey(keyText);
  const files = unzip(pack);
  check(files.get('key.txt').equals(Buffer.from(`${key.text}\n`)), 'key.txt', 'is not the key that was given');
  const manifest = files.get('manifest.json');
  check(open('manifest.sig', key, files.get('manifest.sig')).equals(manifest), 'manifest.json', 'is not signed');
  const listed = parse('manifest.json', manifest).files;
  const others = [...files.keys()].filter((name) => !name.startsWith('manifest.'));
  for (const name of others) check(listed[name] === hex(sha256(files.get(name))), name, 'does not have its hash');
  check(Object.keys(listed).length === others.length, 'manifest.json', 'lists other files');
  const { entry, entry: { detail }, proof } = parse('audit.json', files.get('audit.json'));
  const close = parse('close.json', files.get('close.json'));
  const [origin, size, root, ...rest] = open('checkpoint.txt', key, files.get('checkpoint.txt')).toString().split('\n');
  check(origin === key.name && size === String(proof.size) && rest.join() === '', 'checkpoint.txt', 'is another tree');
  const leaf = sha256(Buffer.of(0), canonical(entry));
  const hashes = proof.hashes.map((hash) => Buffer.from(hash, 'base64'));
  check(entry.sequence >= 0 && entry.sequence < proof.size &&
    rootOf(leaf, entry.sequence, proof.size, hashes)?.toString('base64') === root, 'audit.json', 'is not proved');
  check(entry.action === 'account.close' && entry.object === `${close.accountId}/${close.date}` &&
    entry.at === close.closedAt && detail.date === close.date && detail.digest === close.digest &&
    detail.count === close.count, 'close.json', 'is not the close of the audit entry');
  checkRecords(files, close);
  const xml = files.get('statement.xml');
  check((xml === undefined) === (detail.statementSha256 === undefined) &&
    (xml === undefined) === ('statement' in close), 'close.json', 'does not say whether there is a statement');
  if (xml !== undefined) checkStatement(xml, close, detail);
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  process.on('uncaughtException', ({ message }) => { console.error(message); process.exit(1); });
  verify(readFileSync(process.argv[2]), process.argv[3]);
  console.log('the pack is right');
}
