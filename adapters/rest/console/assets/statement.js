// The form that downloads a statement of an account.
import { download, query } from './api.js';
import { t } from './i18n.js';
import { html, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useAction } from './resource.js';
import { announce, Button, Failure, Field, Select } from './ui.js';

export const formats = ['camt053', 'ofx', 'csv', 'matcher'];

// save passes a document to the browser, which stores it as a file.
export function save({ name, content }) {
  const url = URL.createObjectURL(content);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000); // the browser may still be reading it
}

export function Statement({ accounts }) {
  const [chosen, setChosen] = useState({ account: accounts[0].id, format: formats[0], force: '' });
  const choose = (name) => (value) => setChosen({ ...chosen, [name]: value });
  const action = useAction(async ({ account, ...values }) => {
    const file = await download(`/accounts/${account}/statement` + query(values));
    save(file);
    announce(t('statement.done', { name: file.name }));
    return true;
  });
  const { errors, rest } = fieldProblems(action.problem, ['from', 'to']);
  const submit = (event) => {
    event.preventDefault();
    const { from, to } = Object.fromEntries(new FormData(event.target));
    action.run({ ...chosen, from, to });
  };
  const options = accounts.map((account) => [account.id, account.name || account.number || account.externalId]);
  return html`<section aria-labelledby="statement"><h2 id="statement">${t('statement.title')}</h2>
    <p>${t('statement.text')}</p>
    <${Failure} problem=${rest} />
    <form class="filters" onSubmit=${submit}>
      <${Select} label=${t('column.account')} name="account" value=${chosen.account} options=${options}
        onChange=${choose('account')} />
      <${Field} label=${t('filter.from')} name="from" type="date" error=${errors.from} />
      <${Field} label=${t('filter.to')} name="to" type="date" error=${errors.to} />
      <${Select} label=${t('statement.format')} name="format" value=${chosen.format}
        options=${formats.map((format) => [format, t('statement.' + format)])} onChange=${choose('format')} />
      <${Select} label=${t('statement.drifting')} name="force" value=${chosen.force} onChange=${choose('force')}
        options=${[['', t('statement.refuse')], ['true', t('statement.force')]]} />
      <${Button} type="submit" kind="primary" busy=${action.busy}>${t('statement.download')}</${Button}>
    </form>
  </section>`;
}
