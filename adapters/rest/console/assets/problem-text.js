// The failures of the API in the language of the operator. The service describes a failure in English; a description that
// is not listed is shown as it comes.
import { has, t } from './i18n.js';

// The names of the messages by the description. Those of fields are the messages about one value of a request.
export const details = {
  'the name is already in use': 'nameTaken',
  'the balance of the account cannot be compared with its transactions': 'noAnchor',
  'the transactions cannot be decided about together: see the conditions of the operation': 'notJoinable',
  'no rows wait for a decision about the account': 'notAmbiguous',
  'the accounts have different currencies: none continues the other': 'currencyDiffers',
  'the transaction has replaced no other row': 'nothingToUndo',
  'the connection is paused: no request is sent to its vendor': 'paused',
  'the connection is erased already, so its vendor cannot be asked any more': 'alreadyErased',
  'the token serves more than one connection': 'tokenInUse',
  'a connection, a link session or an erasure at the vendor uses the application': 'applicationInUse',
  'the application has changed meanwhile: repeat the request': 'applicationChanged',
  'the vendor does not offer this': 'notOffered',
  'the transactions of the account do not explain its balance; force=drift ignores this': 'accountDrifting',
  'no balance of the account is known': 'noBalance',
  'the balance of the card is its used limit or open invoice, which is no balance of a statement': 'invoiceBalance',
  'the amount of a transaction in the currency of the account is not known': 'noAccountAmount',
  'an amount of the statement has more digits than the format allows': 'notRepresentable',
  'the tenant has the maximum number of subscriptions; delete one first': 'tooManySubscriptions',
  'the connection has the maximum number of live webhook tokens; revoke one first': 'tooManyTokens',
  'the tenant has the maximum number of open link sessions; wait until one of them ends': 'tooManyLinkSessions',
  'transactions have changed since the balance of the account was read, or were read later than it; force=changed writes the statement': 'accountChanged',
  'the bank was last read too early for the last day of the statement; force=not_covered ignores this': 'notCovered',
  'the period was closed by a version of the service that recorded no evidence; reopen it and close it again': 'noEvidence',
  'no removal of the account or of its transactions is held back': 'heldNone',
  'the day of the account is not closed': 'missing',
  'the first request with this idempotency key is still running': 'inFlight',
  'the request conflicts with the current state': 'conflict',
  'the request is not valid': 'invalid',
  'account not found': 'missing',
};

// The causes of failures that are not those of this service, by the description. Their texts are those of the pulls, too.
const causes = {
  'the vendor cannot be reached': 'vendor_unreachable',
  "the vendor's response cannot be read": 'malformed_response',
  'the vendor accepts no more requests at the moment': 'vendor_rate_limited',
  'the vendor allows no further refresh at the moment': 'refreshes_used_up',
  'the rate budget of the vendor is exhausted': 'budget_exhausted',
  'the stored credential cannot be decrypted': 'credential_unopened',
  'another request creates the webhook of the application': 'registration_in_flight',
  'the access manager cannot be reached': 'access_manager_unreachable',
};

const fields = {
  'is required': 'required',
  'must be a date, YYYY-MM-DD': 'date',
  'must be a date (YYYY-MM-DD)': 'date',
  'must be a day that has ended at CLOSE_OFFSET': 'dayNotEnded',
  'must not be before from': 'beforeFrom',
  'must not be in the future': 'future',
  'must be an absolute URL': 'url',
  'must be an absolute https URL with a valid host and port, without userinfo, query or fragment': 'https',
  'must have an origin that this deployment allows for the vendor': 'address',
  'is too long': 'tooLong',
  'must not be empty': 'required',
  'must be a decimal number of at most 19 digits': 'amount',
  'must have 1 to 500 characters': 'length500',
  'must be the sequence of a stored event, or the next one': 'sequence',
  'is not an account that waits for this decision': 'notWaiting',
  'must not resolve to an address that the egress rules forbid': 'address',
  'cannot be changed': 'unchangeable',
  'must be an amount, a tax number, a reference, a bank, or at least 3 characters of a name': 'typed',
};

