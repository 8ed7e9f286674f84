// The frame of the pages of one account: where it is, its tabs, and what helps if its bank was not read.
import { Breadcrumb } from './connection.js';
import { NotRead } from './health.js';
import { t } from './i18n.js';
import { nameOf } from './names.js';
import { html } from './preact.js';
import { useResource } from './resource.js';
import { link } from './router.js';
import { Page } from './ui.js';

// The tabs by the last part of their paths, with the keys of their names.
const tabs = {
  completeness: 'account.completeness', statement: 'statement.title', closes: 'account.closes', 'bank-statements': 'bankStatement.list', bills: 'bill.tab',
};

// useAccount returns an account, or undefined until it is read.
export const useAccount = (id) => useResource('/accounts/' + id).value?.data;

// AccountPage shows a tab of an account. heading returns the title for the name of the account.
export function AccountPage({ id, account, tab, heading, children, ...rest }) {
  const found = useAccount(account);
  const shown = Object.keys(tabs).filter((name) => name !== 'bills' || found?.type === 'credit' || tab === name);
  return html`<${Page} title=${heading(found ? nameOf(found) : '…')} ...${rest}
      above=${html`<${Breadcrumb} id=${id}> › <a href=${link('/connections/' + id)}>${t('tab.accounts')}</a></${Breadcrumb}>`}>
    <nav class="tabs" aria-label=${t('account.tabs')}>${shown.map((name) => html`
      <a key=${name} href=${link(`/connections/${id}/accounts/${account}/${name}`)} aria-current=${name === tab ? 'page' : undefined}>${t(tabs[name])}</a>`)}</nav>
    <${NotRead} id=${id} />
    ${children}
  </${Page}>`;
}