// fieldText returns what is wrong with one value, as a sentence.
export function fieldText(message) {
  const name = fields[message];
  return name && has('invalid.' + name) ? t('invalid.' + name) : message;
}

// problemText returns why a request failed, as a sentence.
export const problemText = ({ detail }) => (details[detail] ? t('conflict.' + details[detail]) : detail);

// causeText returns the cause of a failure that is not that of this service, as a sentence; '' if the service names none.
export const causeText = ({ detail }) => (causes[detail] ? t('reason.' + causes[detail]) : '');

// report returns what the support of this service or of a vendor needs to know about a failed request. A request without
// an answer has no id.
export const report = ({ at, call, status, code, detail, fields, requestId }) => [
  at, call, `${status} ${code} ${detail}`.trim(), ...fields.map(({ location, message }) => `${location}: ${message}`),
  requestId && 'X-Request-Id: ' + requestId,
].filter(Boolean).join('\n');

// The sentences of the service about a statement file that is not compared, by the name of the message. The groups are the
// values a and b of the message.
const refusals = {
  other_account: /^the statement is that of (?:account|an account of bank) (.+), and not of (?:account|an account of bank) (.+)$/,
  other_currency: /^the statement is in (.+), and the account in (.+)$/,
  needs_account: /^the file has the accounts (.+); name one of them$/,
  needs_mapping: /^the (?:columns of the table are not known: (.+)|file has no row with the titles of the mapping)$/,
  bank_error: /^the bank answered with an error: (.+)$/,
  empty: /^the file is empty$/,
  too_large: /^the file (?:is larger|has more) than /,
  unknown_format: /^the file (?:is none of|has the format) /,
  not_text: /PDF|archive|spreadsheet|compressed|image|RTF|NUL|decoded/,
  not_a_statement: /no statement|statements (?:are|of investments)|web page|OFC/,
};

// refusalText returns why a statement file is not compared. If the file lacks an account or a mapping, the verdict says so:
// the text is then what the file has.
export function refusalText(reason) {
  const text = reason.replace(/^line \d+: /, '');
  const name = Object.keys(refusals).find((key) => refusals[key].test(text));
  if (!name) return t('refusal.malformed', { a: reason });
  const [, a = '', b] = refusals[name].exec(text);
  return name.startsWith('needs_') ? a : t('refusal.' + name, { a, b });
}

// fieldProblems tells apart what a form shows at its fields from the rest. names are the names of the fields. errors are
// the messages by name; rest is the problem without them, or null if nothing is left.
export function fieldProblems(problem, names) {
  const errors = {};
  if (problem?.status === 409 && details[problem.message] === 'nameTaken' && names.includes('configName')) {
    return { errors: { configName: problemText({ detail: problem.message }) }, rest: null };
  }
  if (problem?.status === 409 && details[problem.message] === 'nameTaken' && names.includes('name')) {
    return { errors: { name: t('application.nameTaken') }, rest: null };
  }
  const others = (problem?.fields || []).filter(({ location, message }) => {
    const name = location.replace(/^(body|query)\./, '').replace(/^sink\.((sasl|auth)\.)?/, '').replace(/\[.*/, '');
    if (!names.includes(name)) return true;
    errors[name] = fieldText(message);
    return false;
  });
  if (!problem || (problem.fields.length > 0 && others.length === 0)) return { errors, rest: null };
  const rest = Object.assign(Object.create(problem), { fields: others });
  return { errors, rest };
}

// withFieldProblems returns a hook of resource.js with the errors of the named filters. The rest of its problem is left
// for Loaded. If nothing is left, the list is an empty one.
export function withFieldProblems(loaded, names) {
  const { errors, rest } = fieldProblems(loaded.problem, names);
  return { ...loaded, ...(loaded.problem && !rest && { value: null, items: [] }), problem: rest, errors };
}
